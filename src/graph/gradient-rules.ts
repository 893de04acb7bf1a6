/**
 * The reverse-mode derivative of each primitive: from the gradient of a result, the gradients of the operands, as
 * graph operations. A rule for a linear or bilinear primitive is made of the same family, so that convolutions can be
 * differentiated any number of times.
 */
import type { GraphBuilder, Value } from "./builder.ts";
import type { Attributes, Primitive, Shape } from "./primitives.ts";
import { elementCount } from "./shape-rules.ts";

/** What a rule works with. `gradient` has the shape of `result`. */
export interface GradientCall<P extends Primitive> {
  readonly builder: GraphBuilder;
  readonly attributes: Attributes[P];
  readonly operands: readonly Value[];
  readonly result: Value;
  readonly gradient: Value;
}

/** The gradient of each operand; `undefined` where it is zero everywhere or carried by another operand's. */
export type GradientRule<P extends Primitive> = (call: GradientCall<P>) => readonly (Value | undefined)[];

/** For a primitive whose derivative is not offered; asking for it is an error. */
export const NOT_DIFFERENTIABLE = "not differentiable";

/** For a primitive that is constant almost everywhere, or through which no gradient is to pass. */
const blocks = () => [];

/** Sums a gradient over the axes along which an operand of the given shape was repeated. */
function unbroadcast(builder: GraphBuilder, gradient: Value, shape: Shape): Value {
  const lead = gradient.shape.length - shape.length;
  const repeated = gradient.shape.flatMap((size, axis) =>
    size > 1 && (axis < lead || shape[axis - lead] === 1) ? [axis] : [],
  );
  const summed = repeated.length === 0 ? gradient : builder.sum(gradient, repeated);
  return builder.reshape(summed, shape);
}

/** A rule for a broadcasting primitive, from the gradients before the sums over repeated axes. */
function broadcasting<P extends "add" | "subtract" | "multiply" | "divide" | "maximum">(
  gradients: (call: GradientCall<P>) => readonly [Value, Value],
): GradientRule<P> {
  return (call) => gradients(call).map((full, i) => unbroadcast(call.builder, full, call.operands[i].shape));
}

/** Swaps the last two axes. */
function transposed(builder: GraphBuilder, x: Value): Value {
  const order = x.shape.map((_, axis) => axis);
  const last = order.length - 1;
  [order[last - 1], order[last]] = [order[last], order[last - 1]];
  return builder.transpose(x, order);
}

/** Spatial sizes of an image or kernel. */
function spatial({ shape }: Value): [number, number, number] {
  return [shape[2], shape[3], shape[4]];
}

/** Mean and 1/deviation of moments [2, N, C], each [N, C, 1, …] with the rank of x. */
function splitMoments(builder: GraphBuilder, moments: Value, x: Value): [Value, Value] {
  const [, n, c] = moments.shape;
  const shape = [n, c, ...x.shape.slice(2).map(() => 1)];
  const part = (i: number) => builder.reshape(builder.slice(moments, [i, 0, 0], [i + 1, n, c]), shape);
  return [part(0), part(1)];
}

function spatialAxes(x: Value): number[] {
  return x.shape.slice(2).map((_, i) => i + 2);
}

/** Whether `moments` are those of x, so that `normaliseInputGrad` carries the gradient through both. */
function areMomentsOf(builder: GraphBuilder, moments: Value, x: Value): boolean {
  const node = builder.nodeOf(moments);
  return node.kind === "operation" && node.primitive === "moments" && node.operands[0] === x.id;
}

const normaliseGradient: GradientRule<"normalise"> = ({ builder, operands, gradient }) => {
  const [x, moments, scale] = operands;
  const [, n, c] = moments.shape;
  const sums = builder.apply("normaliseSums", {}, x, moments, gradient);
  const overBatch = (i: number) =>
    builder.reshape(builder.sum(builder.slice(sums, [i, 0, 0], [i + 1, n, c]), [1]), [c]);
  const affine = [overBatch(1), overBatch(0)];
  if (areMomentsOf(builder, moments, x)) {
    const dx = builder.apply("normaliseInputGrad", {}, x, moments, scale, sums, gradient);
    return [dx, undefined, ...affine];
  }
  const [mean, rstd] = splitMoments(builder, moments, x);
  const wideScale = builder.reshape(scale, [1, c, ...x.shape.slice(2).map(() => 1)]);
  const scaled = builder.multiply(gradient, wideScale);
  const dx = builder.multiply(scaled, rstd);
  const axes = spatialAxes(x);
  const dMean = builder.negate(builder.sum(dx, axes));
  const dRstd = builder.sum(builder.multiply(scaled, builder.subtract(x, mean)), axes);
  const dMoments = builder.concat([builder.reshape(dMean, [1, n, c]), builder.reshape(dRstd, [1, n, c])], 0);
  return [dx, dMoments, ...affine];
};

/** d mean/dx = 1/M; d rstd/dx = −rstd³·(x − mean)/M, over M voxels. */
const momentsGradient: GradientRule<"moments"> = ({ builder, operands: [x], result, gradient }) => {
  const voxels = elementCount(x.shape.slice(2));
  const [mean, rstd] = splitMoments(builder, result, x);
  const [dMean, dRstd] = splitMoments(builder, gradient, x);
  const cube = builder.multiply(rstd, builder.multiply(rstd, rstd));
  const slope = builder.multiply(builder.multiply(dRstd, cube), -1 / voxels);
  const throughRstd = builder.multiply(builder.subtract(x, mean), slope);
  return [builder.add(throughRstd, builder.multiply(dMean, 1 / voxels))];
};

export const GRADIENT_RULES: { readonly [P in Primitive]: GradientRule<P> | typeof NOT_DIFFERENTIABLE } = {
  fill: blocks,
  add: broadcasting(({ gradient }) => [gradient, gradient]),
  subtract: broadcasting(({ builder, gradient }) => [gradient, builder.negate(gradient)]),
  multiply: broadcasting(({ builder, operands: [a, b], gradient }) => [
    builder.multiply(gradient, b),
    builder.multiply(gradient, a),
  ]),
  divide: broadcasting(({ builder, operands: [, b], result, gradient }) => {
    const da = builder.divide(gradient, b);
    return [da, builder.negate(builder.multiply(da, result))];
  }),
  /** Where both are equal each takes half, as in PyTorch. */
  maximum: broadcasting(({ builder, operands: [a, b], gradient }) => {
    const difference = builder.subtract(builder.greater(a, b), builder.greater(b, a));
    const share = builder.multiply(builder.add(difference, 1), 0.5);
    const da = builder.multiply(gradient, share);
    return [da, builder.subtract(gradient, da)];
  }),
  greater: blocks,
  exp: ({ builder, result, gradient }) => [builder.multiply(gradient, result)],
  log: ({ builder, operands: [x], gradient }) => [builder.divide(gradient, x)],
  sqrt: ({ builder, result, gradient }) => [builder.divide(builder.multiply(gradient, 0.5), result)],
  sigmoid: ({ builder, result, gradient }) => [
    builder.multiply(gradient, builder.multiply(result, builder.subtract(1, result))),
  ],
  leakyRelu: ({ builder, attributes: { slope }, result, gradient }) => [
    builder.leakyReluGrad(result, gradient, slope),
  ],
  leakyReluGrad: ({ builder, attributes: { slope }, operands: [y], gradient }) => [
    undefined,
    builder.leakyReluGrad(y, gradient, slope),
  ],
  stopGradient: blocks,
  sum: ({ builder, operands: [x], gradient }) => [builder.broadcast(gradient, x.shape)],
  /** Equal largest values share the gradient, as in PyTorch's `amax`. */
  max: ({ builder, attributes: { axes }, operands: [x], result, gradient }) => {
    const isLargest = builder.subtract(1, builder.greater(result, x));
    const share = builder.divide(isLargest, builder.sum(isLargest, axes));
    return [builder.multiply(share, gradient)];
  },
  reshape: ({ builder, operands: [x], gradient }) => [builder.reshape(gradient, x.shape)],
  transpose: ({ builder, attributes: { order }, gradient }) => [
    builder.transpose(
      gradient,
      order.map((_, axis) => order.indexOf(axis)),
    ),
  ],
  broadcast: ({ builder, operands: [x], gradient }) => [unbroadcast(builder, gradient, x.shape)],
  slice: ({ builder, attributes: { start, stop }, operands: [x], gradient }) => [
    builder.pad(
      gradient,
      start,
      x.shape.map((size, axis) => size - stop[axis]),
    ),
  ],
  pad: ({ builder, attributes: { before }, operands: [x], gradient }) => [
    builder.slice(
      gradient,
      before,
      x.shape.map((size, axis) => before[axis] + size),
    ),
  ],
  concat: ({ builder, attributes: { axis }, operands, gradient }) => {
    let offset = 0;
    return operands.map((part) => {
      const start = part.shape.map((_, i) => (i === axis ? offset : 0));
      offset += part.shape[axis];
      return builder.slice(
        gradient,
        start,
        part.shape.map((size, i) => (i === axis ? offset : size)),
      );
    });
  },
  matmul: ({ builder, operands: [a, b], gradient }) => [
    builder.matmul(gradient, transposed(builder, b)),
    builder.matmul(transposed(builder, a), gradient),
  ],
  conv: ({ builder, attributes, operands: [x, w], gradient }) => [
    builder.convInputGrad(gradient, w, { ...attributes, inputSize: spatial(x) }),
    builder.convWeightGrad(x, gradient, { ...attributes, kernel: spatial(w) }),
  ],
  convInputGrad: ({ builder, attributes: { stride, padding }, operands: [dy, w], gradient }) => [
    builder.conv(gradient, w, stride, padding),
    builder.convWeightGrad(gradient, dy, { stride, padding, kernel: spatial(w) }),
  ],
  convWeightGrad: ({ builder, attributes: { stride, padding }, operands: [x, dy], gradient }) => [
    builder.convInputGrad(dy, gradient, { stride, padding, inputSize: spatial(x) }),
    builder.conv(x, gradient, stride, padding),
  ],
  sumPool: ({ builder, attributes: { window }, gradient }) => [builder.repeat(gradient, window)],
  repeat: ({ builder, attributes: { factor }, gradient }) => [builder.sumPool(gradient, factor)],
  moments: momentsGradient,
  normalise: normaliseGradient,
  normaliseSums: NOT_DIFFERENTIABLE,
  normaliseInputGrad: NOT_DIFFERENTIABLE,
  oneHot: blocks,
};
