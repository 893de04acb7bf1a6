/** The grid on which the frames of a segmentation lie, whatever image they were drawn on. */
import { DataError } from "../../domain/errors.ts";
import { createGrid, type Grid } from "../../domain/grid.ts";
import { dot } from "../affine.ts";
import type { Frame } from "./segmentation-frames.ts";
import type { SegmentationPixels } from "./segmentation-pixels.ts";
import { sameOrientation } from "./stack.ts";

/** How far, as a share of a voxel, frames may lie beside an even stack. */
const LARGEST_UNEVENNESS = 0.05;
/** Positions nearer to each other are one slice, mm. */
const SAME_POSITION_MM = 1e-3;

/**
 * The smallest grid that holds all frames. Slices without a frame count where the distances of the others are multiples of one.
 *
 * @throws {DataError} `segmentation-geometry` where frames differ in orientation or spacing, are unevenly spaced, do not lie in one
 *   straight stack, or are a single slice of unknown thickness.
 */
export function gridOfFrames(
  frames: readonly Frame[],
  { rows, columns }: Pick<SegmentationPixels, "rows" | "columns">,
  file: string,
): Grid {
  const [first] = frames;
  if (first === undefined) throw geometryError(file, "no frame");
  const [normal] = first.direction;
  const uneven = frames.findIndex((frame) => !sameGeometry(first, frame));
  if (uneven >= 0) throw geometryError(file, `another orientation or pixel spacing in frame ${uneven + 1}`);
  const heights = [...frames.map(({ position }) => dot(position, normal))].sort((a, b) => a - b);
  const distinct = heights.filter((height, i) => i === 0 || height - heights[i - 1] > SAME_POSITION_MM);
  const step = stepOf(distinct, first.thicknessMm, file);
  const lowest =
    frames.find(({ position }) => dot(position, normal) - heights[0] <= SAME_POSITION_MM) ?? first;
  for (const [i, { position }] of frames.entries()) {
    const height = dot(position, normal) - heights[0];
    const sideways = Math.hypot(
      ...position.map((value, axis) => value - lowest.position[axis] - height * normal[axis]),
    );
    const slices = height / step;
    const bent = sideways > LARGEST_UNEVENNESS * Math.min(...first.pixelSpacing);
    if (bent || Math.abs(slices - Math.round(slices)) > LARGEST_UNEVENNESS) {
      throw geometryError(file, `frame ${i + 1} beside the stack of the others`);
    }
  }
  const slices = Math.round((heights[heights.length - 1] - heights[0]) / step) + 1;
  return createGrid(
    {
      shape: [slices, rows, columns],
      spacingMm: [step, ...first.pixelSpacing],
      direction: first.direction,
      origin: lowest.position,
    },
    file,
  );
}

function stepOf(heights: readonly number[], thicknessMm: number | undefined, file: string): number {
  if (heights.length > 1) return Math.min(...heights.slice(1).map((height, i) => height - heights[i]));
  if (thicknessMm !== undefined && thicknessMm > 0) return thicknessMm;
  throw geometryError(file, "a single slice of unknown thickness");
}

function sameGeometry(a: Frame, b: Frame): boolean {
  return (
    sameOrientation(a.direction, b.direction) &&
    a.pixelSpacing.every((mm, i) => Math.abs(mm - b.pixelSpacing[i]) < 1e-3 * mm)
  );
}

function geometryError(file: string, found: string): DataError {
  return new DataError("segmentation-geometry", {
    file,
    found,
    expected: "frames of one orientation and size in one even stack",
    remedy: "Export the segmentation again.",
  });
}
