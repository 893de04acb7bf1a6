/** The record of when models met the external test set, so that choosing by it cannot stay unseen. */
import { existsSync } from "node:fs";
import path from "node:path";
import type { Cohort } from "../domain/cohort.ts";
import { DataError } from "../domain/errors.ts";
import type { Issue } from "../domain/issues.ts";
import { readText, writeAtomically } from "../io/files.ts";
import type { StudyConfig } from "./schema.ts";
import { type FinishedStage, hashJson } from "./stage.ts";

/** One meeting of fixed models with the test set. */
export interface TestReading {
  /** ISO 8601. */
  readonly at: string;
  /** Identifies the fixed models and their predictions. */
  readonly models: string;
  /** Hashes of the parts of the study file, by their key, that say what is predicted and measured. */
  readonly settings: Readonly<Record<string, string>>;
  /** The keys whose part differs from the reading before; none in the first. */
  readonly changed: readonly string[];
}

const FILE = "test-readings.json";

/**
 * Notes, before any figure of the test set is made, that these models are about to meet it. The same models with the
 * same settings are noted once, however often the study is run again in its folder.
 *
 * @returns all readings in this results folder, the first one first; none without a test set.
 */
export async function recordTestReading(
  folder: string,
  cohort: Cohort,
  config: StudyConfig,
  outcome: Pick<FinishedStage<unknown>, "hash">,
): Promise<readonly TestReading[]> {
  if (!cohort.patients.some(({ set }) => set === "test")) return [];
  const file = path.join(folder, FILE);
  const former = existsSync(file) ? await readReadings(file) : [];
  const settings = settingsOf(config);
  const same = ({ models, settings: known }: TestReading) =>
    models === outcome.hash && changedKeys(known, settings).length === 0;
  if (former.some(same)) return former;
  const last = former.at(-1);
  const reading: TestReading = {
    at: new Date().toISOString(),
    models: outcome.hash,
    settings,
    changed: last === undefined ? [] : changedKeys(last.settings, settings),
  };
  const readings = [...former, reading];
  await writeAtomically(file, `${JSON.stringify(readings, null, 1)}\n`);
  return readings;
}

/** What the reader of the report must know: the test set was not read once only. */
export function readAgain(readings: readonly TestReading[]): Issue[] {
  if (readings.length < 2) return [];
  const changed = [...new Set(readings.flatMap((reading) => reading.changed))];
  const what = changed.length === 0 ? "other data or another seed" : `other ${changed.join(", ")}`;
  return [
    {
      code: "test-set-read-again",
      severity: "warning",
      message: `The external test set was read ${readings.length} times in this results folder, with ${what}. Figures that were chosen by the test set are optimistic; only those of the first reading, ${readings[0].at.slice(0, 10)}, are free of that.`,
    },
  ];
}

/** Parts of the study file that change neither predictions nor figures. */
const WITHOUT_EFFECT: readonly string[] = ["name", "simulated"];

function settingsOf(config: StudyConfig): Record<string, string> {
  const { threads: _, ...forest } = config.forest;
  return Object.fromEntries(
    Object.entries({ ...config, forest })
      .filter(([key]) => !WITHOUT_EFFECT.includes(key))
      .map(([key, part]) => [key, hashJson(part).slice(0, 16)]),
  );
}

function changedKeys(before: TestReading["settings"], after: TestReading["settings"]): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => before[key] !== after[key],
  );
}

/** @throws {DataError} `test-readings-damaged`: a record that cannot be read must not pass for no reading. */
async function readReadings(file: string): Promise<readonly TestReading[]> {
  const text = await readText(file);
  try {
    const readings: unknown = JSON.parse(text);
    if (Array.isArray(readings)) return readings as TestReading[];
  } catch {
    // Told below.
  }
  throw new DataError("test-readings-damaged", {
    file,
    found: "no list of readings of the test set",
    expected: "the record that a run left",
    remedy: "Restore it, or run into another results folder.",
  });
}
