/** `residua plan`: fingerprint and network plan of a data set, a study or a fingerprint file. */
import { existsSync } from "node:fs";
import path from "node:path";
import { DataError } from "../domain/errors.ts";
import type { Issue } from "../domain/issues.ts";
import { DEFAULT_DCE_CHANNELS } from "../imaging/dce-input.ts";
import { readText } from "../io/files.ts";
import type { Fingerprint } from "../networks/fingerprint.ts";
import { parseFingerprint } from "../networks/fingerprint-json.ts";
import { type Plan, planNetwork } from "../networks/plan.ts";
import type { PlannerName } from "../networks/presets.ts";
import { readStudyCohort } from "./cohort.ts";
import type { Progress } from "./progress.ts";
import {
  examinationCase,
  openSegmentationData,
  type SegmentationCase,
  TUMOUR_LABELS,
} from "./segmentation/cases.ts";
import { fingerprintCases } from "./segmentation/fingerprint.ts";
import { trainingCases } from "./segmentation/training-cases.ts";
import { readStudyFile } from "./study-file.ts";

export interface PlanRequest {
  /** A data set, a cohort or a study file; not needed where there is a fingerprint. */
  readonly source?: string;
  /** A fingerprint of Residua's or nnU-Net's. */
  readonly fingerprint?: string;
  /** Classes with the background, where only a fingerprint is given; by default those of the `dataset.json` beside it, else 2. */
  readonly classes?: number;
  readonly preset?: PlannerName;
  readonly progress: Progress;
}

export interface PlanOutcome {
  readonly plan: Plan;
  readonly fingerprint: Fingerprint;
  readonly issues: readonly Issue[];
}

/** @throws {DataError} `fingerprint-invalid`, `plan-source` where there is neither source nor fingerprint. */
export async function planFor(request: PlanRequest): Promise<PlanOutcome> {
  const { source, fingerprint: file, preset = "nnunet", progress } = request;
  if (file !== undefined) {
    const fingerprint = parseFingerprint(parseJson(await readText(file), file), file);
    const classes = request.classes ?? (await classesBeside(file)) ?? 2;
    return { fingerprint, plan: planNetwork(fingerprint, { preset, classes }), issues: [] };
  }
  if (source === undefined) {
    throw new DataError("plan-source", {
      found: "no data set",
      expected: "a data set, a study file or --fingerprint",
    });
  }
  const { cases, labels, channels, issues } = await sourceOf(source);
  const read = await fingerprintCases(cases, progress);
  const plan = planNetwork(read.fingerprint, { preset, classes: labels, inputChannels: channels });
  return { plan, fingerprint: read.fingerprint, issues: [...issues, ...read.issues] };
}

/** The number of labels in nnU-Net's `dataset.json` in the folder of a fingerprint. */
async function classesBeside(fingerprint: string): Promise<number | undefined> {
  const file = path.join(path.dirname(fingerprint), "dataset.json");
  if (!existsSync(file)) return undefined;
  const { labels } = (parseJson(await readText(file), file) ?? {}) as { labels?: unknown };
  if (typeof labels === "object" && labels !== null) return Object.keys(labels).length;
  throw new DataError("dataset-invalid", { file, found: "no labels", expected: "nnU-Net's dataset.json" });
}

interface PlanSource {
  readonly cases: readonly SegmentationCase[];
  readonly labels: number;
  readonly channels: number;
  readonly issues: readonly Issue[];
}

async function sourceOf(source: string): Promise<PlanSource> {
  if (/\.ya?ml$/i.test(source)) {
    const study = await readStudyFile(source);
    const { value: cohort, issues } = await readStudyCohort(study);
    const { channels } = study.config.training;
    const cases = cohort.patients
      .filter(({ set }) => set === "train")
      .flatMap(({ examinations }) => examinations)
      .filter(({ segmentationFile }) => segmentationFile !== undefined)
      .map((record) => examinationCase(record, channels));
    return { cases, labels: TUMOUR_LABELS.length, channels: channels.length, issues };
  }
  const data = await openSegmentationData(source, DEFAULT_DCE_CHANNELS);
  const { value: cases, issues } = await trainingCases(source, data);
  return {
    cases,
    labels: data.labels.length,
    channels: data.channels.names.length,
    issues: [...data.issues, ...issues],
  };
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DataError(
      "fingerprint-invalid",
      { file, found: "no valid JSON", expected: "a fingerprint" },
      { cause: error },
    );
  }
}
