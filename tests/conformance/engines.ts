/** The engines that the conformance suite runs. */
import type { Engine, TensorData } from "../../src/engine/engine.ts";
import { loadNative } from "../../src/engine/native/engine.ts";
import { createOnnxEngine } from "../../src/engine/onnx/engine.ts";
import type { Graph } from "../../src/graph/graph.ts";

/** The native engine in fp32 and, where the processor has it, in bf16. */
export const NATIVE_ENGINES: readonly Engine[] = (["fp32", "bf16"] as const).flatMap((precision) => {
  const native = loadNative({ precision });
  if ("engine" in native) return [native.engine];
  process.stdout.write(`conformance of the native engine in ${precision} is skipped: ${native.reason}\n`);
  return [];
});

/** All in fp32. */
export const ENGINES: readonly Engine[] = [
  createOnnxEngine(),
  ...NATIVE_ENGINES.filter(({ precision }) => precision === "fp32"),
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
