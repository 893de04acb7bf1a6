/** The U-Net and its loss, run by the onnx engine, against nnU-Net's own classes on PyTorch. */
import { describe, expect, it } from "vitest";
import { createOnnxEngine } from "../../src/engine/onnx/engine.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { appendGradients } from "../../src/graph/gradients.ts";
import type { Graph, InputNode } from "../../src/graph/graph.ts";
import type { NetworkPlan } from "../../src/networks/encoder-decoder.ts";
import { createUNet } from "../../src/networks/unet.ts";
import golden from "../golden/networks/unet.json" with { type: "json" };

/** Numbers in [−1, 1): a linear congruential generator seeded with the FNV-1a hash of a name, as in the golden script. */
function lcg(name: string, count: number): Float64Array {
  let x = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) x = Math.imul(x ^ byte, 0x01000193);
  return Float64Array.from({ length: count }, () => {
    x = (Math.imul(1664525, x) + 1013904223) | 0;
    return (x >>> 0) / 2 ** 31 - 1;
  });
}

const size = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

function parameter({ name, shape }: InputNode): Float32Array {
  const scale = Math.sqrt(3 / size(shape.slice(1)));
  return Float32Array.from(lcg(name, size(shape)), (u) => {
    if (name.endsWith("norm.scale")) return 1 + 0.2 * u;
    return name.endsWith("norm.shift") || name.endsWith("bias") ? 0.1 * u : scale * u;
  });
}

function data({ name, shape }: InputNode, classes: number): Float32Array | Int32Array {
  const u = lcg(name, size(shape));
  return name === "image"
    ? Float32Array.from(u, (value) => 2 * value)
    : Int32Array.from(u, (value) => Math.floor(((value + 1) / 2) * classes));
}

const inputs = (graph: Graph) => graph.nodes.filter((node) => node.kind === "input");
const states = (graph: Graph) => inputs(graph).filter(({ initial }) => initial !== undefined);

async function run(graph: Graph, classes: number): Promise<Record<string, Float32Array>> {
  const executable = await createOnnxEngine({ threads: 1 }).compile(graph);
  try {
    await executable.setState(new Map(states(graph).map((node) => [node.name, parameter(node)])));
    const fed = inputs(graph).filter(({ initial }) => initial === undefined);
    return await executable.run(Object.fromEntries(fed.map((node) => [node.name, data(node, classes)])));
  } finally {
    await executable.dispose();
  }
}

/** A training graph that hands back the gradient of each state. */
function withGradients(graph: Graph): Graph {
  const builder = GraphBuilder.from(graph);
  const names = builder.stateNames();
  const gradients = appendGradients(
    builder,
    builder.outputNamed("loss"),
    names.map((name) => builder.inputNamed(name)),
  );
  names.forEach((name, i) => {
    builder.output(name, gradients[i]);
  });
  return builder.finish();
}

/** Relative to the norms of both factors of an inner product. */
const TOLERANCE = 1e-4;

function expectDigest(
  name: string,
  actual: Float32Array,
  expected: { norm: number; projections: number[] },
): void {
  expect(Math.hypot(...actual) / expected.norm, name).toBeCloseTo(1, 4);
  expected.projections.forEach((projection, i) => {
    const direction = lcg(`${name}#${i}`, actual.length);
    const found = direction.reduce((sum, value, j) => sum + value * actual[j], 0);
    const scale = expected.norm * Math.hypot(...direction);
    expect(Math.abs(found - projection) / scale, `${name} along direction ${i}`).toBeLessThan(TOLERANCE);
  });
}

describe.each(golden.cases.map((each, i) => ({ ...each, i })))(
  "the U-Net, case $i",
  ({ plan, batchSize, batchDice, ...expected }) => {
    const network = createUNet(plan as unknown as NetworkPlan);

    it("has the parameters of nnU-Net's, but for the head without a loss", () => {
      const [coarsest] = plan.features.slice(-2);
      const unused = plan.classes * (coarsest + 1);
      const total = states(network.training({ batchSize, batchDice })).reduce(
        (sum, { shape }) => sum + size(shape),
        0,
      );
      expect(total + unused).toBe(expected.parameters);
    });

    it("makes the logits and the bottleneck of nnU-Net's", async () => {
      const outputs = await run(network.inference({ batchSize }), plan.classes);
      expectDigest("logits", outputs.logits, expected.logits);
      expectDigest("bottleneck", outputs.bottleneck, expected.bottleneck);
      const voxels = size(plan.patchSize.map((n, axis) => n / network.bottleneck.stride[axis]));
      expect(outputs.bottleneck).toHaveLength(batchSize * network.bottleneck.channels * voxels);
    });

    it("has nnU-Net's loss and the gradients of it", async () => {
      const { loss, overlap, ...gradients } = await run(
        withGradients(network.training({ batchSize, batchDice })),
        plan.classes,
      );
      expect(loss[0]).toBeCloseTo(expected.loss, 5);
      expect(Object.keys(gradients).sort()).toEqual(Object.keys(expected.gradients).sort());
      for (const [name, digest] of Object.entries(expected.gradients)) {
        expectDigest(name, gradients[name], digest);
      }
      const labels = lcg("labels0", batchSize * size(plan.patchSize));
      for (let c = 1; c < plan.classes; c++) {
        const present = labels.filter((u) => Math.floor(((u + 1) / 2) * plan.classes) === c).length;
        expect(overlap[2 * (plan.classes - 1) + c - 1]).toBe(present);
      }
    });
  },
);
