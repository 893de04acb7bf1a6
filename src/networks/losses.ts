/** Losses of segmentation, as parts of a graph. */
import type { GraphBuilder, Value } from "../graph/builder.ts";
import type { Shape } from "../graph/primitives.ts";

export interface SegmentationLossOptions {
  /**
   * Sums overlaps over the samples of a batch before dividing (`batch_dice` of nnU-Net), which is steadier where a patch may hold no
   * foreground; else each sample has its own Dice.
   */
  readonly batchDice: boolean;
}

export interface SegmentationLoss {
  /** Cross-entropy − mean soft Dice: a scalar of shape []. */
  readonly loss: Value;
  /** [3, classes − 1]: Σ p·y, Σ p and Σ y over the batch per foreground class, p being the probability and y the reference. */
  readonly overlap: Value;
}

/** Added to numerator and denominator of the Dice, as in nnU-Net. */
const SMOOTH = 1e-5;

/**
 * Soft Dice without background (Drozdzal et al. 2016, arXiv 1608.04117) and cross-entropy, added with equal weights: nnU-Net's loss
 * (`DC_and_CE_loss`). The softmax is taken after subtraction of the largest logit, so that no exponential overflows.
 *
 * @param logits [N, classes, D, H, W]
 * @param labels i32 [N, 1, D, H, W]; a label outside 0 … classes − 1 belongs to no class: it costs no cross-entropy
 */
export function segmentationLoss(
  b: GraphBuilder,
  logits: Value,
  labels: Value,
  { batchDice }: SegmentationLossOptions,
): SegmentationLoss {
  const [samples, classes, ...space] = logits.shape;
  const voxels = samples * space[0] * space[1] * space[2];
  const reference = b.oneHot(labels, classes); // [N, classes, D, H, W]

  const shifted = b.subtract(logits, b.stopGradient(b.max(logits, [1])));
  const exponentials = b.exp(shifted);
  const total = b.sum(exponentials, [1]); // [N, 1, D, H, W], at least 1
  const logProbabilities = b.subtract(shifted, b.log(total));
  const crossEntropy = b.multiply(b.sum(b.multiply(reference, logProbabilities)), -1 / voxels);

  const foreground = (x: Value) => b.slice(x, [0, 1, 0, 0, 0], x.shape);
  const probabilities = b.divide(foreground(exponentials), total); // [N, classes − 1, D, H, W]
  const wanted = foreground(reference);
  const perSample = (x: Value) => b.reshape(b.sum(x, [2, 3, 4]), [samples, classes - 1]);
  const sums = [perSample(b.multiply(probabilities, wanted)), perSample(probabilities), perSample(wanted)];
  const overBatch = sums.map((sum) => b.sum(sum, [0])); // each [1, classes − 1]
  const [intersection, predicted, present] = batchDice ? overBatch : sums;
  const dice = b.divide(b.add(b.multiply(intersection, 2), SMOOTH), b.add(b.add(predicted, present), SMOOTH));
  return {
    loss: b.scalar(b.subtract(flat(b, crossEntropy), flat(b, b.mean(dice)))),
    overlap: b.concat(overBatch, 0),
  };
}

/**
 * Weights of the resolutions in deep supervision, finest first: ½^i, the coarsest 0, adding up to 1 (nnU-Net). A single
 * resolution has all the weight.
 */
export function supervisionWeights(resolutions: number): number[] {
  if (resolutions === 1) return [1];
  const raw = Array.from({ length: resolutions }, (_, i) => (i === resolutions - 1 ? 0 : 0.5 ** i));
  const sum = raw.reduce((a, b) => a + b);
  return raw.map((weight) => weight / sum);
}

function flat(b: GraphBuilder, x: Value): Value {
  const one: Shape = [1];
  return b.reshape(x, one);
}
