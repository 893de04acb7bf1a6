/**
 * The nonparametric variance of AUCs (DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837) in linear time
 * after sorting (Sun & Xu 2014, IEEE Signal Process Lett 21:1389).
 *
 * DeLong's test of a difference fails for nested models that were developed on the very cases they are compared
 * on (Demler 2012, Stat Med 31:2577); fixed models on external cases are sound.
 */
import { UsageError } from "../domain/errors.ts";
import { CONFIDENCE, type Interval, normalCriticalValue, twoSidedNormalP } from "./distributions.ts";
import { type Levels, levelsOf } from "./levels.ts";
import { classCounts, classesOf } from "./roc.ts";

/** An AUC with the part of it that each case holds. */
export interface Placements {
  readonly auc: number;
  /**
   * For a positive case the share of negatives below it, for a negative case the share of positives above it,
   * ties counting one half. The mean over either class is the AUC.
   */
  readonly ofCase: Float64Array;
  /** 1 for a positive case. */
  readonly positive: Uint8Array;
  readonly positives: number;
  readonly negatives: number;
}

/** A standard error up to here is a rounding error: one tie among 10⁶ cases already gives 10⁻¹². */
const ZERO_STANDARD_ERROR = 1e-13;

/** The structural components V10 and V01 of DeLong, from levels. Both classes must occur. */
export function placementsOfLevels(levels: Levels, positive: Uint8Array): Placements {
  const { positives, negatives, positiveTotal, negativeTotal } = classCounts(levels, positive);
  const ofPositive = new Float64Array(levels.count);
  const ofNegative = new Float64Array(levels.count);
  let negativesBelow = 0;
  let positivesAbove = positiveTotal;
  let wins = 0;
  for (let level = 0; level < levels.count; level++) {
    positivesAbove -= positives[level];
    const below = negativesBelow + negatives[level] / 2;
    wins += positives[level] * below;
    ofPositive[level] = below / negativeTotal;
    ofNegative[level] = (positivesAbove + positives[level] / 2) / positiveTotal;
    negativesBelow += negatives[level];
  }
  const ofCase = new Float64Array(levels.of.length);
  for (let i = 0; i < ofCase.length; i++) ofCase[i] = (positive[i] ? ofPositive : ofNegative)[levels.of[i]];
  return {
    auc: wins / (positiveTotal * negativeTotal),
    ofCase,
    positive,
    positives: positiveTotal,
    negatives: negativeTotal,
  };
}

/**
 * The structural components of one score.
 *
 * @param scores one finite score per case; a high score speaks for the positive class
 * @param positive whether each case is positive
 * @throws {UsageError} `value-not-finite`, `length-mismatch`, `class-missing`.
 */
export function placements(scores: ArrayLike<number>, positive: ArrayLike<boolean>): Placements {
  return placementsOfLevels(levelsOf(scores), classesOf(scores.length, positive));
}

/**
 * The covariance matrix of the AUCs of several scores of the same cases.
 *
 * @returns row by row; `null` where a class has fewer than two cases, which leaves its variance unknown.
 */
export function aucCovariance(models: readonly Placements[]): number[][] | null {
  if (models.some((model) => model.positives < 2 || model.negatives < 2)) return null;
  return models.map((a) => models.map((b) => covariance(a, b)));
}

/** The variance of one AUC; `null` where a class has fewer than two cases. */
export function aucVariance(model: Placements): number | null {
  return aucCovariance([model])?.[0][0] ?? null;
}

function covariance(a: Placements, b: Placements): number {
  requireSameCases(a, b);
  let ofPositives = 0;
  let ofNegatives = 0;
  for (let i = 0; i < a.ofCase.length; i++) {
    const product = (a.ofCase[i] - a.auc) * (b.ofCase[i] - b.auc);
    if (a.positive[i]) ofPositives += product;
    else ofNegatives += product;
  }
  return combine(ofPositives, ofNegatives, a);
}

function combine(ofPositives: number, ofNegatives: number, { positives, negatives }: Placements): number {
  return ofPositives / (positives - 1) / positives + ofNegatives / (negatives - 1) / negatives;
}

function requireSameCases(a: Placements, b: Placements): void {
  if (a.positive === b.positive) return;
  if (a.positive.length === b.positive.length && a.positive.every((value, i) => value === b.positive[i]))
    return;
  throw new UsageError("length-mismatch", {
    found: "two scores of different cases",
    expected: "paired scores of the same cases in the same order",
    remedy: "Compare scores of different cases with the unpaired test.",
  });
}

/** How to make the interval of one AUC. */
export type AucIntervalMethod = "wald" | "logit";

const INTERVALS: Readonly<Record<AucIntervalMethod, (auc: number, margin: number) => Interval>> = {
  wald: (auc, margin) => [Math.max(0, auc - margin), Math.min(1, auc + margin)],
  logit: (auc, margin) => {
    const logit = Math.log(auc / (1 - auc));
    const logitMargin = margin / (auc * (1 - auc));
    return [1 / (1 + Math.exp(logitMargin - logit)), 1 / (1 + Math.exp(-logitMargin - logit))];
  },
};

/**
 * The confidence interval of one AUC: Wald clipped to [0, 1], or Wald on the logit scale (Pepe 2003, sect. 5.2).
 * It has no width where the AUC is 0 or 1, because DeLong's variance is then 0: say so beside it.
 *
 * @returns `null` where a class has fewer than two cases.
 */
export function aucInterval(
  model: Placements,
  method: AucIntervalMethod = "wald",
  confidence = CONFIDENCE,
): Interval | null {
  const variance = aucVariance(model);
  if (variance === null) return null;
  if (Math.sqrt(variance) <= ZERO_STANDARD_ERROR) return [model.auc, model.auc];
  return INTERVALS[method](model.auc, normalCriticalValue(confidence) * Math.sqrt(variance));
}

/** A difference of two AUCs, second minus first. */
export interface AucDifference {
  readonly difference: number;
  readonly standardError: number;
  /** Wald interval clipped to [−1, 1]. */
  readonly ci: Interval;
  /** `null`, as `p`, where the difference is not 0 but its estimated variance is: no test is possible. */
  readonly z: number | null;
  readonly p: number | null;
}

/**
 * DeLong's paired test of two scores of the same cases. Curves with equal placements give z = 0 and p = 1.
 *
 * @returns the difference `b − a`; `null` where a class has fewer than two cases.
 * @throws {UsageError} `length-mismatch` where the cases are not the same.
 */
export function delongPaired(a: Placements, b: Placements, confidence = CONFIDENCE): AucDifference | null {
  requireSameCases(a, b);
  if (a.positives < 2 || a.negatives < 2) return null;
  const difference = b.auc - a.auc;
  // The variance of the differences themselves, not var(a) + var(b) − 2 cov: it does not cancel.
  let ofPositives = 0;
  let ofNegatives = 0;
  for (let i = 0; i < a.ofCase.length; i++) {
    const deviation = b.ofCase[i] - a.ofCase[i] - difference;
    if (a.positive[i]) ofPositives += deviation * deviation;
    else ofNegatives += deviation * deviation;
  }
  return testOf(difference, combine(ofPositives, ofNegatives, a), confidence);
}

/**
 * The unpaired test of two scores of different cases.
 *
 * @returns the difference `b − a`; `null` where a class of either has fewer than two cases.
 */
export function delongUnpaired(a: Placements, b: Placements, confidence = CONFIDENCE): AucDifference | null {
  const [varianceA, varianceB] = [aucVariance(a), aucVariance(b)];
  if (varianceA === null || varianceB === null) return null;
  return testOf(b.auc - a.auc, varianceA + varianceB, confidence);
}

function testOf(difference: number, variance: number, confidence: number): AucDifference {
  const standardError = Math.sqrt(variance);
  if (standardError <= ZERO_STANDARD_ERROR) {
    const same = Math.abs(difference) <= ZERO_STANDARD_ERROR;
    const exact = same ? 0 : difference;
    return {
      difference: exact,
      standardError: 0,
      ci: [exact, exact],
      z: same ? 0 : null,
      p: same ? 1 : null,
    };
  }
  const margin = normalCriticalValue(confidence) * standardError;
  const z = difference / standardError;
  return {
    difference,
    standardError,
    ci: [Math.max(-1, difference - margin), Math.min(1, difference + margin)],
    z,
    p: twoSidedNormalP(z),
  };
}
