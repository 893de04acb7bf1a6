/**
 * Convolutions in the blocked image layout of ONNX Runtime's processor kernels, [N, C/B, H, W, B] with B channels innermost, for
 * which it has direct kernels in two dimensions (operators of the domain `com.microsoft.nchwc`, into which its optimiser turns
 * convolutions with constant weights). Here weights change at each step, so the operators are written out.
 *
 * A convolution in three dimensions is one in two over slices, the kernel's slices being stacked as channels.
 */
import type { Spatial } from "../../graph/primitives.ts";
import { type LoweredValue, type Lowering, type LoweringCall, spatial } from "./lowering-call.ts";
import { BLOCKED_DOMAIN, type OnnxModelWriter } from "./model-writer.ts";

/** Weights in blocks: [outputs/B, kernel slice, inputs/B, kernel row · column, B inputs, B outputs]. */
interface BlockedConvolution {
  readonly weights: string;
  readonly outputs: number;
  readonly kernel: Spatial;
  readonly stride: Spatial;
  /** Zeros before the image; may be negative along the slices. What is needed after it follows from `size`. */
  readonly before: Spatial;
  /** Spatial size of the result. */
  readonly size: Spatial;
}

/** Whether both channel counts of a weight [O, C, …] are whole blocks. */
export function fitsBlocks({ target }: LoweringCall<"conv" | "convInputGrad">, w: LoweredValue): boolean {
  const block = target.channelBlock;
  return block !== undefined && w.shape[0] % block === 0 && w.shape[1] % block === 0;
}

export const blockedConv: Lowering<"conv"> = ({ writer, target, attributes, operands: [x, w], shape }) => {
  const block = target.channelBlock as number;
  const kernel = spatial(w);
  const split = splitWeights(writer, w.name, w.shape, block, [kernel[0], kernel[1] * kernel[2]]);
  const weights = toWeights(writer, split, [0, 4, 2, 5, 3, 1], w.shape[0], w.shape[1] * kernel[0], kernel);
  const size = spatial({ shape });
  const { stride, padding } = attributes;
  const y = convolveSlices(writer, x, { weights, outputs: shape[1], kernel, stride, before: padding, size });
  return fromBlocks(writer, y, shape[0], shape[1], size);
};

/**
 * The voxels of dx fall in phases by their remainder under the stride; within a phase dx is a convolution of dy by some of the
 * kernel's positions. All phases are made by one convolution over dy with a block of outputs per phase, then interleaved.
 */
export const blockedInputGrad: Lowering<"convInputGrad"> = (call) => {
  const { writer, target, attributes, operands, shape } = call;
  const [dy, w] = operands;
  const block = target.channelBlock as number;
  const { stride, padding, inputSize } = attributes;
  const [outputs, inputs] = w.shape;
  const taps = spatial(w).map((size, axis) => phaseTaps(size, stride[axis], padding[axis]));
  const window = taps.map(({ length }) => length) as unknown as Spatial;
  const phases = stride[0] * stride[1] * stride[2];
  const count = w.shape[2] * w.shape[3] * w.shape[4];

  const rows = writer.node("Transpose", [writer.node("Reshape", [w.name, writer.integers([-1, count])])], {
    perm: [1, 0],
  });
  const withZero = writer.node("Pad", [rows, writer.integers([0, 0, 1, 0])]); // [count + 1, O · C]
  const indices = tapIndices(taps, spatial(w), stride);
  const chosen = writer.node("Gather", [withZero, writer.integers(indices)], { axis: 0 });
  const apart = [phases, window[0], window[1] * window[2], outputs / block, block, inputs / block, block];
  const split = writer.node("Reshape", [chosen, writer.integers(apart)]);
  const perm = [0, 5, 1, 3, 2, 4, 6]; // phase, C/B, slice, O/B, row · column, B of O, B of C
  const weights = toWeights(writer, split, perm, phases * inputs, outputs * window[0], window);

  const coarse = inputSize.map((size, axis) => Math.ceil(size / stride[axis])) as unknown as Spatial;
  const before = taps.map(({ lowest }) => -lowest) as unknown as Spatial;
  const settings = {
    weights,
    outputs: phases * inputs,
    kernel: window,
    stride: [1, 1, 1] as const,
    before,
    size: coarse,
  };
  const y = convolveSlices(writer, dy, settings);
  if (phases === 1) return fromBlocks(writer, y, shape[0], inputs, inputSize);

  const [depth, height, width] = coarse;
  const phased = [shape[0], depth, ...stride, inputs / block, height, width, block];
  const interleaved = writer.node("Transpose", [writer.node("Reshape", [y, writer.integers(phased)])], {
    perm: [0, 1, 2, 5, 6, 3, 7, 4, 8],
  });
  const full = coarse.map((size, axis) => size * stride[axis]) as unknown as Spatial;
  const image = writer.integers([shape[0] * full[0], inputs, full[1], full[2]]);
  const fine = fromBlocks(writer, writer.node("Reshape", [interleaved, image]), shape[0], inputs, full);
  if (full.every((size, axis) => size === inputSize[axis])) return fine;
  return writer.node("Slice", [fine, writer.integers([0, 0, 0, 0, 0]), writer.integers(shape)]);
};

/** Along one axis: which kernel position a phase of dx meets at each position of a window over dy. */
interface PhaseTaps {
  /** First position of the window relative to the coarse index. */
  readonly lowest: number;
  readonly length: number;
  /** [phase][window position] → kernel position, `undefined` where none. */
  readonly positions: readonly (readonly (number | undefined)[])[];
}

/** dx[i] = Σ_k w[k]·dy[(i + padding − k)/stride] over k for which the division is whole; i = stride·coarse + phase. */
function phaseTaps(kernel: number, stride: number, padding: number): PhaseTaps {
  const met = Array.from({ length: stride }, (_, phase) =>
    Array.from({ length: kernel }, (_, k) => ({ k, offset: (phase + padding - k) / stride })).filter(
      ({ offset }) => Number.isInteger(offset),
    ),
  );
  const offsets = met.flat().map(({ offset }) => offset);
  const lowest = Math.min(...offsets);
  const length = Math.max(...offsets) - lowest + 1;
  const positions = met.map((taps) =>
    Array.from({ length }, (_, i) => taps.find(({ offset }) => offset === lowest + i)?.k),
  );
  return { lowest, length, positions };
}

/** [phases, window]: the kernel voxel of each tap; the voxel after the last stands for none. */
function tapIndices(taps: readonly PhaseTaps[], kernel: Spatial, stride: Spatial): number[] {
  const none = kernel[0] * kernel[1] * kernel[2];
  const indices: number[] = [];
  for (const [d, h, w] of indicesBelow(stride)) {
    for (const [i, j, k] of indicesBelow(taps.map(({ length }) => length) as unknown as Spatial)) {
      const kd = taps[0].positions[d][i];
      const kh = taps[1].positions[h][j];
      const kw = taps[2].positions[w][k];
      const outside = kd === undefined || kh === undefined || kw === undefined;
      indices.push(outside ? none : (kd * kernel[1] + kh) * kernel[2] + kw);
    }
  }
  return indices;
}

function* indicesBelow(sizes: Spatial): Generator<Spatial> {
  for (let d = 0; d < sizes[0]; d++)
    for (let h = 0; h < sizes[1]; h++) for (let w = 0; w < sizes[2]; w++) yield [d, h, w];
}

/** [O, C, …] as [O/B, B, C/B, B, ...rest]. */
function splitWeights(
  writer: OnnxModelWriter,
  name: string,
  [outputs, inputs]: readonly number[],
  block: number,
  rest: readonly number[],
): string {
  const apart = [outputs / block, block, inputs / block, block, ...rest];
  return writer.node("Reshape", [name, writer.integers(apart)]);
}

function toWeights(
  writer: OnnxModelWriter,
  split: string,
  perm: readonly number[],
  outputs: number,
  stackedInputs: number,
  kernel: Spatial,
): string {
  const ordered = writer.node("Transpose", [split], { perm });
  return writer.node("Reshape", [ordered, writer.integers([outputs, stackedInputs, kernel[1], kernel[2]])]);
}

/** x [N, C, D, H, W] → blocked [N · D', outputs, H', W']. */
function convolveSlices(writer: OnnxModelWriter, x: LoweredValue, convolution: BlockedConvolution): string {
  const { weights, kernel, stride, before, size } = convolution;
  const [samples, channels, depth, height, width] = x.shape;
  const met = sliceIndices(depth, kernel[0], stride[0], before[0], size[0]);
  const slices = met.includes(depth) ? depth + 1 : depth;
  const bySlice = writer.node("Transpose", [x.name], { perm: [0, 2, 1, 3, 4] });
  // One slice of zeros at the end stands for all that lie outside.
  const zeros = writer.integers([0, 0, 0, 0, 0, 0, slices - depth, 0, 0, 0]);
  const padded = slices === depth ? bySlice : writer.node("Pad", [bySlice, zeros]);
  const flat = writer.node("Reshape", [padded, writer.integers([samples * slices, channels, height, width])]);
  const blocked = writer.node("ReorderInput", [flat], {}, BLOCKED_DOMAIN);
  const image = writer.integers([samples * size[0], kernel[0] * channels, height, width]);
  const inOrder = met.length === depth && met.every((slice, i) => slice === i);
  const rows = [samples, slices, channels * height * width];
  const gathered = inOrder ? blocked : stackSlices(writer, blocked, rows, met);
  const stacked = writer.node("Reshape", [gathered, image]);
  const after = [1, 2].map(
    (axis) => (size[axis] - 1) * stride[axis] + kernel[axis] - x.shape[axis + 2] - before[axis],
  );
  const attributes = {
    kernel_shape: [kernel[1], kernel[2]],
    strides: [stride[1], stride[2]],
    pads: [before[1], before[2], Math.max(0, after[0]), Math.max(0, after[1])],
  };
  return writer.node("Conv", [stacked, weights], attributes, BLOCKED_DOMAIN);
}

/** For each slice of the result and of the kernel the slice of the image, `depth` where it is outside. */
function sliceIndices(depth: number, kernel: number, stride: number, before: number, size: number): number[] {
  return Array.from({ length: size * kernel }, (_, i) => {
    const slice = Math.floor(i / kernel) * stride + (i % kernel) - before;
    return slice >= 0 && slice < depth ? slice : depth;
  });
}

function stackSlices(
  writer: OnnxModelWriter,
  blocked: string,
  shape: readonly number[],
  met: readonly number[],
): string {
  const rows = writer.node("Reshape", [blocked, writer.integers(shape)]);
  return writer.node("Gather", [rows, writer.integers(met)], { axis: 1 });
}

/** Blocked [N · D, C, H, W] → [N, C, D, H, W]. */
function fromBlocks(
  writer: OnnxModelWriter,
  blocked: string,
  samples: number,
  channels: number,
  [depth, height, width]: Spatial,
): string {
  const plain = writer.node("ReorderOutput", [blocked], { channels }, BLOCKED_DOMAIN);
  const bySlice = writer.integers([samples, depth, channels, height, width]);
  return writer.node("Transpose", [writer.node("Reshape", [plain, bySlice])], { perm: [0, 2, 1, 3, 4] });
}
