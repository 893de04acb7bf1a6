/** Tests against a margin: whether a difference is too small, or too little for the worse, to matter. */
import { UsageError } from "../domain/errors.ts";
import { type Interval, normalProbability, normalQuantile } from "./distributions.ts";

/** A difference with its standard error, from a test whose statistic is normal. */
export interface EstimatedDifference {
  readonly difference: number;
  readonly standardError: number;
}

export interface MarginTest {
  readonly margin: number;
  /** One-sided p of the null hypothesis that the difference reaches the margin. */
  readonly p: number;
  /** The interval whose being inside the margin is the test at α: 1 − 2α, both sides. */
  readonly ci: Interval;
}

/**
 * Equivalence by two one-sided tests (Schuirmann 1987, J Pharmacokinet Biopharm 15:657): the difference lies between −margin and margin
 * where p < α, or, which is the same, where the interval of confidence 1 − 2α does.
 *
 * @throws {UsageError} `margin-invalid`
 */
export function equivalenceTest(estimate: EstimatedDifference, margin: number, alpha = 0.05): MarginTest {
  requireMargin(margin, estimate);
  const p = Math.max(oneSidedP(estimate, -margin), oneSidedP(negated(estimate), -margin));
  return { margin, p, ci: interval(estimate, alpha) };
}

/**
 * Non-inferiority: the difference is not below −margin, where a higher value is better.
 *
 * @throws {UsageError} `margin-invalid`
 */
export function nonInferiorityTest(estimate: EstimatedDifference, margin: number, alpha = 0.05): MarginTest {
  requireMargin(margin, estimate);
  return { margin, p: oneSidedP(estimate, -margin), ci: interval(estimate, alpha) };
}

/** P of a difference at least so large where the true one is `bound`. */
function oneSidedP({ difference, standardError }: EstimatedDifference, bound: number): number {
  if (standardError > 0) return normalProbability((bound - difference) / standardError);
  return difference > bound ? 0 : 1;
}

function negated({ difference, standardError }: EstimatedDifference): EstimatedDifference {
  return { difference: -difference, standardError };
}

function interval({ difference, standardError }: EstimatedDifference, alpha: number): Interval {
  const reach = normalQuantile(1 - alpha) * standardError;
  return [difference - reach, difference + reach];
}

function requireMargin(margin: number, { standardError }: EstimatedDifference): void {
  if (margin > 0 && Number.isFinite(margin) && standardError >= 0) return;
  throw new UsageError("margin-invalid", {
    found: `a margin of ${margin} and a standard error of ${standardError}`,
    expected: "a positive margin, and a standard error that is not negative",
  });
}
