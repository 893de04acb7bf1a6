/** Trains one segmentation network and leaves it in a folder; goes on from the last checkpoint if there is one. */
import path from "node:path";
import { DataError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import type { RandomKey } from "../../domain/random.ts";
import type { Engine, StateMap } from "../../engine/engine.ts";
import { initialState } from "../../engine/state.ts";
import { startOfTraining, type TrainingCheckpoint, train } from "../../engine/trainer.ts";
import { writeAtomically } from "../../io/files.ts";
import type { Plan } from "../../networks/plan.ts";
import type { Progress } from "../progress.ts";
import type { ImagesConfig, NetworkKind } from "../schema.ts";
import { hashJson } from "../stage.ts";
import type { TrainingConfig } from "../training-schema.ts";
import { batchSource } from "./batches.ts";
import type { ChannelSource, LabelName, SegmentationCase } from "./cases.ts";
import { readModel, type SegmentationModel, writeModel } from "./model-folder.ts";
import { createNetwork, type NetworkOptions, optionsOf } from "./networks.ts";
import { fileFacts, type PreparedStore } from "./prepared-store.ts";
import { addOptimiser, type Recipe, scheduleOf } from "./recipe.ts";
import { TrainingFiles } from "./training-files.ts";
import {
  bestScore,
  type CurvePoint,
  describeCurve,
  hasStalled,
  Pace,
  runningDice,
  type Score,
  type ScoreMeasure,
} from "./training-record.ts";
import { createValidator } from "./validation.ts";

export interface TrainModelRequest {
  readonly folder: string;
  readonly kind: NetworkKind;
  readonly plan: Plan;
  readonly recipe: Recipe;
  /** Those of other kinds are ignored. */
  readonly options?: NetworkOptions;
  readonly cases: readonly SegmentationCase[];
  /** Cases that are held out: checkpoints are scored by them. Without any, by the training batches. */
  readonly heldOut?: readonly SegmentationCase[];
  readonly validation?: TrainingConfig["validation"];
  /** The checkpoint that becomes the model; by default the last. */
  readonly weights?: TrainingConfig["weights"];
  readonly store: PreparedStore;
  readonly labels: readonly LabelName[];
  readonly channels: ChannelSource;
  /** What was done to the series that the channels are of, for the record. */
  readonly images?: ImagesConfig;
  /** The fold whose cases were left out, for the record. */
  readonly fold: number | null;
  readonly steps: number;
  readonly checkpointEvery: number;
  readonly seed: number;
  /** Names the initial weights; folds share it, so that their features have more in common (docs/decisions/0004). */
  readonly initialKey: RandomKey;
  /** Names the batches. */
  readonly batchKey: RandomKey;
  readonly engine: Engine;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

export interface TrainedModel {
  readonly model: SegmentationModel;
  readonly curve: readonly CurvePoint[];
  /** Of the checkpoints. */
  readonly scores: readonly Score[];
  readonly measure: ScoreMeasure;
  readonly issues: readonly Issue[];
  /** Share of the training in which the engine waited for data. */
  readonly idleShare: number;
}

const NO_VALIDATION: TrainingConfig["validation"] = { patches: 0 };

/**
 * Leaves the model and its curve in the folder; the better of last and best checkpoint that is not the model stands beside it.
 *
 * @throws {DataError} `training-empty` without a case that has a reference.
 * @throws {WorkError} `training-diverged`; the signal's reason where it was stopped, after a checkpoint.
 */
export async function trainModel(request: TrainModelRequest): Promise<TrainedModel> {
  const { folder, kind, plan, recipe, steps, engine, progress, signal } = request;
  const { validation = NO_VALIDATION, weights = "last" } = request;
  const cases = withReference(request.cases);
  if (cases.length === 0) {
    throw new DataError("training-empty", {
      found: "no case with a reference segmentation",
      expected: "at least one",
      remedy: "Add masks to the segmentations folder.",
    });
  }
  const options = optionsOf(kind, request.options ?? {});
  const network = createNetwork(kind, plan, options);
  const { batchSize } = plan;
  const graph = addOptimiser(network.training({ batchSize, batchDice: recipe.batchDice }), recipe);
  const inference = network.inference({ batchSize: 1 });
  const heldOut = withReference(request.heldOut ?? []);
  const measure: ScoreMeasure = heldOut.length > 0 && validation.patches > 0 ? "held-out" : "training";
  const files = new TrainingFiles(
    folder,
    await nameOfTraining(request, cases, measure === "held-out" ? heldOut : []),
    graph,
    inference,
  );
  const { store } = request;
  const issues: Issue[] = [];
  const resumed = await files.read();
  const from = resumed?.checkpoint ?? startOfTraining(initialState(graph, request.initialKey));
  const curve: CurvePoint[] = [...(resumed?.curve ?? [])];
  const scores: Score[] = [...(resumed?.scores ?? [])];
  const executable = await engine.compile(graph);
  const validator =
    measure === "held-out"
      ? await createValidator({
          cases: heldOut,
          store,
          network,
          engine,
          patches: validation.patches,
          key: request.batchKey,
        })
      : undefined;
  const name = `train ${kind}${request.fold === null ? "" : ` fold ${request.fold}`}`;
  const task = progress.begin(name, steps, from.step);
  const pace = new Pace();
  try {
    if (from.step > 0) progress.note(`going on from step ${from.step}`);

    /** Scores a checkpoint that belongs to the rhythm; those of interruptions do not, so that going on changes nothing. */
    const score = async ({ step, state }: TrainingCheckpoint) => {
      if (step !== steps && step % request.checkpointEvery !== 0) return;
      while ((scores.at(-1)?.step ?? 0) >= step) scores.pop();
      const best = bestScore(scores);
      const dice = validator === undefined ? runningDice(curve) : await validator.dice(state);
      scores.push({ step, dice });
      if (best === undefined || dice > best.dice) await files.writeBest(state);
    };
    const stalled = () => validation.earlyStop !== undefined && hasStalled(scores, validation.earlyStop);

    const result = await train({
      executable,
      batches: batchSource({ cases, store, network, plan, recipe, key: request.batchKey }),
      steps,
      schedule: scheduleOf(recipe, steps),
      from,
      checkpointEvery: request.checkpointEvery,
      onStep({ step, loss, outputs, seconds, waitedSeconds }) {
        // After a recovery from divergence steps are made again.
        curve.length = step - 1;
        const { overlap, perplexity } = outputs;
        curve.push({
          step,
          loss,
          dice: Math.fround(softDice(overlap)),
          ...(perplexity === undefined ? {} : { perplexity: perplexity[0] }),
        });
        pace.add(seconds, waitedSeconds);
        task.advance(1, `${describeCurve(curve, scores, measure)}, ${pace.describe()}`);
      },
      async onCheckpoint(checkpoint) {
        await score(checkpoint);
        await files.write({ checkpoint, curve, scores });
        await files.writeCurve(kind, curve, scores, measure);
      },
      // A training that stopped early and was interrupted before its model was written stops again.
      shouldStop: stalled,
      onRecovery({ what, atStep, fromStep, rateFactor }) {
        const message = `Training diverged (${what}) after step ${atStep}. It went back to step ${fromStep} and goes on at ${rateFactor} of the learning rate.`;
        progress.note(message);
        issues.push({ code: "training-recovered", severity: "warning", subject: name, message });
        curve.length = fromStep;
        task.advance(fromStep - atStep);
      },
      ...(signal === undefined ? {} : { signal }),
    });
    if (result.outcome === "cancelled") signal?.throwIfAborted();
    const last = result.checkpoint;
    const best = bestScore(scores);
    if (result.outcome === "stopped") {
      progress.note(
        `stopped early after step ${last.step}: no better than step ${best?.step} in ${validation.earlyStop} validations`,
      );
    }
    const states = await statesOf(files, last, best);
    const used = states[weights];
    await writeAtomically(
      path.join(folder, "training.json"),
      `${JSON.stringify({ recipe, starvedShare: result.starvedShare, recoveries: result.recoveries, measure, scores, issues, curve })}\n`,
    );
    await writeModel(
      folder,
      {
        network: kind,
        plan,
        ...options,
        labels: [...request.labels],
        channels: { source: request.channels.source, names: [...request.channels.names] },
        ...(request.images === undefined ? {} : { images: request.images }),
        training: {
          steps: last.step,
          seed: request.seed,
          fold: request.fold,
          cases: cases.length,
          engine: `${engine.name} ${engine.precision}`,
          finalLoss: last.losses[last.losses.length - 1],
          weights,
          usedStep: used.step,
          ...(best === undefined ? {} : { best: { ...best, measure } }),
        },
      },
      inference,
      {
        used: used.state,
        ...(states.last.step === states.best.step ? {} : { other: states[other(weights)].state }),
      },
    );
    await files.remove();
    task.done(describeCurve(curve, scores, measure));
    return {
      model: await readModel(folder),
      curve,
      scores,
      measure,
      issues,
      idleShare: Number(result.starvedShare.toFixed(4)),
    };
  } finally {
    await validator?.dispose();
    await executable.dispose();
  }
}

interface StateOfStep {
  readonly step: number;
  readonly state: StateMap;
}

/** The last and the best state; the last stands in where it is the best, or where the best was lost. */
async function statesOf(
  files: TrainingFiles,
  last: TrainingCheckpoint,
  best: Score | undefined,
): Promise<{ readonly last: StateOfStep; readonly best: StateOfStep }> {
  if (best === undefined || best.step === last.step) return { last, best: last };
  const state = await files.readBest();
  return { last, best: state === undefined ? last : { step: best.step, state } };
}

function other(weights: TrainingConfig["weights"]): TrainingConfig["weights"] {
  return weights === "last" ? "best" : "last";
}

function withReference(cases: readonly SegmentationCase[]): SegmentationCase[] {
  return cases.filter(({ hasReference }) => hasReference);
}

/** Changes with all that the weights depend on. */
async function nameOfTraining(
  request: TrainModelRequest,
  cases: readonly SegmentationCase[],
  heldOut: readonly SegmentationCase[],
): Promise<string> {
  const { kind, plan, recipe, steps, channels, initialKey, batchKey, engine, checkpointEvery } = request;
  const images = await Promise.all(
    [...cases, ...heldOut].map(async ({ id, files }) => [id, await fileFacts(files)]),
  );
  const options = optionsOf(kind, request.options ?? {});
  const { patches } = request.validation ?? NO_VALIDATION;
  const work = [engine.name, engine.precision, checkpointEvery, patches, heldOut.length];
  return hashJson([kind, plan, options, recipe, steps, channels, initialKey, batchKey, images, work]);
}

/** @param overlap [3, classes − 1]: Σ p·y, Σ p, Σ y. */
function softDice(overlap: Float32Array): number {
  const classes = overlap.length / 3;
  let sum = 0;
  for (let c = 0; c < classes; c++) {
    sum += (2 * overlap[c] + 1e-5) / (overlap[classes + c] + overlap[2 * classes + c] + 1e-5);
  }
  return sum / classes;
}
