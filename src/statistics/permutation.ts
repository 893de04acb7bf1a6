/** Tests that exchange the scores of two models. */
import { UsageError } from "../domain/errors.ts";
import { type RandomKey, RandomStream } from "../domain/random.ts";
import { spearmanOfLevels } from "./correlation.ts";
import { type Levels, levelsOf, midRanks } from "./levels.ts";
import { aucOfLevels } from "./roc.ts";

export interface PermutationTest {
  /** `b − a` on the cases as they are. */
  readonly difference: number;
  /** (1 + permutations with a difference at least as large) / (1 + permutations), two-sided; never 0. */
  readonly p: number;
}

/** A measure of one model's mid-ranks, as levels. */
type Measure = (ranks: Levels) => number;

/**
 * Tests whether two scores of the same cases have the same AUC: each score is replaced by its mid-ranks, and under the null hypothesis of
 * exchangeable models the two ranks of any case may be swapped (Bandos, Rockette & Gur 2005, Stat Med 24:2873).
 *
 * @param a one finite score per case; a high score speaks for the positive class. @param b the same of the other model
 * @param positive 1 for a positive case; both classes occur
 * @throws {UsageError} `length-mismatch`, `permutations-invalid`, `value-not-finite`
 */
export function permutationTestOfAucs(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  positive: ArrayLike<number>,
  permutations: number,
  key: RandomKey,
): PermutationTest {
  return swapTest(a, b, positive.length, (ranks) => aucOfLevels(ranks, positive), permutations, key);
}

/**
 * Tests whether two scores of the same cases have the same rank correlation with an outcome, in the same way.
 *
 * @param outcome one finite value per case, not all equal
 * @throws {UsageError} `length-mismatch`, `permutations-invalid`, `value-not-finite`
 */
export function permutationTestOfCorrelations(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  outcome: ArrayLike<number>,
  permutations: number,
  key: RandomKey,
): PermutationTest {
  const outcomes = levelsOf(outcome);
  return swapTest(a, b, outcome.length, (ranks) => spearmanOfLevels(ranks, outcomes), permutations, key);
}

/** Differences closer than this to the observed one are equal to it but for rounding. */
const SAME = 1e-12;

function swapTest(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  cases: number,
  measure: Measure,
  permutations: number,
  key: RandomKey,
): PermutationTest {
  if (a.length !== cases || b.length !== cases) {
    throw new UsageError("length-mismatch", {
      found: `${a.length} and ${b.length} scores of ${cases} cases`,
      expected: "two scores per case",
    });
  }
  if (!(Number.isInteger(permutations) && permutations >= 100)) {
    throw new UsageError("permutations-invalid", {
      found: `${permutations} permutations`,
      expected: "a whole number from 100",
    });
  }
  // Levels of both models' ranks together: swapping needs no new sorting.
  const { of, count } = levelsOf([...midRanks(a), ...midRanks(b)]);
  const [levelsA, levelsB] = [of.slice(0, cases), of.slice(cases)];
  const difference = measure({ of: levelsB, count }) - measure({ of: levelsA, count });
  const stream = new RandomStream(key);
  const [swappedA, swappedB] = [levelsA.slice(), levelsB.slice()];
  let atLeast = 0;
  for (let permutation = 0; permutation < permutations; permutation++) {
    for (let i = 0; i < cases; i++) {
      const swap = stream.uint32() >= 2 ** 31;
      swappedA[i] = swap ? levelsB[i] : levelsA[i];
      swappedB[i] = swap ? levelsA[i] : levelsB[i];
    }
    const swapped = measure({ of: swappedB, count }) - measure({ of: swappedA, count });
    if (Math.abs(swapped) >= Math.abs(difference) - SAME) atLeast++;
  }
  return { difference, p: (1 + atLeast) / (1 + permutations) };
}
