/**
 * A trained segmentation network on disk:
 *
 *     MODEL/
 *       model.json            what the network is and how its input is made
 *       weights.safetensors   its parameters
 *       training.json         loss and Dice per step
 *       curve.svg
 */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { DataError } from "../../domain/errors.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../engine/checkpoint.ts";
import type { Graph } from "../../graph/graph.ts";
import { readBytes, readText, writeAtomically } from "../../io/files.ts";
import type { Plan } from "../../networks/plan.ts";
import { attentionSchema, NETWORK_KINDS, vqSchema } from "../schema.ts";
import { VERSIONS } from "../versions.ts";
import type { NetworkOptions } from "./networks.ts";

const FORMAT = "residua-model";
const FORMAT_VERSION = 1;

const triple = z.tuple([z.number(), z.number(), z.number()]);

const planSchema = z.object({
  preset: z.enum(["nnunet", "compact"]),
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
  training: z.object({
    steps: z.int(),
    seed: z.int(),
    /** The fold whose cases were left out, or null where all cases trained. */
    fold: z.int().nullable(),
    cases: z.int(),
    engine: z.string(),
    finalLoss: z.number(),
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
  readonly description: ModelDescription;
  readonly state: ReadonlyMap<string, Float32Array>;
}

/** Writes weights first and the description last, so that a folder with a description is whole. */
export async function writeModel(
  folder: string,
  description: ModelDescription,
  graph: Graph,
  state: ReadonlyMap<string, Float32Array>,
): Promise<void> {
  const shapes = new Map<string, readonly number[]>();
  for (const node of graph.nodes) {
    if (node.kind === "input" && node.initial !== undefined) shapes.set(node.name, node.shape);
  }
  const parameters = new Map([...state].filter(([name]) => shapes.has(name)));
  await writeAtomically(path.join(folder, "weights.safetensors"), encodeCheckpoint(parameters, shapes, {}));
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
    if (folds.length > 0) return Promise.all(folds.map((fold) => readModel(path.join(folder, fold))));
  }
  return [await readModel(folder)];
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
