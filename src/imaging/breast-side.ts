/** Which breast holds the tumour, and the half of the image that holds that breast. */
import type { BreastSide } from "../domain/breast.ts";
import type { Triple } from "../domain/grid.ts";
import type { LabelMap, Volume } from "../domain/volume.ts";
import type { Box } from "./cropping.ts";
import { eachPoint } from "./grid-points.ts";

export interface SideEvidence {
  /** Null where the image holds one breast, or where the two sides enhance alike. */
  readonly side: BreastSide | null;
  /** Why, in words. */
  readonly reason: string;
}

/** A body wider than this, in mm, has both breasts in the image; one breast with its chest wall is narrower. */
const BOTH_BREASTS_MM = 240; // assumption
/** One side must enhance this many times as much as the other. */
const LEAST_RATIO = 1.5; // assumption

/**
 * Decides by enhancement: tissue counts that passes a percent-enhancement threshold and lies before the chest, that is, further to the front than the
 * body's surface in the midline. The heart and the great vessels do not count.
 *
 * @param enhancing 1 where tissue enhances as tumour does. @param body on the same grid.
 */
export function sideByEnhancement(enhancing: LabelMap, body: LabelMap): SideEvidence {
  const extent = bodyExtent(body);
  if (extent === undefined || !holdsBothBreasts(body)) {
    return { side: null, reason: "the image holds one breast" };
  }
  const middle = (extent.left + extent.right) / 2;
  const front = midlineSurface(body, middle);
  let [left, right] = [0, 0];
  eachInside(enhancing, (x, y) => {
    if (y >= front) return;
    // LPS: x runs to the patient's left.
    if (x > middle) left++;
    else right++;
  });
  const ratio = Math.max(left, right) / Math.max(1, Math.min(left, right));
  if (ratio < LEAST_RATIO)
    return { side: null, reason: `both breasts enhance alike (ratio ${ratio.toFixed(1)})` };
  const side = left > right ? "left" : "right";
  return { side, reason: `the ${side} breast enhances ${ratio.toFixed(1)} times as much as the other` };
}

/** Whether the body in an image is too wide for one breast. */
export function holdsBothBreasts(body: LabelMap): boolean {
  const extent = bodyExtent(body);
  return extent !== undefined && extent.right - extent.left >= BOTH_BREASTS_MM;
}

/** The box of the image's half that holds a breast, with an overlap across the midline of the body. */
export function sideBox(body: LabelMap, side: BreastSide, overlapMm = 10): Box {
  const { grid } = body;
  const axis = [0, 1, 2].reduce((best, next) =>
    Math.abs(grid.direction[next][0]) > Math.abs(grid.direction[best][0]) ? next : best,
  );
  const extent = bodyExtent(body) ?? { left: 0, right: 0 };
  const step = grid.spacingMm[axis] * grid.direction[axis][0];
  const middle = ((extent.left + extent.right) / 2 - grid.origin[0]) / step;
  const overlap = Math.ceil(overlapMm / grid.spacingMm[axis]);
  const size = grid.shape[axis];
  // Rising indices run to the left where the axis does.
  const upper = (side === "left") === step > 0;
  const from = upper ? Math.max(0, Math.floor(middle) - overlap) : 0;
  const to = upper ? size : Math.min(size, Math.ceil(middle) + overlap + 1);
  const along = (whole: number, part: number): Triple => {
    const triple: [number, number, number] = whole === 0 ? [0, 0, 0] : [...grid.shape];
    triple[axis] = part;
    return triple;
  };
  return { start: along(0, from), size: along(1, to - from) };
}

/** Least and greatest x of the body, mm. */
function bodyExtent(body: LabelMap): { readonly left: number; readonly right: number } | undefined {
  let [low, high] = [Infinity, -Infinity];
  eachInside(body, (x) => {
    if (x < low) low = x;
    if (x > high) high = x;
  });
  return high >= low ? { left: low, right: high } : undefined;
}

/** Half width in mm of the strip in which the surface of the midline is sought. */
const STRIP_MM = 10;

/** The most anterior y of the body within a strip around the midline, mm; LPS y runs to posterior. */
function midlineSurface(body: LabelMap, middle: number): number {
  let front = Infinity;
  eachInside(body, (x, y) => {
    if (Math.abs(x - middle) <= STRIP_MM && y < front) front = y;
  });
  return front;
}

function eachInside({ grid, data }: Volume, visit: (x: number, y: number) => void): void {
  eachPoint(grid, (voxel, x, y) => {
    if (data[voxel] !== 0) visit(x, y);
  });
}
