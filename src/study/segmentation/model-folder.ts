/**
 * A trained segmentation network on disk:
 *
 *     MODEL/
 *       model.json               what the network is and how its input is made
 *       weights.safetensors      its parameters
 *       weights-best.safetensors those of the best checkpoint (or -last) where they are others
 *       training.json            recipe, loss and Dice per step, scores of the checkpoints
 *       curve.csv, curve.svg     loss and Dice
 *
 * The models of all folds stand in a folder as `fold-0`, `fold-1`, …, and beside them `postprocessing.json`, what their cross-validation
 * decided.
 */
import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { DataError } from "../../domain/errors.ts";
import { decodeCheckpoint, encodeCheckpoint, stateFor, stateShapes } from "../../engine/checkpoint.ts";
import type { StateMap } from "../../engine/engine.ts";
import type { Graph } from "../../graph/graph.ts";
import { readBytes, readText, writeAtomically } from "../../io/files.ts";
import type { Plan } from "../../networks/plan.ts";
import { PLANNER_NAMES } from "../../networks/presets.ts";
import { imagesSchema, NETWORK_KINDS } from "../schema.ts";
import { attentionSchema, vqSchema, WEIGHTS_NAMES } from "../training-schema.ts";
import { VERSIONS } from "../versions.ts";
import type { NetworkOptions } from "./networks.ts";
import { NO_POSTPROCESSING, type Postprocessing, postprocessingSchema } from "./postprocessing.ts";

const FORMAT = "residua-model";
const FORMAT_VERSION = 1;

const triple = z.tuple([z.number(), z.number(), z.number()]);

const planSchema = z.object({
  preset: z.enum(PLANNER_NAMES),
  encoder: z.enum(["plain", "residual"]).default("plain"),
  inputChannels: z.int().positive(),
  classes: z.int().min(2),
  spacingMm: triple,
  medianShape: triple,
  patchSize: triple,
  batchSize: z.int().positive(),
  strides: z.array(triple),
  kernels: z.array(triple),
  features: z.array(z.int().positive()),
  blocksPerStage: z.array(z.int().positive()),
  blocksPerStageDecoder: z.array(z.int().positive()),
  normalisation: z.array(z.enum(["z-score", "z-score-nonzero"])),
  memoryEstimate: z.number(),
});

/** Where the input channels come from: files in the order of names, or roles of DCE phases. */
const channelsSchema = z.object({ source: z.enum(["files", "dce"]), names: z.array(z.string()).min(1) });

const modelSchema = z.object({
  format: z.literal(FORMAT),
  formatVersion: z.literal(FORMAT_VERSION),
  network: z.enum(NETWORK_KINDS),
  plan: planSchema,
  /** Options of the network's kind. */
  attention: attentionSchema.optional(),
  vq: vqSchema.optional(),
  /** Label values of the masks, background first; a class is the index of its label. */
  labels: z.array(z.object({ name: z.string(), value: z.int().min(0).max(255) })),
  channels: channelsSchema,
  /** What was done to the dynamic series that trained it; absent for images from files, and in models of before this was recorded. */
  images: imagesSchema.optional(),
  training: z.object({
    steps: z.int(),
    seed: z.int(),
    /** The fold whose cases were left out, or null where all cases trained. */
    fold: z.int().nullable(),
    cases: z.int(),
    engine: z.string(),
    finalLoss: z.number(),
    /** Which checkpoint the weights are, and after how many steps it was made. */
    weights: z.enum(WEIGHTS_NAMES).default("last"),
    usedStep: z.int().optional(),
    /** The best checkpoint and what it was scored by. */
    best: z.object({ step: z.int(), dice: z.number(), measure: z.enum(["held-out", "training"]) }).optional(),
  }),
  versions: z.record(z.string(), z.string()),
});

export type ModelDescription = Omit<
  z.output<typeof modelSchema>,
  "format" | "formatVersion" | "versions" | "plan" | keyof NetworkOptions
> &
  NetworkOptions & {
    readonly plan: Plan;
  };

export interface SegmentationModel {
  readonly folder: string;
  /** What the cross-validation that the model is a fold of decided. */
  readonly postprocessing?: Postprocessing;
  readonly description: ModelDescription;
  readonly state: ReadonlyMap<string, Float32Array>;
}

/** States of a training; `other` is that of the last or the best checkpoint, whichever the model does not use. */
export interface ModelStates {
  readonly used: StateMap;
  readonly other?: StateMap;
}

/** Writes weights first and the description last, so that a folder with a description is whole. */
export async function writeModel(
  folder: string,
  description: ModelDescription,
  graph: Graph,
  { used, other }: ModelStates,
): Promise<void> {
  const shapes = stateShapes(graph);
  const write = (name: string, state: StateMap) =>
    writeAtomically(path.join(folder, name), encodeCheckpoint(stateFor(graph, state), shapes, {}));
  for (const name of WEIGHTS_NAMES)
    await rm(path.join(folder, `weights-${name}.safetensors`), { force: true });
  if (other !== undefined) {
    const name = description.training.weights === "last" ? "best" : "last";
    await write(`weights-${name}.safetensors`, other);
  }
  await write("weights.safetensors", used);
  const model = { format: FORMAT, formatVersion: FORMAT_VERSION, ...description, versions: VERSIONS };
  await writeAtomically(path.join(folder, "model.json"), `${JSON.stringify(model, null, 1)}\n`);
}

/**
 * @throws {DataError} `model-missing`, `model-invalid` (another format or version, or damaged), or as `decodeCheckpoint`.
 */
export async function readModel(folder: string): Promise<SegmentationModel> {
  const file = path.join(folder, "model.json");
  if (!existsSync(file)) {
    throw new DataError("model-missing", {
      file: folder,
      found: "no model.json",
      expected: "a folder that `residua train` made",
    });
  }
  const parsed = modelSchema.safeParse(parseJson(await readText(file), file));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new DataError("model-invalid", {
      file,
      found: `${issue.path.join(".")}: ${issue.message}`,
      expected: `a model of format version ${FORMAT_VERSION}`,
      remedy: "Train it again with this version of Residua.",
    });
  }
  const weights = path.join(folder, "weights.safetensors");
  const { state } = decodeCheckpoint(await readBytes(weights), weights);
  const { format, formatVersion, versions, ...description } = parsed.data;
  return { folder, description: description as ModelDescription, state };
}

/** The model in a folder, or the models of all folds (`fold-0`, `fold-1`, …) in it. */
export async function readModels(folder: string): Promise<SegmentationModel[]> {
  if (existsSync(folder) && !existsSync(path.join(folder, "model.json"))) {
    const folds = (await readdir(folder))
      .filter((name) => /^fold-\d+$/.test(name))
      .sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)));
    if (folds.length > 0) {
      const postprocessing = await readPostprocessing(folder);
      const models = await Promise.all(folds.map((fold) => readModel(path.join(folder, fold))));
      return models.map((model) => ({ ...model, postprocessing }));
    }
  }
  return [await readModel(folder)];
}

const POSTPROCESSING_FILE = "postprocessing.json";

/** @param folder of the folds. @returns the file's path */
export async function writePostprocessing(folder: string, decided: Postprocessing): Promise<string> {
  const file = path.join(folder, POSTPROCESSING_FILE);
  await writeAtomically(file, `${JSON.stringify(decided, null, 1)}\n`);
  return file;
}

async function readPostprocessing(folder: string): Promise<Postprocessing> {
  const file = path.join(folder, POSTPROCESSING_FILE);
  if (!existsSync(file)) return NO_POSTPROCESSING;
  const parsed = postprocessingSchema.safeParse(parseJson(await readText(file), file));
  if (parsed.success) return parsed.data;
  throw new DataError("model-invalid", {
    file,
    found: parsed.error.issues[0].message,
    expected: "what `residua train --fold all` or `residua run` decided",
    remedy: "Run it again.",
  });
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DataError(
      "model-invalid",
      { file, found: "no valid JSON", expected: "a whole model.json", remedy: "Train the model again." },
      { cause: error },
    );
  }
}
