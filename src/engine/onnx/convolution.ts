/** ONNX nodes for the convolution family. */
import type { Spatial } from "../../graph/primitives.ts";
import { blockedConv, blockedInputGrad, fitsBlocks } from "./blocked-convolution.ts";
import { type LoweredValue, type Lowering, spatial } from "./lowering-call.ts";
import type { OnnxModelWriter } from "./model-writer.ts";
import { weightGradientByProducts } from "./weight-gradient.ts";

function swapFirstTwo(writer: OnnxModelWriter, name: string): string {
  return writer.node("Transpose", [name], { perm: [1, 0, 2, 3, 4] });
}

export const lowerConv: Lowering<"conv"> = (call) =>
  fitsBlocks(call, call.operands[1]) ? blockedConv(call) : plainConv(call);

const plainConv: Lowering<"conv"> = ({ writer, attributes: { stride, padding }, operands: [x, w] }) =>
  writer.node("Conv", [x.name, w.name], {
    kernel_shape: spatial(w),
    strides: stride,
    pads: [...padding, ...padding],
  });

/** With stride 1 it is a convolution with the kernel mirrored and its channels swapped. */
export const lowerConvInputGrad: Lowering<"convInputGrad"> = (call) => {
  const { writer, attributes, operands } = call;
  const [dy, w] = operands;
  if (fitsBlocks(call, w)) return blockedInputGrad(call);
  const kernel = spatial(w);
  const around = kernel.map((size, axis) => size - 1 - attributes.padding[axis]);
  if (attributes.stride.some((step) => step !== 1) || around.some((zeros) => zeros < 0))
    return call.target.transposedConvolution ? transposedConv(call) : spreadConv(call);
  const mirrored = swapFirstTwo(writer, mirror(writer, w));
  return writer.node("Conv", [dy.name, mirrored], { kernel_shape: kernel, pads: [...around, ...around] });
};

/** w [O, C, …kernel] with its voxels in reverse order. */
function mirror(writer: OnnxModelWriter, w: LoweredValue): string {
  const count = w.shape[2] * w.shape[3] * w.shape[4];
  if (count === 1) return w.name;
  // Voxels are moved outwards and back, because the runtime copies long rows much faster than single numbers.
  const rows = writer.node("Reshape", [w.name, writer.integers([-1, count])]);
  const voxels = writer.node("Transpose", [rows], { perm: [1, 0] });
  const reverse = writer.integers(Array.from({ length: count }, (_, i) => count - 1 - i));
  const reversed = writer.node("Gather", [voxels, reverse], { axis: 0 });
  return writer.node("Reshape", [
    writer.node("Transpose", [reversed], { perm: [1, 0] }),
    writer.integers(w.shape),
  ]);
}

const transposedConv: Lowering<"convInputGrad"> = ({ writer, attributes, operands: [dy, w] }) => {
  const { stride, padding, inputSize } = attributes;
  const kernel = spatial(w);
  const rest = inputSize.map(
    (size, axis) => size - ((dy.shape[axis + 2] - 1) * stride[axis] - 2 * padding[axis] + kernel[axis]),
  );
  return writer.node("ConvTranspose", [dy.name, w.name], {
    kernel_shape: kernel,
    strides: stride,
    pads: [...padding, ...padding],
    output_padding: rest,
  });
};

/** dy with zeros between its voxels, convolved with the kernel mirrored and its channels swapped. */
const spreadConv: Lowering<"convInputGrad"> = ({ writer, attributes, operands: [dy, w] }) => {
  const { stride, padding, inputSize } = attributes;
  const kernel = spatial(w);
  const [samples, channels, ...size] = dy.shape;
  const apart = writer.integers([samples * channels, ...size.flatMap((length) => [length, 1])]);
  const voxels = writer.node("Reshape", [dy.name, apart]);
  const spread = writer.node("Pad", [voxels, writer.integers(zerosAfter(stride))]);
  const lengths = size.map((length, axis) => length * stride[axis]);
  const whole = writer.node("Reshape", [spread, writer.integers([samples, channels, ...lengths])]);
  const before = kernel.map((length, axis) => length - 1 - padding[axis]);
  const after = inputSize.map((length, axis) => length + kernel[axis] - 1 - lengths[axis] - before[axis]);
  // Pads may be negative, which cuts.
  const placed = writer.node("Pad", [whole, writer.integers([0, 0, ...before, 0, 0, ...after])]);
  return writer.node("Conv", [placed, swapFirstTwo(writer, mirror(writer, w))], { kernel_shape: kernel });
};

/** Pads of [M, D, 1, H, 1, W, 1]: stride − 1 zeros after each axis of size 1. */
function zerosAfter(stride: Spatial): number[] {
  return [...Array(7).fill(0), 0, ...stride.flatMap((step) => [0, step - 1])];
}

export const lowerConvWeightGrad: Lowering<"convWeightGrad"> = (call) =>
  call.target.runtimeOperators ? weightGradientByProducts(call) : weightGradientByConvolution(call);

/** A convolution of x by dy with batch and channels swapped; the stride becomes a dilation of dy. */
const weightGradientByConvolution: Lowering<"convWeightGrad"> = ({
  writer,
  attributes,
  operands: [x, dy],
  shape,
}) => {
  const { stride, padding, kernel } = attributes;
  const result = writer.node("Conv", [swapFirstTwo(writer, x.name), swapFirstTwo(writer, dy.name)], {
    kernel_shape: spatial(dy),
    dilations: stride,
    pads: [...padding, ...padding],
  });
  const full = kernel.map(
    (_, axis) => x.shape[axis + 2] + 2 * padding[axis] - (dy.shape[axis + 2] - 1) * stride[axis],
  );
  const swapped = swapFirstTwo(writer, result);
  if (full.every((size, axis) => size === kernel[axis])) return swapped;
  return writer.node("Slice", [swapped, writer.integers([0, 0, 0, 0, 0]), writer.integers(shape)]);
};
