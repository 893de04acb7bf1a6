/** The part of the area under the ROC curve at the specificities or sensitivities that matter. */
import { UsageError } from "../domain/errors.ts";
import { rocCurve } from "./roc.ts";

/** Which part of the curve: at specificities or at sensitivities of at least `least`. */
export interface PartialArea {
  readonly axis: "specificity" | "sensitivity";
  /** In [0, 1). */
  readonly least: number;
}

export interface PartialAuc {
  /** Area, from 0 to 1 − least. */
  readonly area: number;
  /** McClish's rescaling: 0.5 for a score without information, 1 for a perfect one. */
  readonly standardised: number;
}

/**
 * The partial area under the empirical ROC curve, straight between its points, and its rescaled form
 * ½·(1 + (area − least possible) / (greatest possible − least possible)) (McClish 1989, Med Decis Making 9:190), where the least
 * possible is the area under the diagonal.
 *
 * @param scores one finite score per case; a high score speaks for the positive class
 * @param positive whether each case is positive
 * @throws {UsageError} `partial-area-invalid`, and as `rocCurve`
 */
export function partialAuc(
  scores: ArrayLike<number>,
  positive: ArrayLike<boolean>,
  { axis, least }: PartialArea,
): PartialAuc {
  if (!(least >= 0 && least < 1)) {
    throw new UsageError("partial-area-invalid", {
      found: `a ${axis} of at least ${least}`,
      expected: "a number from 0 to below 1",
    });
  }
  const points = rocCurve(scores, positive).map(({ falsePositiveRate, truePositiveRate }) =>
    // The same area in a curve whose horizontal axis falls from 1 − least: 1 − specificity, or 1 − sensitivity.
    axis === "specificity"
      ? ([falsePositiveRate, truePositiveRate] as const)
      : ([1 - truePositiveRate, 1 - falsePositiveRate] as const),
  );
  const ascending = axis === "specificity" ? points : [...points].reverse();
  const width = 1 - least;
  const area = areaUpTo(ascending, width);
  const chance = width ** 2 / 2;
  return { area, standardised: (1 + (area - chance) / (width - chance)) / 2 };
}

/** Area under straight lines between points of ascending x, from x = 0 to `width`. */
function areaUpTo(points: readonly (readonly [number, number])[], width: number): number {
  let area = 0;
  for (let i = 1; i < points.length; i++) {
    const [[x0, y0], [x1, y1]] = [points[i - 1], points[i]];
    if (x0 >= width) break;
    const end = Math.min(x1, width);
    const yEnd = x1 > x0 ? y0 + ((y1 - y0) * (end - x0)) / (x1 - x0) : y1;
    area += ((end - x0) * (y0 + yEnd)) / 2;
  }
  return area;
}
