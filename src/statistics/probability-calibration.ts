/** Whether predicted probabilities are as often right as they say. */
import { UsageError } from "../domain/errors.ts";
import { CONFIDENCE, type Interval, normalCriticalValue } from "./distributions.ts";
import { fitLogistic } from "./logistic.ts";
import { type Proportion, proportion } from "./operating-point.ts";

export interface ProbabilityCalibration {
  readonly n: number;
  /** Calibration in the large: intercept of logit(observed) with logit(predicted) as offset; 0 is right. `null` where undefined. */
  readonly intercept: number | null;
  readonly interceptCi: Interval | null;
  /** Slope of logit(observed) on logit(predicted); 1 is right, below 1 too extreme. `null` where undefined. */
  readonly slope: number | null;
  readonly slopeCi: Interval | null;
}

/** Probabilities of exactly 0 and 1 have no logit. */
const LEAST_PROBABILITY = 1e-6;

/**
 * Cox's calibration intercept and slope (Cox 1958, Biometrika 45:562; Van Calster et al. 2016, J Clin Epidemiol 74:167), with Wald intervals.
 * Probabilities nearer than 10⁻⁶ to 0 or 1 are moved there.
 *
 * @param probabilities of the positive class, one per case, in [0, 1]
 * @param positive whether each case is positive
 * @throws {UsageError} `length-mismatch`, `probability-range`
 */
export function probabilityCalibration(
  probabilities: ArrayLike<number>,
  positive: ArrayLike<boolean>,
  confidence = CONFIDENCE,
): ProbabilityCalibration {
  requireProbabilities(probabilities);
  const logits = Float64Array.from(probabilities, (p) => {
    const inside = Math.min(1 - LEAST_PROBABILITY, Math.max(LEAST_PROBABILITY, p));
    return Math.log(inside / (1 - inside));
  });
  const z = normalCriticalValue(confidence);
  const figure = (fit: ReturnType<typeof fitLogistic>, index: number) => {
    if (!fit.converged) return { value: null, ci: null };
    const value = fit.coefficients[index];
    const reach = z * Math.sqrt(fit.covariance[index][index]);
    return { value, ci: [value - reach, value + reach] as const };
  };
  const intercept = figure(fitLogistic([], positive, logits), 0);
  const slope = figure(fitLogistic([logits], positive), 1);
  return {
    n: positive.length,
    intercept: intercept.value,
    interceptCi: intercept.ci,
    slope: slope.value,
    slopeCi: slope.ci,
  };
}

/** A group of cases with like predictions. */
export interface CalibrationGroup {
  readonly meanPredicted: number;
  readonly observed: Proportion;
}

/**
 * The calibration curve by groups of equal size, in ascending order of prediction. Equal predictions stay together, so that there may be
 * fewer groups than asked.
 *
 * @throws {UsageError} `length-mismatch`, `probability-range`
 */
export function calibrationCurve(
  probabilities: ArrayLike<number>,
  positive: ArrayLike<boolean>,
  groups = 10,
): CalibrationGroup[] {
  requireProbabilities(probabilities);
  const n = probabilities.length;
  if (n !== positive.length || !(Number.isInteger(groups) && groups >= 1)) {
    throw new UsageError("length-mismatch", {
      found: `${n} probabilities, ${positive.length} outcomes, ${groups} groups`,
      expected: "one outcome per probability, and at least one group",
    });
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => probabilities[a] - probabilities[b]);
  const result: CalibrationGroup[] = [];
  for (let start = 0, group = 1; start < n; group++) {
    let end = Math.max(start + 1, Math.round((group * n) / groups));
    while (end < n && probabilities[order[end]] === probabilities[order[end - 1]]) end++;
    const members = order.slice(start, end);
    const sum = members.reduce((total, i) => total + probabilities[i], 0);
    result.push({
      meanPredicted: sum / members.length,
      observed: proportion(members.filter((i) => positive[i]).length, members.length),
    });
    start = end;
  }
  return result;
}

function requireProbabilities(probabilities: ArrayLike<number>): void {
  for (let i = 0; i < probabilities.length; i++) {
    if (probabilities[i] >= 0 && probabilities[i] <= 1) continue;
    throw new UsageError("probability-range", {
      found: `case ${i + 1} has the probability ${probabilities[i]}`,
      expected: "numbers from 0 to 1",
    });
  }
}
