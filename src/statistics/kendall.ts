/** Kendall's rank correlation. */
import { UsageError } from "../domain/errors.ts";
import { LEAST_CASES } from "./correlation.ts";
import { CONFIDENCE, type Interval, normalCriticalValue, twoSidedNormalP } from "./distributions.ts";
import { isConstant, type Levels, levelsOf } from "./levels.ts";

export interface KendallCorrelation {
  readonly n: number;
  /** τ-b, which allows for ties. */
  readonly tau: number;
  /** Fisher's z with the standard error √(0.437 / (n − 4)) (Fieller, Hartley & Pearson 1957); `null` below five cases. */
  readonly ci: Interval | null;
  /** Two-sided p of no correlation, by the normal approximation with ties. */
  readonly p: number;
}

/**
 * Kendall's τ-b in O(n log n) (Knight 1966, J Am Stat Assoc 61:436), with the variance under independence of Kendall (1970, Rank
 * Correlation Methods, 4th ed., sect. 4.9).
 *
 * @param x one finite value per case
 * @param y one finite value per case
 * @returns `null` where the correlation is undefined: below three cases, or one side constant
 * @throws {UsageError} `length-mismatch`, `value-not-finite`
 */
export function kendall(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  confidence = CONFIDENCE,
): KendallCorrelation | null {
  if (x.length !== y.length) {
    throw new UsageError("length-mismatch", {
      found: `${x.length} and ${y.length} values`,
      expected: "two values per case",
    });
  }
  const n = x.length;
  const [xLevels, yLevels] = [levelsOf(x), levelsOf(y)];
  if (n < LEAST_CASES || isConstant(xLevels) || isConstant(yLevels)) return null;
  const pairs = (n * (n - 1)) / 2;
  const [xTies, yTies] = [tieSums(xLevels), tieSums(yLevels)];
  const score =
    pairs - xTies.pairs - yTies.pairs + tiedInBoth(xLevels, yLevels) - 2 * discordant(xLevels, yLevels);
  const tau = score / (Math.sqrt(pairs - xTies.pairs) * Math.sqrt(pairs - yTies.pairs));
  return {
    n,
    tau,
    ci: interval(tau, n, confidence),
    p: twoSidedNormalP(score / Math.sqrt(varianceOfScore(n, xTies, yTies))),
  };
}

/** Over the groups of t tied values. */
interface TieSums {
  /** Σ t(t − 1)/2: tied pairs. */
  readonly pairs: number;
  /** Σ t(t − 1)(t − 2). */
  readonly triples: number;
  /** Σ t(t − 1)(2t + 5). */
  readonly weighted: number;
}

function tieSums({ of, count }: Levels): TieSums {
  const sizes = new Float64Array(count);
  for (const level of of) sizes[level]++;
  let [pairs, triples, weighted] = [0, 0, 0];
  for (const t of sizes) {
    pairs += (t * (t - 1)) / 2;
    triples += t * (t - 1) * (t - 2);
    weighted += t * (t - 1) * (2 * t + 5);
  }
  return { pairs, triples, weighted };
}

function varianceOfScore(n: number, x: TieSums, y: TieSums): number {
  const untied = n * (n - 1) * (2 * n + 5);
  return (
    (untied - x.weighted - y.weighted) / 18 +
    (2 * x.pairs * y.pairs) / (n * (n - 1)) +
    (x.triples * y.triples) / (9 * n * (n - 1) * (n - 2))
  );
}

function tiedInBoth(x: Levels, y: Levels): number {
  const sizes = new Map<number, number>();
  for (let i = 0; i < x.of.length; i++) {
    const cell = x.of[i] * y.count + y.of[i];
    sizes.set(cell, (sizes.get(cell) ?? 0) + 1);
  }
  let pairs = 0;
  for (const size of sizes.values()) pairs += (size * (size - 1)) / 2;
  return pairs;
}

/** Pairs with x and y in opposite orders, by counting the higher levels of y seen so far in a Fenwick tree (1994). */
function discordant(x: Levels, y: Levels): number {
  const order = Uint32Array.from(x.of, (_, i) => i).sort((a, b) => x.of[a] - x.of[b] || y.of[a] - y.of[b]);
  const tree = new Float64Array(y.count + 1);
  let pairs = 0;
  order.forEach((row, seen) => {
    const level = y.of[row];
    let atMost = 0;
    for (let i = level + 1; i > 0; i -= i & -i) atMost += tree[i];
    // Rows of the same x come in ascending y, so none of them counts.
    pairs += seen - atMost;
    for (let i = level + 1; i <= y.count; i += i & -i) tree[i]++;
  });
  return pairs;
}

function interval(tau: number, n: number, confidence: number): Interval | null {
  if (n < 5) return null;
  const margin = normalCriticalValue(confidence) * Math.sqrt(0.437 / (n - 4));
  return [Math.tanh(Math.atanh(tau) - margin), Math.tanh(Math.atanh(tau) + margin)];
}
