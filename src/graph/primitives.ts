/**
 * The instruction set. A primitive is declared here once; each table over `Primitive` (shape rules, gradient
 * rules, lowerings) must have an entry for it, or it does not compile.
 *
 * Tensors are dense and row-major. Image tensors are [N, C, D, H, W]: batch, channels, slices, rows, columns.
 */

export type DType = "f32" | "i32";
export type Shape = readonly number[];
/** One number per spatial axis (D, H, W). */
export type Spatial = readonly [number, number, number];

/** Attributes of each primitive; its operands are in the comment. */
export interface Attributes {
  /** () → a constant tensor of one value. */
  fill: { readonly shape: Shape; readonly value: number };

  /** Element-wise with NumPy broadcasting: (a, b). `greater` gives 1 where a > b, else 0. */
  add: Record<never, never>;
  subtract: Record<never, never>;
  multiply: Record<never, never>;
  divide: Record<never, never>;
  maximum: Record<never, never>;
  greater: Record<never, never>;

  /** Element-wise: (x). */
  exp: Record<never, never>;
  log: Record<never, never>;
  sqrt: Record<never, never>;
  sigmoid: Record<never, never>;
  /** (x) → x where x > 0, else slope·x; slope 0 is ReLU. */
  leakyRelu: { readonly slope: number };
  /** (y, dy) → dy where y > 0, else slope·dy, y being the output of `leakyRelu` with a slope ≥ 0. */
  leakyReluGrad: { readonly slope: number };
  /** (x) → x, through which no gradient passes. */
  stopGradient: Record<never, never>;

  /** (x) → reduced over axes, which stay with size 1. */
  sum: { readonly axes: readonly number[] };
  max: { readonly axes: readonly number[] };

  /** (x) → the same elements in another shape. */
  reshape: { readonly shape: Shape };
  /** (x) → axes reordered: output axis i is input axis order[i]. */
  transpose: { readonly order: readonly number[] };
  /** (x) → repeated along axes of size 1. */
  broadcast: { readonly shape: Shape };
  /** (x) → elements start ≤ i < stop per axis. */
  slice: { readonly start: Shape; readonly stop: Shape };
  /** (x) → zeros before and after each axis. */
  pad: { readonly before: Shape; readonly after: Shape };
  /** (x, …) → joined along an axis. */
  concat: { readonly axis: number };

  /** (a [.., M, K], b [.., K, N]) → [.., M, N]; leading axes are equal. */
  matmul: Record<never, never>;

  /** (x [N, C, D, H, W], w [O, C, kd, kh, kw]) → [N, O, D', H', W'], zero padding on both sides. */
  conv: { readonly stride: Spatial; readonly padding: Spatial };
  /** (dy [N, O, D', H', W'], w [O, C, …]) → [N, C, ...inputSize]; also the transposed convolution. */
  convInputGrad: { readonly stride: Spatial; readonly padding: Spatial; readonly inputSize: Spatial };
  /** (x [N, C, …], dy [N, O, …]) → [O, C, ...kernel]. */
  convWeightGrad: { readonly stride: Spatial; readonly padding: Spatial; readonly kernel: Spatial };

  /** (x [N, C, D, H, W]) → sum over windows without overlap: [N, C, D/w, H/w, W/w]. */
  sumPool: { readonly window: Spatial };
  /** (x [N, C, D, H, W]) → each voxel repeated (nearest up-sampling). */
  repeat: { readonly factor: Spatial };

  /** (x [N, C, …]) → [2, N, C]: mean and 1/sqrt(variance + eps) of each channel of each sample. */
  moments: { readonly eps: number };
  /** (x [N, C, …], moments [2, N, C], scale [C], shift [C]) → (x − mean)·rstd·scale + shift. */
  normalise: Record<never, never>;
  /** (x, moments, dy) → [2, N, C]: Σ dy and Σ dy·x̂ over space, x̂ = (x − mean)·rstd. */
  normaliseSums: Record<never, never>;
  /** (x, moments, scale, sums, dy) → dx through `moments` and `normalise` together. */
  normaliseInputGrad: Record<never, never>;

  /** (labels i32 [N, 1, D, H, W]) → f32 [N, classes, D, H, W]; a label outside 0 … classes − 1 gives zeros. */
  oneHot: { readonly classes: number };
}

export type Primitive = keyof Attributes;
