/**
 * The files of a training under way, beside the model that it will be:
 *
 *     checkpoint.safetensors        all that training goes on from
 *     checkpoint-best.safetensors   the parameters of the best checkpoint so far
 *     curve.csv, curve.svg          loss and Dice, made anew at each checkpoint
 */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { decodeCheckpoint, encodeCheckpoint, stateFor, stateShapes } from "../../engine/checkpoint.ts";
import type { StateMap } from "../../engine/engine.ts";
import type { TrainingCheckpoint } from "../../engine/trainer.ts";
import type { Graph } from "../../graph/graph.ts";
import { readBytes, writeAtomically } from "../../io/files.ts";
import {
  type CurvePoint,
  curveFigure,
  curveTable,
  type Score,
  type ScoreMeasure,
} from "./training-record.ts";

export interface TrainingProgress {
  readonly checkpoint: TrainingCheckpoint;
  readonly curve: readonly CurvePoint[];
  /** Of the checkpoints so far. */
  readonly scores: readonly Score[];
}

interface Metadata {
  /** Which training it is: of other images, another plan, seed or recipe nothing is taken. */
  readonly training: string;
  readonly step: number;
  readonly rateFactor: number;
  readonly scores: readonly Score[];
}

export class TrainingFiles {
  readonly #folder: string;
  readonly #training: string;
  readonly #graph: Graph;
  readonly #inference: Graph;

  /** @param training names the training. @param graph its step. @param inference what the best checkpoint keeps the states of. */
  constructor(folder: string, training: string, graph: Graph, inference: Graph) {
    this.#folder = folder;
    this.#training = training;
    this.#graph = graph;
    this.#inference = inference;
  }

  async write({ checkpoint, curve, scores }: TrainingProgress): Promise<void> {
    const metadata: Metadata = {
      training: this.#training,
      step: checkpoint.step,
      rateFactor: checkpoint.rateFactor,
      scores,
    };
    // The curve is kept as tensors: as text it would outgrow the weights in a long training.
    const columns = curveColumns(curve);
    const shapes = new Map(stateShapes(this.#graph));
    for (const [name, values] of columns) shapes.set(name, [values.length]);
    const bytes = encodeCheckpoint(new Map([...checkpoint.state, ...columns]), shapes, metadata);
    await writeAtomically(this.#file("checkpoint"), bytes);
  }

  /** Where this training stopped; `undefined` where it has not begun. */
  async read(): Promise<TrainingProgress | undefined> {
    const file = this.#file("checkpoint");
    if (!existsSync(file)) return undefined;
    const { state, metadata } = decodeCheckpoint(await readBytes(file), file);
    const { training, step, rateFactor, scores } = metadata as Metadata;
    if (training !== this.#training) return undefined;
    const curve = curveOf(state);
    for (const name of COLUMNS) state.delete(columnName(name));
    return {
      checkpoint: { step, rateFactor, state, losses: curve.map(({ loss }) => loss) },
      curve,
      scores,
    };
  }

  async writeBest(state: StateMap): Promise<void> {
    const kept = stateFor(this.#inference, state);
    const metadata = { training: this.#training };
    await writeAtomically(
      this.#file("checkpoint-best"),
      encodeCheckpoint(kept, stateShapes(this.#inference), metadata),
    );
  }

  async readBest(): Promise<StateMap | undefined> {
    const file = this.#file("checkpoint-best");
    if (!existsSync(file)) return undefined;
    const { state, metadata } = decodeCheckpoint(await readBytes(file), file);
    return (metadata as { training?: string }).training === this.#training ? state : undefined;
  }

  async writeCurve(
    name: string,
    curve: readonly CurvePoint[],
    scores: readonly Score[],
    measure: ScoreMeasure,
  ) {
    await writeAtomically(path.join(this.#folder, "curve.csv"), curveTable(curve, scores, measure));
    await writeAtomically(path.join(this.#folder, "curve.svg"), curveFigure(name, curve, scores, measure));
  }

  /** Removes the checkpoints, once the model is written. */
  async remove(): Promise<void> {
    for (const name of ["checkpoint", "checkpoint-best"]) await rm(this.#file(name), { force: true });
  }

  #file(name: string): string {
    return path.join(this.#folder, `${name}.safetensors`);
  }
}

const COLUMNS = ["loss", "dice", "perplexity"] as const;

function columnName(column: (typeof COLUMNS)[number]): string {
  return `curve.${column}`;
}

function curveColumns(curve: readonly CurvePoint[]): Map<string, Float32Array> {
  const present = COLUMNS.filter((column) => curve.some((point) => point[column] !== undefined));
  return new Map(
    present.map((column) => [columnName(column), Float32Array.from(curve, (point) => point[column] ?? 0)]),
  );
}

function curveOf(state: StateMap): CurvePoint[] {
  const [loss, dice, perplexity] = COLUMNS.map((column) => state.get(columnName(column)));
  return Array.from(loss ?? [], (value, i) => ({
    step: i + 1,
    loss: value,
    dice: dice?.[i] ?? 0,
    ...(perplexity === undefined ? {} : { perplexity: perplexity[i] }),
  }));
}
