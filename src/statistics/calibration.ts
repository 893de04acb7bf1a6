/** How far predictions agree with what happened, beyond their order. */
import { UsageError } from "../domain/errors.ts";
import { CONFIDENCE, type Interval, studentCriticalValue } from "./distributions.ts";
import { isConstant, levelsOf } from "./levels.ts";

/** The straight line of observed values on predicted ones: 0 and 1 where predictions are calibrated. */
export interface CalibrationLine {
  readonly n: number;
  readonly intercept: number;
  readonly interceptCi: Interval;
  readonly slope: number;
  /** Below 1 where predictions are too extreme, above 1 where they are too timid. */
  readonly slopeCi: Interval;
}

/**
 * Calibration of continuous predictions: least squares of observed on predicted, with Student's intervals (Steyerberg
 * 2019, Clinical Prediction Models, ch. 15).
 *
 * @param predicted one finite value per case, in the unit of the outcome
 * @param observed one finite value per case
 * @returns `null` where no line is defined: below three cases, or predictions all equal
 * @throws {UsageError} `length-mismatch`, `value-not-finite`
 */
export function calibrationLine(
  predicted: ArrayLike<number>,
  observed: ArrayLike<number>,
  confidence = CONFIDENCE,
): CalibrationLine | null {
  requirePaired(predicted, observed);
  const n = predicted.length;
  // Asked of the values: sums of squares about a rounded mean are not 0 where all are equal.
  if (n < 3 || isConstant(levelsOf(predicted))) return null;
  const meanPredicted = mean(predicted);
  const meanObserved = mean(observed);
  let squares = 0;
  let products = 0;
  for (let i = 0; i < n; i++) {
    squares += (predicted[i] - meanPredicted) ** 2;
    products += (predicted[i] - meanPredicted) * (observed[i] - meanObserved);
  }
  if (!(squares > 0)) return null;
  const slope = products / squares;
  const intercept = meanObserved - slope * meanPredicted;
  let residual = 0;
  for (let i = 0; i < n; i++) residual += (observed[i] - intercept - slope * predicted[i]) ** 2;
  const variance = residual / (n - 2);
  const t = studentCriticalValue(confidence, n - 2);
  const slopeMargin = t * Math.sqrt(variance / squares);
  const interceptMargin = t * Math.sqrt(variance * (1 / n + meanPredicted ** 2 / squares));
  return {
    n,
    intercept,
    interceptCi: [intercept - interceptMargin, intercept + interceptMargin],
    slope,
    slopeCi: [slope - slopeMargin, slope + slopeMargin],
  };
}

/** Errors of continuous predictions, in the unit of the outcome. */
export interface RegressionError {
  readonly n: number;
  /** Mean of predicted − observed. */
  readonly bias: number;
  readonly meanAbsoluteError: number;
  readonly rootMeanSquareError: number;
  /**
   * 1 − residual / total sum of squares: the share of variance predicted, below 0 where the mean of the observed would
   * have been the better prediction; `null` where the observed values are all equal.
   */
  readonly r2: number | null;
}

/**
 * Bias, mean absolute error, root mean square error and R² of predictions as they stand.
 *
 * @param predicted one finite value per case
 * @param observed one finite value per case
 * @returns `null` where there is no case
 * @throws {UsageError} `length-mismatch`, `value-not-finite`
 */
export function regressionError(
  predicted: ArrayLike<number>,
  observed: ArrayLike<number>,
): RegressionError | null {
  requirePaired(predicted, observed);
  const n = predicted.length;
  if (n === 0) return null;
  const meanObserved = mean(observed);
  let sum = 0;
  let absolute = 0;
  let squares = 0;
  let total = 0;
  for (let i = 0; i < n; i++) {
    const error = predicted[i] - observed[i];
    sum += error;
    absolute += Math.abs(error);
    squares += error ** 2;
    total += (observed[i] - meanObserved) ** 2;
  }
  return {
    n,
    bias: sum / n,
    meanAbsoluteError: absolute / n,
    rootMeanSquareError: Math.sqrt(squares / n),
    r2: isConstant(levelsOf(observed)) ? null : 1 - squares / total,
  };
}

/**
 * The Brier score (Brier 1950, Mon Weather Rev 78:1): mean squared distance of predicted probabilities from 1 or 0.
 *
 * @param probabilities of the positive class, in [0, 1]
 * @param positive whether each case is positive
 * @returns `null` where there is no case
 * @throws {UsageError} `length-mismatch`, `probability-range`
 */
export function brierScore(probabilities: ArrayLike<number>, positive: ArrayLike<boolean>): number | null {
  requireSameLength(probabilities.length, positive.length);
  let sum = 0;
  for (let i = 0; i < probabilities.length; i++) {
    if (!(probabilities[i] >= 0 && probabilities[i] <= 1)) {
      throw new UsageError("probability-range", {
        found: `case ${i + 1} has the probability ${probabilities[i]}`,
        expected: "numbers from 0 to 1",
      });
    }
    sum += (probabilities[i] - (positive[i] ? 1 : 0)) ** 2;
  }
  return probabilities.length === 0 ? null : sum / probabilities.length;
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

function requirePaired(predicted: ArrayLike<number>, observed: ArrayLike<number>): void {
  requireSameLength(predicted.length, observed.length);
  for (let i = 0; i < predicted.length; i++) {
    if (Number.isFinite(predicted[i]) && Number.isFinite(observed[i])) continue;
    throw new UsageError("value-not-finite", {
      found: `case ${i + 1} has the prediction ${predicted[i]} and the outcome ${observed[i]}`,
      expected: "finite numbers",
      remedy: "Leave out cases with missing values.",
    });
  }
}

function requireSameLength(predictions: number, outcomes: number): void {
  if (predictions === outcomes) return;
  throw new UsageError("length-mismatch", {
    found: `${predictions} predictions and ${outcomes} outcomes`,
    expected: "one outcome per prediction",
  });
}
