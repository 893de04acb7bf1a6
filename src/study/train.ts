/** `residua train`: one network on one data set, for all cases, one fold or all folds. */
import path from "node:path";
import { DataError, UsageError } from "../domain/errors.ts";
import type { Issue } from "../domain/issues.ts";
import { deriveKey, randomKey } from "../domain/random.ts";
import type { Engine } from "../engine/engine.ts";
import { DEFAULT_DCE_CHANNELS } from "../imaging/dce-input.ts";
import { assignFolds } from "../models/cross-validation.ts";
import type { Fingerprint } from "../networks/fingerprint.ts";
import { describePlan, type Plan } from "../networks/plan.ts";
import { createEngine, type EngineRequest } from "./engines.ts";
import type { Progress } from "./progress.ts";
import { AS_ACQUIRED, type NetworkKind } from "./schema.ts";
import { openSegmentationData, type SegmentationCase, type SegmentationData } from "./segmentation/cases.ts";
import { crossValidate } from "./segmentation/cross-validate.ts";
import { fingerprintCases } from "./segmentation/fingerprint.ts";
import { requireMemory } from "./segmentation/memory.ts";
import { optionsOf } from "./segmentation/networks.ts";
import { PreparedStore } from "./segmentation/prepared-store.ts";
import { recipeOf } from "./segmentation/recipe.ts";
import { type TrainedModel, type TrainModelRequest, trainModel } from "./segmentation/train-model.ts";
import { trainingCases } from "./segmentation/training-cases.ts";
import { planForTraining } from "./segmentation/training-plan.ts";
import { type TrainingConfig, type TrainingInput, trainingSchema } from "./training-schema.ts";

export interface TrainRequest {
  readonly dataSet: string;
  readonly network: NetworkKind;
  readonly folder: string;
  /** Leaves out the cases of this fold, or trains all folds in turn, into `fold-0`, `fold-1`, …; without it all cases train. */
  readonly fold?: number | "all";
  /** The `training` part of a study file; what is absent has its default. */
  readonly training: TrainingInput;
  readonly engine?: EngineRequest;
  readonly seed: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

export interface TrainOutcome {
  readonly plan: Plan;
  readonly cases: number;
  /** One, or one per fold. */
  readonly trained: readonly TrainedModel[];
  readonly issues: readonly Issue[];
}

/** What the trainings of one data set share. */
interface Preparation {
  readonly request: TrainRequest;
  readonly config: TrainingConfig;
  readonly data: SegmentationData;
  readonly plan: Plan;
  readonly store: PreparedStore;
  readonly engine: Engine;
}

/**
 * Plans and trains a network; run again after an interruption, it goes on from the last checkpoint.
 *
 * @throws {UsageError} `fold-unknown` for a fold that there is not, `memory-insufficient`, `training-invalid` for options of no sense.
 * @throws {DataError} `training-empty`, `folds-too-many` where there are fewer patients than folds.
 */
export async function trainNetwork(request: TrainRequest): Promise<TrainOutcome> {
  const { fold, progress, signal } = request;
  const config = parseTraining(request.training);
  const data = await openSegmentationData(request.dataSet, DEFAULT_DCE_CHANNELS);
  const { value: candidates, issues: setIssues } = await trainingCases(request.dataSet, data);
  if (fold !== undefined) requireFolds(candidates, fold, config.folds);
  const { fingerprint, usable, issues } = await fingerprintCases(candidates, progress, signal);
  const plan = planOf(request, config, data, fingerprint);
  progress.note(describePlan(plan));
  const engine = createEngine(request.engine);
  if (config.memoryCheck) await checkMemory(request, config, data, fingerprint, plan, engine);
  const shared: Preparation = { request, config, data, plan, store: new PreparedStore(plan), engine };
  const before = [...data.issues, ...setIssues, ...issues];
  if (fold === undefined) {
    const trained = await trainModel(modelRequest(shared, usable, [], null));
    return { plan, cases: usable.length, trained: [trained], issues: [...before, ...trained.issues] };
  }
  const foldOf = assignCases(usable, config.folds, request.seed);
  const trainFold = (k: number) => {
    const training = usable.filter((_, i) => foldOf[i] !== k);
    const heldOut = usable.filter((_, i) => foldOf[i] === k);
    return trainModel(modelRequest(shared, training, heldOut, k));
  };
  if (fold !== "all") {
    const trained = await trainFold(fold);
    const cases = usable.filter((_, i) => foldOf[i] !== fold).length;
    return { plan, cases, trained: [trained], issues: [...before, ...trained.issues] };
  }
  const trained: TrainedModel[] = [];
  for (let k = 0; k < config.folds; k++) trained.push(await trainFold(k));
  const decided = await crossValidate({
    folder: request.folder,
    models: trained.map(({ model }) => model),
    cases: usable,
    foldOf,
    engine,
    progress,
    ...(signal === undefined ? {} : { signal }),
  });
  return {
    plan,
    cases: usable.length,
    trained,
    issues: [...before, ...trained.flatMap((each) => each.issues), ...decided],
  };
}

function parseTraining(training: TrainingInput): TrainingConfig {
  const parsed = trainingSchema.safeParse(training);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UsageError("training-invalid", { found: `${issue.path.join(".")}: ${issue.message}` });
}

function planOf(
  { network }: TrainRequest,
  config: TrainingConfig,
  data: SegmentationData,
  fingerprint: Fingerprint,
  change: Parameters<typeof planForTraining>[0]["change"] = {},
): Plan {
  const [classes, inputChannels] = [data.labels.length, data.channels.names.length];
  return planForTraining({ kind: network, config, fingerprint, classes, inputChannels, change });
}

async function checkMemory(
  request: TrainRequest,
  config: TrainingConfig,
  data: SegmentationData,
  fingerprint: Fingerprint,
  plan: Plan,
  engine: Engine,
): Promise<void> {
  const { network: kind } = request;
  await requireMemory({
    kind,
    plan,
    options: optionsOf(kind, config),
    recipe: recipeOf(kind, config),
    engine,
    replan: (change) => planOf(request, config, data, fingerprint, change),
  });
}

/** Refused before hours of training: a fold that there is not, and folds that would have no patient. */
function requireFolds(cases: readonly SegmentationCase[], fold: number | "all", folds: number): void {
  if (fold !== "all" && fold >= folds) {
    throw new UsageError("fold-unknown", { found: `fold ${fold}`, expected: `0 to ${folds - 1}` });
  }
  const patients = new Set(cases.map(({ patientId }) => patientId)).size;
  if (patients < folds) {
    throw new DataError("folds-too-many", {
      found: `${folds} folds of ${patients} ${patients === 1 ? "patient" : "patients"}`,
      expected: "at least one patient per fold",
      remedy: patients < 2 ? "Train on all cases, without --fold." : `Take --folds ${patients} or fewer.`,
    });
  }
}

function assignCases(cases: readonly SegmentationCase[], folds: number, seed: number): Int32Array {
  const groups = cases.map(({ patientId }) => patientId);
  const strata = new Int32Array(cases.length);
  const { value } = assignFolds({ groups, strata, folds }, deriveKey(randomKey(seed), "folds"));
  return Int32Array.from(value);
}

function modelRequest(
  { request, config, data, plan, store, engine }: Preparation,
  cases: readonly SegmentationCase[],
  heldOut: readonly SegmentationCase[],
  fold: number | null,
): TrainModelRequest {
  const { network: kind, seed, folder, progress, signal } = request;
  const key = randomKey(seed);
  return {
    folder: request.fold === "all" ? path.join(folder, `fold-${fold}`) : folder,
    kind,
    plan,
    recipe: recipeOf(kind, config),
    options: optionsOf(kind, config),
    cases,
    heldOut,
    validation: config.validation,
    weights: config.weights,
    store,
    labels: data.labels,
    channels: data.channels,
    ...(data.channels.source === "dce" ? { images: AS_ACQUIRED } : {}),
    fold,
    steps: config.steps,
    checkpointEvery: config.checkpointEvery,
    seed,
    initialKey: deriveKey(key, "network", kind),
    batchKey: deriveKey(key, "batches", kind, fold ?? "all"),
    engine,
    progress,
    ...(signal === undefined ? {} : { signal }),
  };
}
