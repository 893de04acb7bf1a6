/** The receiver operating characteristic. A high score speaks for the positive class. */
import { UsageError } from "../domain/errors.ts";
import { type Levels, levelsOf } from "./levels.ts";

/** One operating point: cases with a score of at least `threshold` are called positive. */
export interface RocPoint {
  /** `null` at the corner where no case is called positive. */
  readonly threshold: number | null;
  readonly falsePositiveRate: number;
  readonly truePositiveRate: number;
}

/** Cases of each class at each level. */
interface ClassCounts {
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
  readonly positiveTotal: number;
  readonly negativeTotal: number;
}

/**
 * Counts the classes at each level.
 *
 * @param positive 1 or `true` for a positive case, one per case
 * @param counts how often each case occurs; once, where absent
 */
export function classCounts(levels: Levels, positive: ArrayLike<number>, counts?: Uint32Array): ClassCounts {
  const positives = new Float64Array(levels.count);
  const negatives = new Float64Array(levels.count);
  let positiveTotal = 0;
  let negativeTotal = 0;
  for (let i = 0; i < levels.of.length; i++) {
    const weight = counts === undefined ? 1 : counts[i];
    if (positive[i]) {
      positives[levels.of[i]] += weight;
      positiveTotal += weight;
    } else {
      negatives[levels.of[i]] += weight;
      negativeTotal += weight;
    }
  }
  return { positives, negatives, positiveTotal, negativeTotal };
}

/**
 * The area under the ROC curve of levels: P(positive > negative) + P(tie) / 2 (Mann–Whitney; Hanley & McNeil 1982).
 * NaN where a class is empty: callers check the classes.
 */
export function aucOfLevels(levels: Levels, positive: ArrayLike<number>, counts?: Uint32Array): number {
  const { positives, negatives, positiveTotal, negativeTotal } = classCounts(levels, positive, counts);
  let wins = 0;
  let negativesBelow = 0;
  for (let level = 0; level < levels.count; level++) {
    wins += positives[level] * (negativesBelow + negatives[level] / 2);
    negativesBelow += negatives[level];
  }
  return wins / (positiveTotal * negativeTotal);
}

/**
 * The area under the ROC curve, ties counting one half, in O(n log n).
 *
 * @param scores one finite score per case; a high score speaks for the positive class
 * @param positive whether each case is positive
 * @throws {UsageError} `value-not-finite`, `length-mismatch`, `class-missing` where a class has no case.
 */
export function auc(scores: ArrayLike<number>, positive: ArrayLike<boolean>): number {
  return aucOfLevels(levelsOf(scores), classesOf(scores.length, positive));
}

/**
 * The ROC curve from (0, 0) to (1, 1), one point per distinct score: tied cases enter together, so a tie between
 * the classes is a slope, not a step.
 *
 * @param scores one finite score per case; a high score speaks for the positive class
 * @param positive whether each case is positive
 * @throws {UsageError} as {@link auc}.
 */
export function rocCurve(scores: ArrayLike<number>, positive: ArrayLike<boolean>): RocPoint[] {
  const levels = levelsOf(scores);
  const classes = classesOf(scores.length, positive);
  const { positives, negatives, positiveTotal, negativeTotal } = classCounts(levels, classes);
  const thresholds = new Float64Array(levels.count);
  for (let i = 0; i < levels.of.length; i++) thresholds[levels.of[i]] = scores[i];
  const points: RocPoint[] = [{ threshold: null, falsePositiveRate: 0, truePositiveRate: 0 }];
  let truePositives = 0;
  let falsePositives = 0;
  for (let level = levels.count - 1; level >= 0; level--) {
    truePositives += positives[level];
    falsePositives += negatives[level];
    points.push({
      threshold: thresholds[level],
      falsePositiveRate: falsePositives / negativeTotal,
      truePositiveRate: truePositives / positiveTotal,
    });
  }
  return points;
}

/** Checks that there is one class per case and that both classes occur; returns 1 for positive cases. */
export function classesOf(cases: number, positive: ArrayLike<boolean>): Uint8Array {
  if (positive.length !== cases) {
    throw new UsageError("length-mismatch", {
      found: `${cases} scores and ${positive.length} outcomes`,
      expected: "one outcome per score",
    });
  }
  const classes = Uint8Array.from(positive, (isPositive) => (isPositive ? 1 : 0));
  const total = classes.reduce((sum, value) => sum + value, 0);
  if (total === 0 || total === cases) {
    throw new UsageError("class-missing", {
      found: `${total} positive and ${cases - total} negative cases`,
      expected: "at least one of each",
    });
  }
  return classes;
}
