/** Stages that make a segmentation network: its plan, and its training in folds. */
import { rm } from "node:fs/promises";
import path from "node:path";
import type { Cohort, ExaminationRecord } from "../../domain/cohort.ts";
import { deriveKey, randomKey } from "../../domain/random.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Fingerprint } from "../../networks/fingerprint.ts";
import { describePlan, type Plan } from "../../networks/plan.ts";
import type { FileHashes } from "../file-hashes.ts";
import type { NetworkKind, StudyConfig } from "../schema.ts";
import { examinationCase, type SegmentationCase, TUMOUR_LABELS } from "../segmentation/cases.ts";
import { fingerprintCases } from "../segmentation/fingerprint.ts";
import { requireMemory } from "../segmentation/memory.ts";
import { optionsOf, planOfKind } from "../segmentation/networks.ts";
import { PreparedStore } from "../segmentation/prepared-store.ts";
import { recipeOf } from "../segmentation/recipe.ts";
import { trainModel } from "../segmentation/train-model.ts";
import { planForTraining } from "../segmentation/training-plan.ts";
import type { CurvePoint, Score, ScoreMeasure } from "../segmentation/training-record.ts";
import { type FinishedStage, type RunContext, runStage } from "../stage.ts";

export interface PlannedNetwork {
  readonly plan: Plan;
  readonly fingerprint: Fingerprint;
  /** Identifiers of the training cases that can be used. */
  readonly usable: readonly string[];
}

export interface TrainedFold {
  readonly curve: readonly CurvePoint[];
  /** Of its checkpoints. */
  readonly scores: readonly Score[];
  readonly measure: ScoreMeasure;
}

/** What the stages of one run share. */
export interface NetworkStages {
  readonly run: RunContext;
  readonly config: StudyConfig;
  readonly cohort: Cohort;
  readonly hashes: FileHashes;
  readonly engine: Engine;
}

/** Classes, and channels of the input. */
function dimensionsOf(channels: readonly unknown[]) {
  return { classes: TUMOUR_LABELS.length, inputChannels: channels.length };
}

/** Fingerprint of the training set's examinations with a reference mask, and the plan that follows. */
export async function planStage(stages: NetworkStages): Promise<FinishedStage<PlannedNetwork>> {
  const { run, config, hashes } = stages;
  const cases = referenceCases(stages);
  const { preset, planner, channels, spacingMm, patchSize, batchSize } = config.training;
  const sizes = { planner, patchSize, batchSize };
  return runStage(run, {
    name: "plan",
    inputs: {
      preset,
      channels,
      spacingMm,
      ...sizes,
      images: await hashes.ofAll(cases.flatMap(({ files }) => files)),
    },
    async make() {
      const { fingerprint, usable, issues } = await fingerprintCases(cases, run.progress, run.signal);
      const plan = planForTraining({ config: config.training, fingerprint, ...dimensionsOf(channels) });
      run.progress.note(describePlan(plan));
      return { value: { plan, fingerprint, usable: usable.map(({ id }) => id) }, outputs: [], issues };
    },
  });
}

/** Trains one network per fold, on the patients of the other folds. */
export async function trainStages(
  stages: NetworkStages,
  kind: NetworkKind,
  planned: FinishedStage<PlannedNetwork>,
  foldOf: ReadonlyMap<string, number>,
): Promise<FinishedStage<TrainedFold>[]> {
  const { run, config, hashes, engine } = stages;
  const { usable } = planned.value;
  const plan = planOfKind(kind, planned.value.plan);
  const { steps, channels, checkpointEvery, validation, weights } = config.training;
  const recipe = recipeOf(kind, config.training);
  const folds = Math.max(...foldOf.values()) + 1;
  const options = optionsOf(kind, config.training);
  const key = randomKey(run.seed);
  const cache = path.join(run.folder, ".cache");
  const store = new PreparedStore(plan, cache);
  const cases = referenceCases(stages).filter(({ id }) => usable.includes(id));
  const trained: FinishedStage<TrainedFold>[] = [];
  let memoryChecked = !config.training.memoryCheck;
  for (let fold = 0; fold < folds; fold++) {
    const members = cases.filter(({ patientId }) => foldOf.get(patientId) !== fold);
    const heldOut = cases.filter(({ patientId }) => foldOf.get(patientId) === fold);
    const folder = path.join("models", kind, `fold-${fold}`);
    const stage = await runStage(run, {
      name: `train/${kind}/fold-${fold}`,
      inputs: {
        plan,
        steps,
        channels,
        options,
        recipe,
        validation,
        weights,
        checkpointEvery,
        engine: [engine.name, engine.precision],
        images: await hashes.ofAll(members.flatMap(({ files }) => files)),
        heldOut: await hashes.ofAll(heldOut.flatMap(({ files }) => files)),
      },
      async make() {
        if (!memoryChecked) await checkMemory(stages, kind, plan, planned.value.fingerprint);
        memoryChecked = true;
        const { curve, scores, measure, issues } = await trainModel({
          folder: path.join(run.folder, folder),
          kind,
          plan,
          options,
          recipe,
          heldOut,
          validation,
          weights,
          cases: members,
          store,
          labels: TUMOUR_LABELS,
          channels: { source: "dce", names: channels },
          images: config.images,
          fold,
          steps,
          checkpointEvery,
          seed: run.seed,
          initialKey: deriveKey(key, "network", kind),
          batchKey: deriveKey(key, "batches", kind, fold),
          engine,
          progress: run.progress,
          ...(run.signal === undefined ? {} : { signal: run.signal }),
        });
        const outputs = ["model.json", "weights.safetensors", "training.json", "curve.csv", "curve.svg"].map(
          (name) => path.join(folder, name),
        );
        return { value: { curve, scores, measure }, outputs, issues };
      },
    });
    if (stage.cached) run.progress.note(`train ${kind} fold ${fold}: already there`);
    trained.push(stage);
  }
  await rm(cache, { recursive: true, force: true });
  return trained;
}

async function checkMemory(
  { config, engine }: NetworkStages,
  kind: NetworkKind,
  plan: Plan,
  fingerprint: Fingerprint,
): Promise<void> {
  const { training } = config;
  await requireMemory({
    kind,
    plan,
    options: optionsOf(kind, training),
    recipe: recipeOf(kind, training),
    engine,
    replan: (change) =>
      planForTraining({ kind, config: training, fingerprint, ...dimensionsOf(training.channels), change }),
  });
}

function referenceCases({ cohort, config }: NetworkStages): SegmentationCase[] {
  return cohort.patients
    .filter(({ set }) => set === "train")
    .flatMap(({ examinations }): readonly ExaminationRecord[] => examinations)
    .filter(({ segmentationFile }) => segmentationFile !== undefined)
    .map((record) => examinationCase(record, config.training.channels));
}
