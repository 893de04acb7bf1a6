/**
 * Tests of two correlations with one common variable, from the correlations alone. They assume normal variables;
 * on ranks they are approximations (Myers & Sirois 2006), for published correlations whose cases are not at hand.
 */
import { UsageError } from "../domain/errors.ts";
import { type Interval, twoSidedNormalP, twoSidedStudentP } from "./distributions.ts";

/** Correlations among an outcome and two predictors, of `n` cases. */
export interface DependentCorrelations {
  /** Outcome with the first predictor. */
  readonly first: number;
  /** Outcome with the second predictor. */
  readonly second: number;
  /** The predictors with each other. */
  readonly between: number;
  readonly n: number;
}

/** A test statistic of `first − second` and its two-sided p. */
export interface TestResult {
  readonly statistic: number;
  readonly p: number;
}

/** Predictors correlated beyond this are one predictor: the tests divide by what sets them apart. */
const SAME_PREDICTOR = 1 - 1e-12;

const NO_DIFFERENCE: TestResult = { statistic: 0, p: 1 };

/**
 * Williams's t on n − 3 degrees of freedom (Williams 1959; equation 7 of Steiger 1980, Psychol Bull 87:245).
 *
 * @throws {UsageError} `too-few-cases` below four cases.
 */
export function williamsTest(correlations: DependentCorrelations): TestResult {
  requireCases(correlations);
  const { first, second, between, n } = correlations;
  if (between >= SAME_PREDICTOR) return NO_DIFFERENCE;
  const determinant = 1 - first ** 2 - second ** 2 - between ** 2 + 2 * first * second * between;
  const mean = (first + second) / 2;
  const spread = 2 * ((n - 1) / (n - 3)) * determinant + mean ** 2 * (1 - between) ** 3;
  const statistic = (first - second) * Math.sqrt(((n - 1) * (1 + between)) / spread);
  return { statistic, p: twoSidedStudentP(statistic, n - 3) };
}

/**
 * Z of Meng, Rosenthal & Rubin (1992, Psychol Bull 111:172).
 *
 * @throws {UsageError} `too-few-cases` below four cases.
 */
export function mengTest(correlations: DependentCorrelations): TestResult {
  requireCases(correlations);
  const { first, second, between, n } = correlations;
  if (between >= SAME_PREDICTOR) return NO_DIFFERENCE;
  const meanSquare = (first ** 2 + second ** 2) / 2;
  const f = Math.min(1, (1 - between) / (2 * (1 - meanSquare)));
  const h = (1 - f * meanSquare) / (1 - meanSquare);
  const statistic = (Math.atanh(first) - Math.atanh(second)) * Math.sqrt((n - 3) / (2 * (1 - between) * h));
  return { statistic, p: twoSidedNormalP(statistic) };
}

/**
 * Z of Steiger (1980, Psychol Bull 87:245, equation 14) with the pooled correlation.
 *
 * @throws {UsageError} `too-few-cases` below four cases.
 */
export function steigerTest(correlations: DependentCorrelations): TestResult {
  requireCases(correlations);
  const { first, second, between, n } = correlations;
  if (between >= SAME_PREDICTOR) return NO_DIFFERENCE;
  const square = ((first + second) / 2) ** 2;
  const psi = between * (1 - 2 * square) - 0.5 * square * (1 - 2 * square - between ** 2);
  const covariance = psi / (1 - square) ** 2;
  const statistic = (Math.atanh(first) - Math.atanh(second)) * Math.sqrt((n - 3) / (2 - 2 * covariance));
  return { statistic, p: twoSidedNormalP(statistic) };
}

/**
 * Interval of `first − second` from the intervals of the two (Zou 2007, Psychol Methods 12:399, equation 15).
 *
 * @param firstCi interval of `first`
 * @param secondCi interval of `second`, of the same confidence
 */
export function zouInterval(
  { first, second, between }: DependentCorrelations,
  firstCi: Interval,
  secondCi: Interval,
): Interval {
  const c = Math.min(1, correlationOfCorrelations(first, second, between));
  const bound = (a: number, b: number) => Math.sqrt(Math.max(0, a ** 2 + b ** 2 - 2 * c * a * b));
  const difference = first - second;
  return [
    difference - bound(first - firstCi[0], secondCi[1] - second),
    difference + bound(firstCi[1] - first, second - secondCi[0]),
  ];
}

function correlationOfCorrelations(first: number, second: number, between: number): number {
  const scale = (1 - first ** 2) * (1 - second ** 2);
  if (!(scale > 0)) return 0;
  const partial = (between - 0.5 * first * second) * (1 - first ** 2 - second ** 2 - between ** 2);
  return (partial + between ** 3) / scale;
}

function requireCases({ n }: DependentCorrelations): void {
  if (n >= 4) return;
  throw new UsageError("too-few-cases", { found: `${n} cases`, expected: "at least four" });
}
