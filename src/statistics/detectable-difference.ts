/** What a comparison of a given precision could have found. */
import { UsageError } from "../domain/errors.ts";
import { normalQuantile } from "./distributions.ts";

/** The error rates of a planned two-sided test. */
export interface TestDesign {
  /** Two-sided type I error. */
  readonly alpha: number;
  readonly power: number;
}

/** 80 % power at 5 %, the custom of clinical trials. */
const CUSTOMARY_DESIGN: TestDesign = { alpha: 0.05, power: 0.8 };

/**
 * The smallest true difference that a two-sided normal test finds with the power wished for:
 * `(z(1 − α/2) + z(power)) · SE`. It tells what the sample could show, not what it did show: it must not be read as
 * "observed power".
 *
 * @param standardError of the difference, as the sample gave it
 * @throws {UsageError} `design-invalid`
 */
export function detectableDifference(standardError: number, design: TestDesign = CUSTOMARY_DESIGN): number {
  return criticalSum(design) * standardError;
}

/**
 * The cases needed to detect a difference, for a standard error that falls with the square root of the cases and a
 * case mix that stays as it is.
 *
 * @param standardError of the difference with `n` cases
 * @param difference to detect, not 0
 * @throws {UsageError} `design-invalid`
 */
export function casesToDetect(
  n: number,
  standardError: number,
  difference: number,
  design: TestDesign = CUSTOMARY_DESIGN,
): number {
  if (!(Math.abs(difference) > 0)) {
    throw new UsageError("design-invalid", {
      found: `a difference of ${difference}`,
      expected: "not 0",
    });
  }
  return Math.ceil(n * ((criticalSum(design) * standardError) / difference) ** 2);
}

function criticalSum({ alpha, power }: TestDesign): number {
  if (!(alpha > 0 && alpha < 1 && power > 0 && power < 1)) {
    throw new UsageError("design-invalid", {
      found: `alpha ${alpha} and power ${power}`,
      expected: "both between 0 and 1",
    });
  }
  return normalQuantile(1 - alpha / 2) + normalQuantile(power);
}
