/** The layers that the networks are made of. Each makes its own parameters, named below a prefix. */
import type { GraphBuilder, Value } from "../graph/builder.ts";
import type { Spatial } from "../graph/primitives.ts";

/** Slope of the leaky rectifiers and of the initialisation that belongs to them. */
const LEAKY_SLOPE = 0.01;
const NORM_EPS = 1e-5;

/** Standard deviation of He's initialisation for a leaky rectifier (He et al. 2015, arXiv 1502.01852, eq. 15). */
function heDeviation(fanIn: number): number {
  return Math.sqrt(2 / ((1 + LEAKY_SLOPE ** 2) * fanIn));
}

export interface BlockShape {
  readonly channels: number;
  readonly kernel: Spatial;
  readonly stride: Spatial;
}

/**
 * Convolution with "same" padding for odd kernels, instance normalisation, leaky rectifier.
 *
 * The convolution has no bias: the normalisation would take it away again.
 *
 * @param x [N, C, D, H, W]
 * @returns [N, channels, D/stride, H/stride, W/stride]
 */
export function convolutionBlock(b: GraphBuilder, name: string, x: Value, shape: BlockShape): Value {
  return b.leakyRelu(normalisedConvolution(b, name, x, shape), LEAKY_SLOPE);
}

/**
 * Two convolutions with a skip around them (`BasicBlockD` of nnU-Net's residual encoder, ResNet-D: He T. et al. 2019, arXiv 1812.01187):
 * the skip is averaged over the stride, and passes a 1x1x1 convolution and a normalisation where the number of channels changes. As in
 * nnU-Net, the second normalisation begins with a scale of 0, so that a block begins as its skip.
 *
 * @param x [N, C, D, H, W]
 * @returns [N, channels, D/stride, H/stride, W/stride]
 */
export function residualBlock(b: GraphBuilder, name: string, x: Value, shape: BlockShape): Value {
  const inner = convolutionBlock(b, `${name}.0`, x, shape);
  const outer = normalisedConvolution(b, `${name}.1`, inner, { ...shape, stride: [1, 1, 1] }, 0);
  const pooled = volume(shape.stride) === 1 ? x : b.meanPool(x, shape.stride);
  const skip =
    x.shape[1] === shape.channels
      ? pooled
      : normalisedPointConvolution(b, `${name}.skip`, pooled, shape.channels);
  return b.leakyRelu(b.add(outer, skip), LEAKY_SLOPE);
}

/** Convolution with "same" padding and instance normalisation, no rectifier. */
function normalisedConvolution(
  b: GraphBuilder,
  name: string,
  x: Value,
  { channels, kernel, stride }: BlockShape,
  initialScale = 1,
): Value {
  const inputs = x.shape[1];
  const weight = b.state(`${name}.conv.weight`, [channels, inputs, ...kernel], {
    kind: "normal",
    standardDeviation: heDeviation(inputs * volume(kernel)),
  });
  const convolved = b.conv(x, weight, stride, samePadding(kernel));
  const scale = b.state(`${name}.norm.scale`, [channels], { kind: "constant", value: initialScale });
  const shift = b.state(`${name}.norm.shift`, [channels], { kind: "constant", value: 0 });
  return b.instanceNorm(convolved, scale, shift, NORM_EPS);
}

/**
 * Transposed convolution whose kernel is its stride, with bias.
 *
 * @param x [N, C, D, H, W]
 * @returns [N, channels, D·stride, H·stride, W·stride]
 */
export function upConvolution(
  b: GraphBuilder,
  name: string,
  x: Value,
  { channels, stride }: { channels: number; stride: Spatial },
): Value {
  // As in nnU-Net: PyTorch takes the second axis, here the outputs, for the fan-in of a transposed convolution.
  const weight = b.state(`${name}.weight`, [x.shape[1], channels, ...stride], {
    kind: "normal",
    standardDeviation: heDeviation(channels * volume(stride)),
  });
  return addBias(b, name, b.upConv(x, weight));
}

/**
 * 1x1x1 convolution with bias.
 *
 * @param x [N, C, D, H, W]
 * @returns [N, channels, D, H, W]
 */
export function pointConvolution(b: GraphBuilder, name: string, x: Value, channels: number): Value {
  const weight = b.state(`${name}.weight`, [channels, x.shape[1], 1, 1, 1], {
    kind: "normal",
    standardDeviation: heDeviation(x.shape[1]),
  });
  return addBias(b, name, b.conv(x, weight, [1, 1, 1], [0, 0, 0]));
}

/**
 * Convolution whose kernel is its stride, without bias.
 *
 * @param x [N, C, D, H, W]
 * @returns [N, channels, D/stride, H/stride, W/stride]
 */
export function strideConvolution(
  b: GraphBuilder,
  name: string,
  x: Value,
  { channels, stride }: { channels: number; stride: Spatial },
): Value {
  const weight = b.state(`${name}.weight`, [channels, x.shape[1], ...stride], {
    kind: "normal",
    standardDeviation: heDeviation(x.shape[1] * volume(stride)),
  });
  return b.conv(x, weight, stride, [0, 0, 0]);
}

/**
 * 1x1x1 convolution without bias and instance normalisation, no rectifier.
 *
 * @param x [N, C, D, H, W]
 * @returns [N, channels, D, H, W]
 */
export function normalisedPointConvolution(b: GraphBuilder, name: string, x: Value, channels: number): Value {
  return normalisedConvolution(b, name, x, { channels, kernel: [1, 1, 1], stride: [1, 1, 1] });
}

function addBias(b: GraphBuilder, name: string, x: Value): Value {
  const channels = x.shape[1];
  const bias = b.state(`${name}.bias`, [channels], { kind: "constant", value: 0 });
  return b.add(x, b.reshape(bias, [1, channels, 1, 1, 1]));
}

function samePadding(kernel: Spatial): Spatial {
  return [(kernel[0] - 1) / 2, (kernel[1] - 1) / 2, (kernel[2] - 1) / 2];
}

function volume(sizes: Spatial): number {
  return sizes[0] * sizes[1] * sizes[2];
}
