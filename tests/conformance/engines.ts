/** The engines that the conformance suite runs. */
import type { Engine, TensorData } from "../../src/engine/engine.ts";
import { loadNative } from "../../src/engine/native/engine.ts";
import { createOnnxEngine } from "../../src/engine/onnx/engine.ts";
import type { Graph } from "../../src/graph/graph.ts";

const native = loadNative({ precision: "fp32" });
if ("reason" in native)
  process.stdout.write(`conformance of the native engine is skipped: ${native.reason}\n`);

/** All in fp32. */
export const ENGINES: readonly Engine[] = [
  createOnnxEngine(),
  ...("engine" in native ? [native.engine] : []),
];

/** Compiles a graph, sets its state, runs it once and disposes of it. */
export async function runOnce(
  engine: Engine,
  graph: Graph,
  inputs: Readonly<Record<string, TensorData>>,
  state: ReadonlyMap<string, Float32Array> = new Map(),
): Promise<Record<string, Float32Array>> {
  const executable = await engine.compile(graph);
  try {
    await executable.setState(state);
    return await executable.run(inputs);
  } finally {
    await executable.dispose();
  }
}
