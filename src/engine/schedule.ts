/** Learning rates over the steps of a training. */
import { UsageError } from "../domain/errors.ts";

/** The learning rate of a step, counted from 0. */
export type Schedule = (step: number) => number;

export interface PolynomialSchedule {
  readonly initialRate: number;
  readonly steps: number;
  /** By default 0.9, as in nnU-Net. */
  readonly exponent?: number;
  /** Steps over which the rate first rises in a straight line; by default none. */
  readonly warmupSteps?: number;
  /** The rate falls once in so many steps, to what it is at the first of them; by default 1, that is at each. */
  readonly holdSteps?: number;
}

/**
 * rate·(1 − step/steps)^exponent, step being rounded down to a multiple of `holdSteps` (Chen et al. 2017, arXiv 1606.00915, section 4.1). A warm-up multiplies it by (step + 1)/(warmupSteps + 1).
 *
 * @throws {UsageError} `schedule-invalid` for numbers that make no schedule
 */
export function polynomialSchedule({
  initialRate,
  steps,
  exponent = 0.9,
  warmupSteps = 0,
  holdSteps = 1,
}: PolynomialSchedule): Schedule {
  const whole = Number.isInteger(steps) && Number.isInteger(warmupSteps) && Number.isInteger(holdSteps);
  if (
    !(
      initialRate > 0 &&
      whole &&
      steps > 0 &&
      exponent > 0 &&
      warmupSteps >= 0 &&
      warmupSteps < steps &&
      holdSteps > 0
    )
  ) {
    throw new UsageError("schedule-invalid", {
      found: `rate ${initialRate}, ${steps} steps, exponent ${exponent}, ${warmupSteps} steps of warm-up, a fall each ${holdSteps} steps`,
      expected: "a positive rate and exponent, whole steps, and fewer steps of warm-up than steps",
    });
  }
  return (step) => {
    const held = step - (step % holdSteps);
    return (
      initialRate * Math.min(1, (step + 1) / (warmupSteps + 1)) * Math.max(0, 1 - held / steps) ** exponent
    );
  };
}
