/** The engines that a machine has, and which of them does the work. */
import { UsageError } from "../domain/errors.ts";
import type { Engine } from "../engine/engine.ts";
import { loadNative } from "../engine/native/engine.ts";
import { createOnnxEngine } from "../engine/onnx/engine.ts";
import type { OnnxProvider } from "../engine/onnx/providers.ts";

export { ONNX_PROVIDERS } from "../engine/onnx/providers.ts";

/** What the caller wants; what is left open is chosen. */
export interface EngineRequest {
  readonly name?: Engine["name"];
  readonly precision?: Engine["precision"];
  /** Execution provider of ONNX Runtime: asks for the `onnx` engine. */
  readonly provider?: OnnxProvider;
}

/**
 * The native engine where it loads, else ONNX Runtime; or the one that is asked for. Without a wanted precision the native engine works
 * in bf16 where the processor has it.
 *
 * @throws {UsageError} `engine-unavailable` where this machine does not have what is asked for; `engine-provider`, see `createOnnxEngine`
 */
export function createEngine(request: EngineRequest = {}): Engine {
  const { provider } = request;
  if (provider !== undefined && request.name === "native") {
    throw unavailable(`native with the provider ${provider}`, "execution providers are ONNX Runtime's");
  }
  if (provider === undefined && request.name !== "onnx") {
    const native = loadNative(request.precision === undefined ? {} : { precision: request.precision });
    if ("engine" in native) return native.engine;
    if (request.name === "native") throw unavailable("native", native.reason);
  }
  if (request.precision === "bf16") throw unavailable("onnx in bf16", "ONNX Runtime trains in fp32 only");
  return createOnnxEngine(provider === undefined ? {} : { provider });
}

/** Why the native engine does not serve here, and what to do; null where it does. */
export function nativeProblem(): string | null {
  const native = loadNative();
  return "reason" in native ? native.reason : null;
}

function unavailable(engine: string, reason: string): UsageError {
  return new UsageError("engine-unavailable", {
    found: `the engine ${engine} is not to be had here: ${reason}`,
    expected: "an engine that `residua doctor` lists as working",
  });
}
