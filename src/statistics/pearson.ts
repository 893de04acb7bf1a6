/** Pearson's product-moment correlation. */
import { UsageError } from "../domain/errors.ts";
import { LEAST_CASES } from "./correlation.ts";
import { CONFIDENCE, type Interval, normalCriticalValue, twoSidedStudentP } from "./distributions.ts";
import { isConstant, levelsOf } from "./levels.ts";

export interface PearsonCorrelation {
  readonly n: number;
  readonly r: number;
  /** Fisher's z with the standard error 1 / √(n − 3); `null` below four cases. */
  readonly ci: Interval | null;
  /** Two-sided p of no correlation, by Student's t on n − 2 degrees of freedom. */
  readonly p: number;
}

/**
 * Pearson's correlation (Fisher 1915, Biometrika 10:507). Its interval and p assume normal variables.
 *
 * @param x one finite value per case
 * @param y one finite value per case
 * @returns `null` where the correlation is undefined: below three cases, or one side constant
 * @throws {UsageError} `length-mismatch`, `value-not-finite`
 */
export function pearson(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  confidence = CONFIDENCE,
): PearsonCorrelation | null {
  requirePairedValues(x, y);
  const n = x.length;
  // Asked of the values: sums of squares about a rounded mean are not 0 where all are equal.
  if (n < LEAST_CASES || isConstant(levelsOf(x)) || isConstant(levelsOf(y))) return null;
  const [meanX, meanY] = [meanOf(x), meanOf(y)];
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [dx, dy] = [x[i] - meanX, y[i] - meanY];
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  if (!(xx > 0 && yy > 0)) return null;
  const r = Math.max(-1, Math.min(1, xy / (Math.sqrt(xx) * Math.sqrt(yy))));
  const t = r * Math.sqrt((n - 2) / ((1 + r) * (1 - r)));
  return { n, r, ci: fisherInterval(r, n, confidence), p: twoSidedStudentP(t, n - 2) };
}

function fisherInterval(r: number, n: number, confidence: number): Interval | null {
  if (n < 4) return null;
  const margin = normalCriticalValue(confidence) / Math.sqrt(n - 3);
  return [Math.tanh(Math.atanh(r) - margin), Math.tanh(Math.atanh(r) + margin)];
}

function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

function requirePairedValues(x: ArrayLike<number>, y: ArrayLike<number>): void {
  if (x.length !== y.length) {
    throw new UsageError("length-mismatch", {
      found: `${x.length} and ${y.length} values`,
      expected: "two values per case",
    });
  }
  for (let i = 0; i < x.length; i++) {
    if (Number.isFinite(x[i]) && Number.isFinite(y[i])) continue;
    throw new UsageError("value-not-finite", {
      found: `case ${i + 1} has the values ${x[i]} and ${y[i]}`,
      expected: "finite numbers",
      remedy: "Leave out cases with missing values.",
    });
  }
}
