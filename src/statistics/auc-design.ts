/** How many cases the paired comparison of two AUCs needs, and what a given number can find. */
import { UsageError } from "../domain/errors.ts";
import { normalProbability, normalQuantile } from "./distributions.ts";

/** A planned paired comparison of two AUCs by a two-sided test. */
export interface AucDesign {
  readonly aucA: number;
  readonly aucB: number;
  /** Correlation of the two estimated AUCs, which share their cases; 0 for models measured on different cases. */
  readonly correlation: number;
  /** Share of positive cases, in (0, 1). */
  readonly prevalence: number;
  /** By default 0.05. */
  readonly alpha?: number;
}

/**
 * The standard error of an AUC (Hanley & McNeil 1982, Radiology 143:29), which depends on the AUC alone: exponential scores are its model,
 * and it errs on the side of more cases for others.
 *
 * @throws {UsageError} `design-invalid`
 */
export function hanleyMcNeilError(auc: number, positives: number, negatives: number): number {
  requireDesign(
    auc > 0 && auc < 1 && positives >= 1 && negatives >= 1,
    `AUC ${auc}, ${positives} and ${negatives} cases`,
  );
  const q1 = auc / (2 - auc);
  const q2 = (2 * auc ** 2) / (1 + auc);
  const numerator = auc * (1 - auc) + (positives - 1) * (q1 - auc ** 2) + (negatives - 1) * (q2 - auc ** 2);
  return Math.sqrt(numerator / (positives * negatives));
}

/**
 * The power of the test with `n` cases: Φ(|difference| / SE − z), SE² = SEa² + SEb² − 2·r·SEa·SEb (Hanley & McNeil 1983, Radiology 148:839).
 *
 * @throws {UsageError} `design-invalid`
 */
export function powerOfAucDifference(design: AucDesign, n: number): number {
  const { aucA, aucB, correlation, prevalence, alpha = 0.05 } = design;
  requireDesign(
    prevalence > 0 && prevalence < 1 && correlation > -1 && correlation < 1 && alpha > 0 && alpha < 1,
    `a prevalence of ${prevalence}, a correlation of ${correlation}, alpha ${alpha}`,
  );
  const [a, b] = [aucA, aucB].map((auc) => hanleyMcNeilError(auc, n * prevalence, n * (1 - prevalence)));
  const error = Math.sqrt(a ** 2 + b ** 2 - 2 * correlation * a * b);
  return normalProbability(Math.abs(aucB - aucA) / error - normalQuantile(1 - alpha / 2));
}

/** Cases beyond which no study of this kind will go. */
const MOST_CASES = 10_000_000;

/**
 * The fewest cases whose test has the power wished for.
 *
 * @throws {UsageError} `design-invalid` also where the AUCs are equal, or ten million cases are not enough
 */
export function casesForAucDifference(design: AucDesign, power = 0.8): number {
  requireDesign(
    power > 0 && power < 1 && design.aucA !== design.aucB,
    `power ${power} for AUCs ${design.aucA} and ${design.aucB}`,
  );
  let low = Math.ceil(1 / Math.min(design.prevalence, 1 - design.prevalence));
  let high = low;
  while (powerOfAucDifference(design, high) < power) {
    low = high;
    high *= 2;
    requireDesign(
      high <= MOST_CASES,
      `a difference of ${design.aucB - design.aucA}, which ${MOST_CASES} cases do not find`,
    );
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (powerOfAucDifference(design, middle) < power) low = middle;
    else high = middle;
  }
  return high;
}

function requireDesign(holds: boolean, found: string): void {
  if (holds) return;
  throw new UsageError("design-invalid", {
    found,
    expected: "AUCs, shares and error rates between 0 and 1, different AUCs, and a case of each class",
  });
}
