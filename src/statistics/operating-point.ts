/** Sensitivity and specificity at a threshold that was fixed on other cases. */
import { UsageError } from "../domain/errors.ts";
import { CONFIDENCE, type Interval, normalCriticalValue } from "./distributions.ts";
import { type RocPoint, rocCurve } from "./roc.ts";

/** A count of successes and what it says of their probability. */
export interface Proportion {
  readonly successes: number;
  readonly n: number;
  /** `null` where there is no case. */
  readonly value: number | null;
  /** Wilson's score interval, which holds its level with few cases (Agresti & Coull 1998); `null` where there is no case. */
  readonly ci: Interval | null;
}

export interface OperatingPoint {
  /** Cases with a score of at least this are called positive. */
  readonly threshold: number;
  readonly sensitivity: Proportion;
  readonly specificity: Proportion;
  readonly positivePredictiveValue: Proportion;
  readonly negativePredictiveValue: Proportion;
}

/** How a threshold is chosen on the training cases. */
export type ThresholdRule =
  | { readonly rule: "youden" }
  | { readonly rule: "sensitivity"; readonly atLeast: number }
  | { readonly rule: "specificity"; readonly atLeast: number };

/**
 * Chooses a threshold on training cases: the greatest sensitivity + specificity (Youden 1950), or the best of the other rate where one is
 * at least as asked. Of equally good thresholds the highest is taken.
 *
 * @param scores one finite score per case; a high score speaks for the positive class
 * @param positive whether each case is positive
 * @throws {UsageError} `threshold-rule-invalid`, and as `rocCurve`
 */
export function chooseThreshold(
  scores: ArrayLike<number>,
  positive: ArrayLike<boolean>,
  rule: ThresholdRule,
): number {
  if (rule.rule !== "youden" && !(rule.atLeast > 0 && rule.atLeast <= 1)) {
    throw new UsageError("threshold-rule-invalid", {
      found: `a ${rule.rule} of at least ${rule.atLeast}`,
      expected: "a number above 0, at most 1",
    });
  }
  const sensitivity = (point: RocPoint) => point.truePositiveRate;
  const specificity = (point: RocPoint) => 1 - point.falsePositiveRate;
  const admissible = rocCurve(scores, positive).filter(
    (point) =>
      point.threshold !== null &&
      (rule.rule === "youden" ||
        (rule.rule === "sensitivity" ? sensitivity : specificity)(point) >= rule.atLeast),
  );
  const worth = (point: RocPoint) =>
    rule.rule === "sensitivity"
      ? specificity(point)
      : rule.rule === "specificity"
        ? sensitivity(point)
        : sensitivity(point) + specificity(point);
  let best: RocPoint | undefined;
  for (const point of admissible) if (best === undefined || worth(point) > worth(best)) best = point;
  // No threshold among the scores is as specific as asked: one above them all calls no case positive.
  return best?.threshold ?? Number.POSITIVE_INFINITY;
}

/**
 * What a fixed threshold does on cases.
 *
 * @param scores one finite score per case. @param positive whether each case is positive
 * @throws {UsageError} `length-mismatch`
 */
export function operatingPoint(
  scores: ArrayLike<number>,
  positive: ArrayLike<boolean>,
  threshold: number,
  confidence = CONFIDENCE,
): OperatingPoint {
  if (scores.length !== positive.length) {
    throw new UsageError("length-mismatch", {
      found: `${scores.length} scores and ${positive.length} outcomes`,
      expected: "one outcome per score",
    });
  }
  let [truePositives, falsePositives, trueNegatives, falseNegatives] = [0, 0, 0, 0];
  for (let i = 0; i < scores.length; i++) {
    const called = scores[i] >= threshold;
    if (called && positive[i]) truePositives++;
    else if (called) falsePositives++;
    else if (positive[i]) falseNegatives++;
    else trueNegatives++;
  }
  return {
    threshold,
    sensitivity: proportion(truePositives, truePositives + falseNegatives, confidence),
    specificity: proportion(trueNegatives, trueNegatives + falsePositives, confidence),
    positivePredictiveValue: proportion(truePositives, truePositives + falsePositives, confidence),
    negativePredictiveValue: proportion(trueNegatives, trueNegatives + falseNegatives, confidence),
  };
}

/** A proportion with Wilson's interval (Wilson 1927, J Am Stat Assoc 22:209). */
export function proportion(successes: number, n: number, confidence = CONFIDENCE): Proportion {
  if (n === 0) return { successes, n, value: null, ci: null };
  const value = successes / n;
  const z = normalCriticalValue(confidence);
  const scale = 1 + z ** 2 / n;
  const centre = (value + z ** 2 / (2 * n)) / scale;
  const margin = (z * Math.sqrt((value * (1 - value)) / n + z ** 2 / (4 * n ** 2))) / scale;
  return { successes, n, value, ci: [Math.max(0, centre - margin), Math.min(1, centre + margin)] };
}
