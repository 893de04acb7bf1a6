/** `residua demo`: a simulated cohort, the full study on it, its report. */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { readText, writeAtomically } from "../io/files.ts";
import { type PhantomRequest, writePhantom } from "./phantom.ts";
import type { Progress } from "./progress.ts";
import { type RunOutcome, runStudy } from "./run.ts";
import { hashJson } from "./stage.ts";
import { VERSIONS } from "./versions.ts";

/** Sized for 15 minutes on 2 cores with the native engine; it takes longer with ONNX Runtime. */
export const DEMO: Pick<PhantomRequest, "train" | "test" | "size" | "seed"> = {
  train: 36,
  test: 41,
  size: "small",
  seed: 20,
};

export interface DemoRequest {
  readonly folder: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/** Makes `cohort/` and `results/` in a folder; run again, it goes on where it stopped. */
export async function runDemo({ folder, progress, signal }: DemoRequest): Promise<RunOutcome> {
  const cohort = path.join(folder, "cohort");
  const stop = signal === undefined ? {} : { signal };
  const marker = path.join(cohort, ".demo");
  const recipe = hashJson([DEMO, VERSIONS.residua]);
  if (existsSync(marker) && (await readText(marker)).trim() === recipe) {
    progress.note("the simulated cohort is already there");
  } else {
    // A cohort of another version's demo; a folder without the marker is not ours to remove.
    if (existsSync(marker)) await rm(cohort, { recursive: true });
    await writePhantom({
      folder: cohort,
      ...DEMO,
      name: "Residua demo",
      progress,
      ...stop,
    });
    await writeAtomically(marker, `${recipe}\n`);
  }
  return runStudy({
    studyFile: path.join(cohort, "study.yaml"),
    folder: path.join(folder, "results"),
    progress,
    ...stop,
  });
}
