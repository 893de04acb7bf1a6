/** Execution providers of ONNX Runtime: what the installed runtime has, and what to say where one does not serve. */
import { listSupportedBackends } from "onnxruntime-node";
import { UsageError } from "../../domain/errors.ts";

/** Those that Residua passes on. Only `cpu`, and `webgpu` on a software driver, are tested; see docs/engines.md. */
export const ONNX_PROVIDERS = ["cpu", "cuda", "webgpu", "coreml", "dml"] as const;
export type OnnxProvider = (typeof ONNX_PROVIDERS)[number];

/** Those of them that the installed runtime was built with; whether one finds its driver shows when it is used. */
export function providersHere(): OnnxProvider[] {
  const built = new Set(listSupportedBackends().map(({ name }) => name));
  return ONNX_PROVIDERS.filter((provider) => built.has(provider));
}

/** @throws {UsageError} `engine-provider` where the installed runtime was built without it. */
export function checkProvider(provider: OnnxProvider): void {
  if (!providersHere().includes(provider))
    throw providerError(provider, "this build of ONNX Runtime lacks it");
}

export function providerError(provider: OnnxProvider, reason: string): UsageError {
  return new UsageError("engine-provider", {
    found: `the execution provider ${provider} does not serve here: ${reason}`,
    expected: `one that loads; ONNX Runtime offers ${providersHere().join(", ")} on this machine`,
    remedy: "Install the provider's driver and libraries, or leave out --provider to work on the processor.",
  });
}
