/** The engine that a machine has. */
import type { Engine } from "../engine/engine.ts";
import { createOnnxEngine } from "../engine/onnx/engine.ts";

export function createEngine(): Engine {
  return createOnnxEngine();
}
