/**
 * Ordered values as tie levels. Every rank statistic here (AUC, DeLong, Spearman, their bootstraps) depends on
 * values only through their order and ties, so values are sorted once and each later step is a linear pass.
 */
import { UsageError } from "../domain/errors.ts";

/** Dense ranks: equal values share a level, and a higher value has a higher level. */
export interface Levels {
  /** Level of each case, in [0, count). A level may be empty after {@link subsetLevels}. */
  readonly of: Uint32Array;
  readonly count: number;
}

/**
 * The levels of finite values, in O(n log n).
 *
 * @param values one number per case
 * @throws {UsageError} `value-not-finite` for NaN or an infinity: missing values are the caller's to leave out.
 */
export function levelsOf(values: ArrayLike<number>): Levels {
  const sorted = Float64Array.from(values);
  for (let i = 0; i < sorted.length; i++) requireFinite(sorted[i], i);
  sorted.sort();
  let count = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (count === 0 || sorted[i] !== sorted[count - 1]) sorted[count++] = sorted[i];
  }
  const of = new Uint32Array(values.length);
  for (let i = 0; i < of.length; i++) of[i] = positionOf(values[i], sorted, count);
  return { of, count };
}

function requireFinite(value: number, row: number): void {
  if (Number.isFinite(value)) return;
  throw new UsageError("value-not-finite", {
    found: `the value of case ${row + 1} is ${value}`,
    expected: "finite numbers",
    remedy: "Leave out cases with missing values.",
  });
}

/** Index of a value among the first `count` of distinct ascending values that contain it. */
function positionOf(value: number, distinct: Float64Array, count: number): number {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (distinct[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The levels of some of the cases, in the order of `rows`. */
export function subsetLevels({ of, count }: Levels, rows: Uint32Array): Levels {
  const kept = new Uint32Array(rows.length);
  for (let i = 0; i < rows.length; i++) kept[i] = of[rows[i]];
  return { of: kept, count };
}

/** The levels of the negated values. */
export function negatedLevels({ of, count }: Levels): Levels {
  return { of: of.map((level) => count - 1 - level), count };
}

/** Whether all cases share one level. */
export function isConstant({ of }: Levels): boolean {
  return of.every((level) => level === of[0]);
}

/**
 * The mid-rank of each level where case `i` occurs `counts[i]` times (once, where `counts` is absent): ranks run
 * from 1 and tied cases share the mean of their ranks. The rank of an empty level is of no meaning.
 */
export function midRankOfLevel(
  { of, count }: Levels,
  counts?: Uint32Array,
): { readonly rank: Float64Array; readonly size: Float64Array } {
  const size = new Float64Array(count);
  for (let i = 0; i < of.length; i++) size[of[i]] += counts === undefined ? 1 : counts[i];
  const rank = new Float64Array(count);
  let before = 0;
  for (let level = 0; level < count; level++) {
    rank[level] = before + (size[level] + 1) / 2;
    before += size[level];
  }
  return { rank, size };
}

/** Mid-ranks of values, from 1, in the order of the values. */
export function midRanks(values: ArrayLike<number>): Float64Array {
  const levels = levelsOf(values);
  const { rank } = midRankOfLevel(levels);
  return Float64Array.from(levels.of, (level) => rank[level]);
}
