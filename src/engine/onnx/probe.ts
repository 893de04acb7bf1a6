/** Finds out what the installed ONNX Runtime can do on this processor, by trying it. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { blockedConv } from "./blocked-convolution.ts";
import { type LoweringTarget, PORTABLE } from "./lowering-call.ts";
import { OnnxModelWriter } from "./model-writer.ts";

/** Block sizes of the runtime's processor kernels (AVX-512; AVX2 and the like). */
const CHANNEL_BLOCKS = [16, 8];
const onProcessor = { runtimeOperators: true, transposedConvolution: true };

/**
 * The target for this machine: runtime operators on the processor, with the block size of its image layout if a small
 * convolution in that layout gives the right numbers; standard operators for other providers.
 */
export async function findTarget(provider: string): Promise<LoweringTarget> {
  if (provider !== "cpu") return { ...PORTABLE, transposedConvolution: provider !== "webgpu" };
  for (const channelBlock of CHANNEL_BLOCKS) {
    if (await blockedLayoutWorks(channelBlock)) return { ...onProcessor, channelBlock };
  }
  return { ...onProcessor, channelBlock: undefined };
}

/** Convolves an image whose channel c holds c + 1 with weights that swap neighbouring channels. */
async function blockedLayoutWorks(block: number): Promise<boolean> {
  const channels = 2 * block;
  const writer = new OnnxModelWriter();
  const x = { name: "x", shape: [1, channels, 1, 1, 2] };
  const w = { name: "w", shape: [channels, channels, 1, 1, 1] };
  writer.input(x.name, x.shape, "f32");
  writer.input(w.name, w.shape, "f32");
  const target = { ...onProcessor, channelBlock: block };
  const attributes = { stride: [1, 1, 1], padding: [0, 0, 0] } as const;
  const y = blockedConv({ writer, target, attributes, operands: [x, w], shape: x.shape });
  writer.output(y, x.shape, "f32");
  const image = Float32Array.from({ length: 2 * channels }, (_, i) => (i >> 1) + 1);
  const weights = Float32Array.from({ length: channels ** 2 }, (_, i) =>
    Math.floor(i / channels) === ((i % channels) ^ 1) ? 1 : 0,
  );
  try {
    const session = await InferenceSession.create(writer.finish("probe"), { logSeverityLevel: 4 });
    const feeds = { x: new Tensor("float32", image, x.shape), w: new Tensor("float32", weights, w.shape) };
    const result = (await session.run(feeds, { logSeverityLevel: 4 }))[y].data as Float32Array;
    await session.release();
    return result.every((value, i) => value === ((i >> 1) ^ 1) + 1);
  } catch {
    // The runtime refuses operators or shapes that it has no kernel for: the layout is not there.
    return false;
  }
}
