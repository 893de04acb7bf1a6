/** `residua train`: one network on one data set. */

import { UsageError } from "../domain/errors.ts";
import type { Issue } from "../domain/issues.ts";
import { deriveKey, randomKey } from "../domain/random.ts";
import { DEFAULT_DCE_CHANNELS } from "../imaging/dce-input.ts";
import { assignFolds } from "../models/cross-validation.ts";
import { describePlan, type Plan, planNetwork } from "../networks/plan.ts";
import type { PresetName } from "../networks/presets.ts";
import { createEngine } from "./engines.ts";
import type { Progress } from "./progress.ts";
import type { NetworkKind } from "./schema.ts";
import { openSegmentationData, type SegmentationCase } from "./segmentation/cases.ts";
import { fingerprintCases } from "./segmentation/fingerprint.ts";
import { planOfKind } from "./segmentation/networks.ts";
import { PreparedStore } from "./segmentation/prepared-store.ts";
import { type TrainedModel, trainModel } from "./segmentation/train-model.ts";
import { trainingCases } from "./segmentation/training-cases.ts";

export interface TrainRequest {
  readonly dataSet: string;
  readonly network: NetworkKind;
  readonly folder: string;
  /** Leaves out the cases of this fold; without it all cases train. */
  readonly fold?: number;
  readonly folds: number;
  readonly steps: number;
  readonly preset: PresetName;
  readonly seed: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

export interface TrainOutcome extends TrainedModel {
  readonly plan: Plan;
  readonly cases: number;
  readonly issues: readonly Issue[];
}

/**
 * Plans and trains a network; run again after an interruption, it goes on from the last checkpoint.
 *
 * @throws {UsageError} `fold-unknown` for a fold that there is not.
 */
export async function trainNetwork(request: TrainRequest): Promise<TrainOutcome> {
  const { network, folder, folds, fold, steps, preset, seed, progress, signal } = request;
  const data = await openSegmentationData(request.dataSet, DEFAULT_DCE_CHANNELS);
  const { value: candidates, issues: setIssues } = await trainingCases(request.dataSet, data);
  const { fingerprint, usable, issues } = await fingerprintCases(candidates, progress, signal);
  const plan = planOfKind(
    network,
    planNetwork(fingerprint, {
      preset,
      classes: data.labels.length,
      inputChannels: data.channels.names.length,
    }),
  );
  progress.note(describePlan(plan));
  const key = randomKey(seed);
  const cases = fold === undefined ? usable : leaveOutFold(usable, fold, folds, seed);
  const trained = await trainModel({
    folder,
    kind: network,
    plan,
    cases,
    store: new PreparedStore(plan),
    labels: data.labels,
    channels: data.channels,
    fold: fold ?? null,
    steps,
    checkpointEvery: 100,
    seed,
    initialKey: deriveKey(key, "network", network),
    batchKey: deriveKey(key, "batches", network, fold ?? "all"),
    engine: createEngine(),
    progress,
    ...(signal === undefined ? {} : { signal }),
  });
  return { ...trained, plan, cases: cases.length, issues: [...data.issues, ...setIssues, ...issues] };
}

function leaveOutFold(
  cases: readonly SegmentationCase[],
  fold: number,
  folds: number,
  seed: number,
): SegmentationCase[] {
  if (fold >= folds) {
    throw new UsageError("fold-unknown", { found: `fold ${fold}`, expected: `0 to ${folds - 1}` });
  }
  const groups = cases.map(({ patientId }) => patientId);
  const { value } = assignFolds(
    { groups, strata: new Int32Array(cases.length), folds },
    deriveKey(randomKey(seed), "folds"),
  );
  return cases.filter((_, i) => value[i] !== fold);
}
