/** ONNX nodes for each primitive. */
import type { Primitive } from "../../graph/primitives.ts";
import { elementCount } from "../../graph/shape-rules.ts";
import { lowerConv, lowerConvInputGrad, lowerConvWeightGrad } from "./convolution.ts";
import type { Lowering, LoweringCall } from "./lowering-call.ts";
import type { OnnxModelWriter } from "./model-writer.ts";
import {
  lowerMoments,
  lowerNormalise,
  lowerNormaliseInputGrad,
  lowerNormaliseSums,
} from "./normalisation.ts";

type Unattributed =
  | "add"
  | "subtract"
  | "multiply"
  | "divide"
  | "maximum"
  | "exp"
  | "log"
  | "sqrt"
  | "sigmoid";

/** The ONNX operator of the same meaning. */
function same<P extends Unattributed>(opType: string): Lowering<P> {
  return ({ writer, operands }) =>
    writer.node(
      opType,
      operands.map(({ name }) => name),
    );
}

/** A number as a tensor of rank 0. */
function scalar(writer: OnnxModelWriter, value: number): string {
  return writer.floats([value], []);
}

function reduction<P extends "sum" | "max">(opType: string): Lowering<P> {
  return ({ writer, attributes: { axes }, operands: [x] }) =>
    writer.node(opType, [x.name, writer.integers(axes)], { keepdims: 1 });
}

/** Each spatial axis of [N, C, D, H, W] split in two: [N·C, D/w, w, H/w, w, W/w, w]. */
function expandVoxels({
  writer,
  attributes: { factor },
  operands: [x],
  shape,
}: LoweringCall<"repeat">): string {
  const [n, c, ...size] = x.shape;
  const apart = writer.integers([n * c, ...size.flatMap((length) => [length, 1])]);
  const repeated = writer.integers([n * c, ...size.flatMap((length, axis) => [length, factor[axis]])]);
  const expanded = writer.node("Expand", [writer.node("Reshape", [x.name, apart]), repeated]);
  return writer.node("Reshape", [expanded, writer.integers(shape)]);
}

export const LOWERINGS: { readonly [P in Primitive]: Lowering<P> } = {
  fill: ({ writer, attributes: { shape, value } }) =>
    elementCount(shape) === 1
      ? writer.floats([value], shape)
      : writer.node("Expand", [scalar(writer, value), writer.integers(shape)]),
  add: same("Add"),
  subtract: same("Sub"),
  multiply: same("Mul"),
  divide: same("Div"),
  maximum: same("Max"),
  greater: ({ writer, operands: [a, b] }) =>
    writer.node("Cast", [writer.node("Greater", [a.name, b.name])], { to: 1 }),
  exp: same("Exp"),
  log: same("Log"),
  sqrt: same("Sqrt"),
  sigmoid: same("Sigmoid"),
  leakyRelu: ({ writer, attributes: { slope }, operands: [x] }) =>
    slope === 0
      ? writer.node("Relu", [x.name])
      : writer.node("LeakyRelu", [x.name], { alpha: { float: slope } }),
  leakyReluGrad: ({ writer, attributes: { slope }, operands: [y, dy] }) => {
    const positive = writer.node("Greater", [y.name, scalar(writer, 0)]);
    const other = slope === 0 ? scalar(writer, 0) : writer.node("Mul", [dy.name, scalar(writer, slope)]);
    return writer.node("Where", [positive, dy.name, other]);
  },
  stopGradient: ({ writer, operands: [x] }) => writer.node("Identity", [x.name]),
  sum: reduction("ReduceSum"),
  max: reduction("ReduceMax"),
  reshape: ({ writer, operands: [x], shape }) => writer.node("Reshape", [x.name, writer.integers(shape)]),
  transpose: ({ writer, attributes: { order }, operands: [x] }) =>
    writer.node("Transpose", [x.name], { perm: order }),
  broadcast: ({ writer, operands: [x], shape }) => writer.node("Expand", [x.name, writer.integers(shape)]),
  slice: ({ writer, attributes: { start, stop }, operands: [x] }) =>
    writer.node("Slice", [x.name, writer.integers(start), writer.integers(stop)]),
  pad: ({ writer, attributes: { before, after }, operands: [x] }) =>
    writer.node("Pad", [x.name, writer.integers([...before, ...after])]),
  concat: ({ writer, attributes: { axis }, operands }) =>
    writer.node(
      "Concat",
      operands.map(({ name }) => name),
      { axis },
    ),
  matmul: ({ writer, operands: [a, b] }) => writer.node("MatMul", [a.name, b.name]),
  conv: lowerConv,
  convInputGrad: lowerConvInputGrad,
  convWeightGrad: lowerConvWeightGrad,
  sumPool: ({ writer, attributes: { window }, operands: [x] }) => {
    const mean = writer.node("AveragePool", [x.name], { kernel_shape: window, strides: window });
    return writer.node("Mul", [mean, scalar(writer, elementCount(window))]);
  },
  repeat: expandVoxels,
  moments: lowerMoments,
  normalise: lowerNormalise,
  normaliseSums: lowerNormaliseSums,
  normaliseInputGrad: lowerNormaliseInputGrad,
  oneHot: ({ writer, attributes: { classes }, operands: [labels] }) => {
    const values = Array.from({ length: classes }, (_, label) => label);
    const numbers = writer.labels(values, [1, classes, ...labels.shape.slice(2).map(() => 1)]);
    return writer.node("Cast", [writer.node("Equal", [labels.name, numbers])], { to: 1 });
  },
};
