/** The two reference distributions, with tails that keep their digits. */
import normal from "@stdlib/stats-base-dists-normal";
import student from "@stdlib/stats-base-dists-t";

/** A confidence interval, lower bound first. */
export type Interval = readonly [number, number];

/** Confidence of every interval in a comparison. */
export const CONFIDENCE = 0.95;

/** P(|Z| ≥ |z|) for a standard normal Z. */
export function twoSidedNormalP(z: number): number {
  return Math.min(1, 2 * normal.cdf(-Math.abs(z), 0, 1));
}

/** P(|T| ≥ |t|) for Student's T. */
export function twoSidedStudentP(t: number, degreesOfFreedom: number): number {
  return Math.min(1, 2 * student.cdf(-Math.abs(t), degreesOfFreedom));
}

/** P(Z ≤ z) for a standard normal Z. */
export function normalProbability(z: number): number {
  return normal.cdf(z, 0, 1);
}

/** The z with P(Z ≤ z) = probability. */
export function normalQuantile(probability: number): number {
  return normal.quantile(probability, 0, 1);
}

/** The z of a two-sided normal interval: 1.96 for 0.95. */
export function normalCriticalValue(confidence: number): number {
  return normalQuantile((1 + confidence) / 2);
}

/** The t of a two-sided interval. */
export function studentCriticalValue(confidence: number, degreesOfFreedom: number): number {
  return student.quantile((1 + confidence) / 2, degreesOfFreedom);
}
