/** Networks run by the onnx engine on tensors of the golden scripts' rule, and comparison with digests of large results. */
import { expect } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { createOnnxEngine } from "../../src/engine/onnx/engine.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { appendGradients } from "../../src/graph/gradients.ts";
import type { Graph, InputNode } from "../../src/graph/graph.ts";

/** Numbers in [−1, 1): a linear congruential generator seeded with the FNV-1a hash of a name, as in the golden script. */
export function lcg(name: string, count: number): Float64Array {
  let x = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) x = Math.imul(x ^ byte, 0x01000193);
  return Float64Array.from({ length: count }, () => {
    x = (Math.imul(1664525, x) + 1013904223) | 0;
    return (x >>> 0) / 2 ** 31 - 1;
  });
}

export const size = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

function parameter({ name, shape }: InputNode): Float32Array {
  const scale = Math.sqrt(3 / size(shape.slice(1)));
  return Float32Array.from(lcg(name, size(shape)), (u) => {
    if (name.endsWith("norm.scale") || name.endsWith(".use")) return 1 + 0.2 * u;
    if (name.endsWith(".draw")) return 0.5 * u;
    return name.endsWith(".shift") || name.endsWith("bias") ? 0.1 * u : scale * u;
  });
}

function data({ name, shape }: InputNode, classes: number): Float32Array | Int32Array {
  const u = lcg(name, size(shape));
  return name === "image"
    ? Float32Array.from(u, (value) => 2 * value)
    : Int32Array.from(u, (value) => Math.floor(((value + 1) / 2) * classes));
}

const inputs = (graph: Graph) => graph.nodes.filter((node) => node.kind === "input");
export const states = (graph: Graph) => inputs(graph).filter(({ initial }) => initial !== undefined);

/** Runs a graph once with every input and state after the rule. */
export async function run(
  graph: Graph,
  classes: number,
  engine: Engine = createOnnxEngine({ threads: 1 }),
): Promise<Record<string, Float32Array>> {
  const executable = await engine.compile(graph);
  try {
    await executable.setState(new Map(states(graph).map((node) => [node.name, parameter(node)])));
    const fed = inputs(graph).filter(({ initial }) => initial === undefined);
    return await executable.run(Object.fromEntries(fed.map((node) => [node.name, data(node, classes)])));
  } finally {
    await executable.dispose();
  }
}

/** A training graph that hands back the gradient of each state which it does not update itself. */
export function withGradients(graph: Graph): Graph {
  const builder = GraphBuilder.from(graph);
  const names = builder.stateNames().filter((name) => !(name in graph.updates));
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

interface Digest {
  readonly norm: number;
  readonly projections: readonly number[];
}

export function expectDigest(name: string, actual: Float32Array, expected: Digest): void {
  expect(Math.hypot(...actual) / expected.norm, name).toBeCloseTo(1, 4);
  expect(digestError(name, actual, expected), name).toBeLessThan(TOLERANCE);
}

/** The largest difference along one of the digest's directions, relative to the norms. */
export function digestError(name: string, actual: Float32Array, { norm, projections }: Digest): number {
  const errors = projections.map((projection, i) => {
    const direction = lcg(`${name}#${i}`, actual.length);
    const found = direction.reduce((sum, value, j) => sum + value * actual[j], 0);
    return Math.abs(found - projection) / (norm * Math.hypot(...direction));
  });
  return Math.max(...errors);
}
