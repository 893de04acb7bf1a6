/** Spearman's rank correlation. */
import { UsageError } from "../domain/errors.ts";
import { CONFIDENCE, type Interval, normalCriticalValue, twoSidedStudentP } from "./distributions.ts";
import { isConstant, type Levels, levelsOf, midRankOfLevel } from "./levels.ts";

export interface Correlation {
  readonly n: number;
  readonly rho: number;
  /** `null` below four cases. */
  readonly ci: Interval | null;
  /** Two-sided p of no correlation. */
  readonly p: number;
}

/** Cases below which a rank correlation means nothing. */
export const LEAST_CASES = 3;

/**
 * Pearson's correlation of mid-ranks where case `i` occurs `counts[i]` times (once, where absent). NaN where either
 * side is constant.
 */
export function spearmanOfLevels(x: Levels, y: Levels, counts?: Uint32Array): number {
  const xRanks = midRankOfLevel(x, counts);
  const yRanks = midRankOfLevel(y, counts);
  let cases = 0;
  for (let level = 0; level < x.count; level++) cases += xRanks.size[level];
  const mean = (cases + 1) / 2;
  for (let level = 0; level < x.count; level++) xRanks.rank[level] -= mean;
  for (let level = 0; level < y.count; level++) yRanks.rank[level] -= mean;
  let products = 0;
  for (let i = 0; i < x.of.length; i++) {
    const product = xRanks.rank[x.of[i]] * yRanks.rank[y.of[i]];
    products += counts === undefined ? product : counts[i] * product;
  }
  const squares = weightedSquares(xRanks) * weightedSquares(yRanks);
  if (!(squares > 0)) return Number.NaN;
  return Math.max(-1, Math.min(1, products / Math.sqrt(squares)));
}

function weightedSquares({ rank, size }: { rank: Float64Array; size: Float64Array }): number {
  let sum = 0;
  for (let level = 0; level < rank.length; level++) sum += size[level] * rank[level] ** 2;
  return sum;
}

/**
 * Interval of a rank correlation by Fisher's z with the standard error sqrt((1 + ρ²/2) / (n − 3)) (Bonett & Wright
 * 2000, Psychometrika 65:23). It has no width where |ρ| is 1.
 *
 * @returns `null` below four cases.
 */
export function spearmanInterval(rho: number, n: number, confidence = CONFIDENCE): Interval | null {
  if (n < 4) return null;
  const margin = normalCriticalValue(confidence) * Math.sqrt((1 + rho ** 2 / 2) / (n - 3));
  return [Math.tanh(Math.atanh(rho) - margin), Math.tanh(Math.atanh(rho) + margin)];
}

/** Two-sided p by Student's t on n − 2 degrees of freedom; 0 where |ρ| is 1. */
function spearmanP(rho: number, n: number): number {
  const t = rho * Math.sqrt((n - 2) / ((1 + rho) * (1 - rho)));
  return twoSidedStudentP(t, n - 2);
}

/** {@link spearman} of levels; `null` below three cases or where either side is constant. */
export function correlate(x: Levels, y: Levels, confidence = CONFIDENCE): Correlation | null {
  const n = x.of.length;
  if (n < LEAST_CASES || isConstant(x) || isConstant(y)) return null;
  const rho = spearmanOfLevels(x, y);
  return { n, rho, ci: spearmanInterval(rho, n, confidence), p: spearmanP(rho, n) };
}

/**
 * Spearman's correlation with mid-ranks for ties. The p-value is the t approximation that scipy.stats.spearmanr
 * makes too, exact neither with few cases nor with many ties; it is 0 where |ρ| is 1.
 *
 * @param x one finite value per case
 * @param y one finite value per case
 * @returns `null` where the correlation is undefined: below three cases, or one side constant.
 * @throws {UsageError} `value-not-finite`, `length-mismatch`.
 */
export function spearman(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  confidence = CONFIDENCE,
): Correlation | null {
  if (x.length !== y.length) {
    throw new UsageError("length-mismatch", {
      found: `${x.length} and ${y.length} values`,
      expected: "two values per case",
    });
  }
  return correlate(levelsOf(x), levelsOf(y), confidence);
}
