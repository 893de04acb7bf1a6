/** Trains one segmentation network and leaves it in a folder; goes on from the last checkpoint if there is one. */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { DataError } from "../../domain/errors.ts";
import type { RandomKey } from "../../domain/random.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../engine/checkpoint.ts";
import type { Engine } from "../../engine/engine.ts";
import { initialState } from "../../engine/state.ts";
import { startOfTraining, type TrainingCheckpoint, train } from "../../engine/trainer.ts";
import type { Graph } from "../../graph/graph.ts";
import { readBytes, writeAtomically } from "../../io/files.ts";
import type { Plan } from "../../networks/plan.ts";
import type { Progress } from "../progress.ts";
import type { NetworkKind } from "../schema.ts";
import { hashJson } from "../stage.ts";
import { batchSource } from "./batches.ts";
import type { ChannelSource, LabelName, SegmentationCase } from "./cases.ts";
import { readModel, type SegmentationModel, writeModel } from "./model-folder.ts";
import { createNetwork, type NetworkOptions, optionsOf } from "./networks.ts";
import { fileFacts, type PreparedStore } from "./prepared-store.ts";
import { addOptimiser, RECIPES, scheduleOf } from "./recipe.ts";

export interface TrainModelRequest {
  readonly folder: string;
  readonly kind: NetworkKind;
  readonly plan: Plan;
  /** Those of other kinds are ignored. */
  readonly options?: NetworkOptions;
  readonly cases: readonly SegmentationCase[];
  readonly store: PreparedStore;
  readonly labels: readonly LabelName[];
  readonly channels: ChannelSource;
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

/** Loss and soft Dice (mean over the classes, of the batch) of one step. */
export interface CurvePoint {
  readonly step: number;
  readonly loss: number;
  readonly dice: number;
  /** Of the batch's codes, for a vector-quantised network. */
  readonly perplexity?: number;
}

export interface TrainedModel {
  readonly model: SegmentationModel;
  readonly curve: readonly CurvePoint[];
}

/**
 * @throws {DataError} `training-empty` without a case that has a reference.
 * @throws {WorkError} `training-diverged`; the signal's reason where it was stopped, after a checkpoint.
 */
export async function trainModel(request: TrainModelRequest): Promise<TrainedModel> {
  const { folder, kind, plan, steps, engine, progress, signal } = request;
  const cases = request.cases.filter((segmentationCase) => segmentationCase.hasReference);
  if (cases.length === 0) {
    throw new DataError("training-empty", {
      found: "no case with a reference segmentation",
      expected: "at least one",
      remedy: "Add masks to the segmentations folder.",
    });
  }
  const recipe = RECIPES[kind][plan.preset];
  const options = optionsOf(kind, request.options ?? {});
  const network = createNetwork(kind, plan, options);
  const graph = addOptimiser(
    network.training({ batchSize: plan.batchSize, batchDice: recipe.batchDice }),
    recipe,
  );
  const files = await checkpointFiles(folder, request, graph, cases);
  const executable = await engine.compile(graph);
  const task = progress.begin(`train ${kind}${request.fold === null ? "" : ` fold ${request.fold}`}`, steps);
  try {
    const resumed = await files.read();
    const from = resumed?.checkpoint ?? startOfTraining(initialState(graph, request.initialKey));
    const curve: CurvePoint[] = [...(resumed?.curve ?? [])];
    if (from.step > 0) {
      progress.note(`going on from step ${from.step}`);
      task.advance(from.step);
    }
    const result = await train({
      executable,
      batches: batchSource({
        cases,
        store: request.store,
        network,
        batchSize: plan.batchSize,
        key: request.batchKey,
      }),
      steps,
      schedule: scheduleOf(recipe, steps),
      from,
      checkpointEvery: request.checkpointEvery,
      onStep({ step, loss, outputs }) {
        // After a recovery from divergence steps are made again.
        curve.length = step - 1;
        const { overlap, perplexity } = outputs;
        curve.push({
          step,
          loss,
          dice: softDice(overlap),
          ...(perplexity === undefined ? {} : { perplexity: perplexity[0] }),
        });
        task.advance(1, describe(curve));
      },
      onCheckpoint: (checkpoint) => files.write(checkpoint, curve),
      ...(signal === undefined ? {} : { signal }),
    });
    signal?.throwIfAborted();
    const { losses, state } = result.checkpoint;
    await writeAtomically(
      path.join(folder, "training.json"),
      `${JSON.stringify({ recipe, starvedShare: result.starvedShare, recoveries: result.recoveries, curve })}\n`,
    );
    await writeModel(
      folder,
      {
        network: kind,
        plan,
        ...options,
        labels: [...request.labels],
        channels: { source: request.channels.source, names: [...request.channels.names] },
        training: {
          steps,
          seed: request.seed,
          fold: request.fold,
          cases: cases.length,
          engine: `${engine.name} ${engine.precision}`,
          finalLoss: losses[losses.length - 1],
        },
      },
      network.inference({ batchSize: 1 }),
      state,
    );
    await files.remove();
    task.done(describe(curve));
    return { model: await readModel(folder), curve };
  } finally {
    await executable.dispose();
  }
}

/** One checkpoint beside the model, which belongs to one training: other images, another plan, seed or recipe begin anew. */
async function checkpointFiles(
  folder: string,
  request: TrainModelRequest,
  graph: Graph,
  cases: readonly SegmentationCase[],
) {
  const file = path.join(folder, "checkpoint.safetensors");
  const { kind, plan, steps, channels, initialKey, batchKey } = request;
  const images = await Promise.all(cases.map(async ({ id, files }) => [id, await fileFacts(files)]));
  const recipe = RECIPES[kind][plan.preset];
  const options = optionsOf(kind, request.options ?? {});
  const training = hashJson([kind, plan, options, recipe, steps, channels, initialKey, batchKey, images]);
  const shapes = new Map(
    graph.nodes.flatMap((node) =>
      node.kind === "input" && node.initial !== undefined ? [[node.name, node.shape] as const] : [],
    ),
  );
  interface Metadata extends Omit<TrainingCheckpoint, "state"> {
    readonly training: string;
    readonly curve: readonly CurvePoint[];
  }
  return {
    async write({ state, ...progress }: TrainingCheckpoint, curve: readonly CurvePoint[]): Promise<void> {
      const metadata: Metadata = { ...progress, training, curve: [...curve] };
      await writeAtomically(file, encodeCheckpoint(state, shapes, metadata));
    },
    async read(): Promise<{ checkpoint: TrainingCheckpoint; curve: readonly CurvePoint[] } | undefined> {
      if (!existsSync(file)) return undefined;
      const { state, metadata } = decodeCheckpoint(await readBytes(file), file);
      const { training: owner, curve, ...progress } = metadata as Metadata;
      return owner === training ? { checkpoint: { ...progress, state }, curve } : undefined;
    },
    async remove(): Promise<void> {
      await rm(file, { force: true });
    },
  };
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

/** Means over the last steps, which single batches are too noisy for. */
function describe(curve: readonly CurvePoint[]): string {
  const recent = curve.slice(-20);
  const mean = (value: (point: CurvePoint) => number) =>
    recent.reduce((sum, point) => sum + value(point), 0) / Math.max(1, recent.length);
  const line = `loss ${mean((point) => point.loss).toFixed(3)}, Dice ${mean((point) => point.dice).toFixed(3)}`;
  if (recent[0]?.perplexity === undefined) return line;
  return `${line}, perplexity ${mean((point) => point.perplexity ?? 0).toFixed(1)}`;
}
