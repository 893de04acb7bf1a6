/** Whether acting on predictions would do more good than treating all or none. */
import { UsageError } from "../domain/errors.ts";

export interface DecisionPoint {
  /** Probability from which a case is treated, in (0, 1). */
  readonly threshold: number;
  readonly model: number;
  readonly treatAll: number;
  readonly treatNone: 0;
}

/**
 * Net benefit TP/n − FP/n · t/(1 − t) of treating the cases with a predicted probability of at least t, beside treating all and none
 * (Vickers & Elkin 2006, Med Decis Making 26:565).
 *
 * @param probabilities of the positive class, one per case, in [0, 1]
 * @param positive whether each case is positive
 * @param thresholds in (0, 1)
 * @throws {UsageError} `length-mismatch`, `probability-range`
 */
export function decisionCurve(
  probabilities: ArrayLike<number>,
  positive: ArrayLike<boolean>,
  thresholds: readonly number[],
): DecisionPoint[] {
  const n = probabilities.length;
  if (n === 0 || n !== positive.length) {
    throw new UsageError("length-mismatch", {
      found: `${n} probabilities and ${positive.length} outcomes`,
      expected: "one of each per case, for at least one case",
    });
  }
  requireAll(probabilities, (p) => p >= 0 && p <= 1, "probabilities from 0 to 1");
  requireAll(thresholds, (t) => t > 0 && t < 1, "thresholds between 0 and 1");
  return thresholds.map((threshold) => ({
    threshold,
    model: netBenefit(probabilities, positive, threshold),
    treatAll: netBenefit(new Float64Array(n).fill(1), positive, threshold),
    treatNone: 0,
  }));
}

function netBenefit(
  probabilities: ArrayLike<number>,
  positive: ArrayLike<boolean>,
  threshold: number,
): number {
  let [truePositives, falsePositives] = [0, 0];
  for (let i = 0; i < probabilities.length; i++) {
    if (probabilities[i] < threshold) continue;
    if (positive[i]) truePositives++;
    else falsePositives++;
  }
  return (truePositives - (falsePositives * threshold) / (1 - threshold)) / probabilities.length;
}

function requireAll(values: ArrayLike<number>, holds: (value: number) => boolean, expected: string): void {
  for (let i = 0; i < values.length; i++) {
    if (holds(values[i])) continue;
    throw new UsageError("probability-range", { found: `${values[i]} at ${i + 1}`, expected });
  }
}
