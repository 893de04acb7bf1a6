/** Exported networks, run by ONNX Runtime itself, against the engine; and what the file says of its input. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import * as ort from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deriveKey, RandomStream, randomKey } from "../domain/random.ts";
import { ModelProtoSchema } from "../engine/onnx/onnx_pb.ts";
import { initialState } from "../engine/state.ts";
import type { Plan } from "../networks/plan.ts";
import { VQ_DEFAULTS } from "../networks/vq.ts";
import { createEngine, nativeProblem } from "./engines.ts";
import { exportModel } from "./export.ts";
import type { NetworkKind } from "./schema.ts";
import { writeModel } from "./segmentation/model-folder.ts";
import { createNetwork, type NetworkOptions } from "./segmentation/networks.ts";

const PLAN: Plan = {
  preset: "compact",
  encoder: "plain",
  inputChannels: 2,
  classes: 3,
  spacingMm: [2, 0.75, 0.75],
  medianShape: [16, 16, 16],
  patchSize: [8, 16, 16],
  batchSize: 2,
  strides: [
    [1, 1, 1],
    [1, 2, 2],
    [2, 2, 2],
  ],
  kernels: [
    [1, 3, 3],
    [3, 3, 3],
    [3, 3, 3],
  ],
  features: [4, 6, 8],
  blocksPerStage: [1, 1, 1],
  blocksPerStageDecoder: [1, 1],
  normalisation: ["z-score", "z-score-nonzero"],
  memoryEstimate: 0,
};
const LABELS = [
  { name: "background", value: 0 },
  { name: "tumour", value: 1 },
  { name: "rim", value: 4 },
];
let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), "residua-export-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe.each<[string, NetworkKind, Plan, NetworkOptions]>([
  ["nnunet", "nnunet", PLAN, {}],
  [
    "nnunet with a residual encoder",
    "nnunet",
    { ...PLAN, encoder: "residual", blocksPerStage: [1, 2, 1] },
    {},
  ],
  ["attention-unet", "attention-unet", PLAN, { attention: { gatedLevels: [1, 2] } }],
  ["vq", "vq", PLAN, { vq: { ...VQ_DEFAULTS, codes: 8, dimensions: 4 } }],
])("an exported %s", (name, kind, plan, options) => {
  const network = createNetwork(kind, plan, options);
  const graph = network.inference({ batchSize: 1 });
  const state = initialState(graph, deriveKey(randomKey(5), kind));
  const stream = new RandomStream(randomKey(6));
  const image = Float32Array.from({ length: 2 * 8 * 16 * 16 }, () => stream.normal());
  let file: string;
  beforeAll(async () => {
    const folder = path.join(root, name);
    const training = {
      steps: 1,
      seed: 0,
      fold: null,
      cases: 1,
      engine: "none",
      finalLoss: 0,
      weights: "last",
    };
    await writeModel(
      folder,
      {
        network: kind,
        plan,
        ...options,
        labels: LABELS,
        channels: { source: "files", names: ["t1", "t2"] },
        training: { ...training, weights: "last" },
      },
      graph,
      { used: state },
    );
    file = path.join(root, `${name}.onnx`);
    await exportModel(folder, file);
  });

  it.each(["onnx", ...(nativeProblem() === null ? ["native" as const] : [])] as const)(
    "gives in ONNX Runtime what the %s engine computes in fp32, within 1e-4",
    async (engineName) => {
      const session = await ort.InferenceSession.create(file);
      const feeds = { image: new ort.Tensor("float32", image, [1, 2, 8, 16, 16]) };
      const exported = await session.run(feeds);
      const executable = await createEngine({ name: engineName, precision: "fp32" }).compile(graph);
      await executable.setState(state);
      const own = await executable.run({ image });
      await executable.dispose();
      await session.release();
      expect(Object.keys(exported).sort()).toEqual(Object.keys(own).sort());
      for (const [output, values] of Object.entries(own)) {
        const data = exported[output].data as Float32Array;
        const scale = Math.max(1, ...values.map(Math.abs));
        const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - data[i])), 0);
        expect(worst / scale, output).toBeLessThanOrEqual(1e-4);
      }
    },
  );

  it("says in its metadata how its input is made and what its outputs are", async () => {
    const { metadataProps, opsetImport } = fromBinary(ModelProtoSchema, await readFile(file));
    const metadata = Object.fromEntries(metadataProps.map(({ key, value }) => [key, value]));
    expect(metadata.network).toBe(kind);
    const json = (key: string) => JSON.parse(metadata[key] ?? "null") as unknown;
    expect(json("spacingMm")).toEqual(plan.spacingMm);
    expect(json("patchSize")).toEqual(plan.patchSize);
    expect(json("normalisation")).toEqual(plan.normalisation);
    expect(json("channels")).toEqual({ source: "files", names: ["t1", "t2"] });
    expect(json("labels")).toEqual(LABELS);
    expect(opsetImport).not.toEqual([]);
  });
});
