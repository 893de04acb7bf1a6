/** Slices of one geometry, sorted along their normal (PS3.3, C.7.6.2.1.1). */
import { DataError } from "../../domain/errors.ts";
import type { Grid, Triple } from "../../domain/grid.ts";
import type { Issue } from "../../domain/issues.ts";
import { cross, dot, gridOfSteps, type Steps, scaled } from "../affine.ts";
import type { SliceInstance } from "./instance.ts";
import { type Shear, shearOf } from "./shear.ts";

export interface SliceStack {
  readonly grid: Grid;
  /** Per slice of the grid, all instances at that position (several where there are several phases). */
  readonly positions: readonly (readonly SliceInstance[])[];
  /** Where slices are shifted sideways in even steps, as by a tilted gantry. */
  readonly shear: Shear | undefined;
  readonly issues: readonly Issue[];
}

/** Positions closer than this along the normal are one slice, in mm. */
const SAME_POSITION_MM = 0.02;
/** Largest deviation of a slice from its even place, as a share of the distance between slices. */
const LARGEST_UNEVENNESS = 0.05;
const SAME_COSINE = 1e-4;

/** Splits the slices of one series by size, orientation, pixel spacing, echo time and component; a localiser has three such parts. */
export function splitByGeometry(slices: readonly SliceInstance[]): SliceInstance[][] {
  const groups: SliceInstance[][] = [];
  for (const slice of slices) {
    const group = groups.find(([first]) => sameGeometry(first, slice));
    if (group === undefined) groups.push([slice]);
    else group.push(slice);
  }
  return groups;
}

/** Whether two slices of a series may lie in one stack. */
export function sameGeometry(a: SliceInstance, b: SliceInstance): boolean {
  const close = (x: number, y: number, tolerance: number) => Math.abs(x - y) <= tolerance;
  return (
    a.rows === b.rows &&
    a.columns === b.columns &&
    a.contrast[0] === b.contrast[0] &&
    a.component === b.component &&
    sameOrientation(a.orientation, b.orientation) &&
    a.pixelSpacing.every((mm, i) => close(mm, b.pixelSpacing[i], 1e-4 * mm))
  );
}

/** Whether unit vectors are those of another slice, but for rounding in the files. */
export function sameOrientation(a: readonly Triple[], b: readonly Triple[]): boolean {
  return a.every((axis, i) => axis.every((value, j) => Math.abs(value - b[i][j]) <= SAME_COSINE));
}

/**
 * Sorts slices of one geometry by position and makes their grid. The distance between slices comes from their positions;
 * only for a lone slice from SpacingBetweenSlices or SliceThickness, with an issue.
 *
 * @throws {DataError} `series-slices-missing` or `series-slices-uneven` naming the place, `dicom-geometry` where slices are
 *   not stacked along their normal or a lone slice has no thickness.
 */
export function stackSlices(slices: readonly SliceInstance[]): SliceStack {
  const { file, orientation, pixelSpacing, rows, columns, nominalThicknessMm } = slices[0];
  const normal = cross(orientation[0], orientation[1]);
  const height = (slice: SliceInstance) => dot(slice.position, normal);
  const sorted = [...slices].sort((a, b) => height(a) - height(b));
  const positions: SliceInstance[][] = [];
  for (const slice of sorted) {
    const last = positions.at(-1);
    if (last !== undefined && height(slice) - height(last[0]) < SAME_POSITION_MM) last.push(slice);
    else positions.push([slice]);
  }
  const issues: Issue[] = [];
  const count = positions.length;
  const first = positions[0][0].position;
  let step: Triple;
  if (count > 1) {
    requireEven(
      positions.map(([slice]) => height(slice)),
      file,
    );
    const last = positions[count - 1][0].position;
    step = scaled([last[0] - first[0], last[1] - first[1], last[2] - first[2]], 1 / (count - 1));
    requireStraight(positions, first, step, file);
  } else {
    if (nominalThicknessMm === undefined) {
      throw new DataError("dicom-geometry", {
        file,
        found: "a lone slice without SpacingBetweenSlices or SliceThickness",
        expected: "several slices, or a thickness",
        remedy: "Give the whole series.",
      });
    }
    step = scaled(normal, nominalThicknessMm);
    issues.push({
      code: "series-single-slice",
      severity: "info",
      message: `The series has one slice; its thickness of ${nominalThicknessMm} mm was taken from the header.`,
    });
  }
  // PixelSpacing: first the distance between rows, then between columns (PS3.3, 10.7.1.3).
  const inPlane = [scaled(orientation[1], pixelSpacing[0]), scaled(orientation[0], pixelSpacing[1])] as const;
  const straight: Steps = { shape: [count, rows, columns], steps: [step, ...inPlane], origin: first };
  const shear = shearOf(straight, file);
  const grid = gridOfSteps(shear?.steps ?? straight, "dicom-geometry", file);
  if (shear !== undefined) {
    issues.push({
      code: "series-sheared",
      severity: "warning",
      message: `Each slice is shifted by ${shear.perSlice.map((value) => value.toFixed(3)).join(" rows and ")} columns against the one before it, as by a tilted gantry; the slices were moved into a rectangular grid with linear interpolation.`,
    });
  }
  return { grid, positions, shear, issues };
}

function requireEven(heights: readonly number[], file: string): void {
  const gaps = heights.slice(1).map((height, i) => height - heights[i]);
  const usual = [...gaps].sort((a, b) => a - b)[Math.floor((gaps.length - 1) / 2)];
  const at = gaps.findIndex((gap) => Math.abs(gap - usual) > LARGEST_UNEVENNESS * usual);
  if (at < 0) return;
  const missing = Math.round(gaps[at] / usual) - 1;
  const multiple =
    missing >= 1 && Math.abs(gaps[at] / usual - missing - 1) <= LARGEST_UNEVENNESS * (missing + 1);
  throw new DataError(multiple ? "series-slices-missing" : "series-slices-uneven", {
    file,
    found: multiple
      ? `${missing} slice(s) missing after slice ${at + 1} of ${heights.length}: a gap of ${gaps[at].toFixed(3)} mm`
      : `a distance of ${gaps[at].toFixed(3)} mm after slice ${at + 1} of ${heights.length}`,
    expected: `${usual.toFixed(3)} mm between all slices`,
    remedy: "Export the whole series again.",
  });
}

/** Every slice must lie where even steps lead; else the stack is bent or sideways shifted. */
function requireStraight(
  positions: readonly (readonly SliceInstance[])[],
  first: Triple,
  step: Triple,
  file: string,
): void {
  const tolerance = Math.max(SAME_POSITION_MM, LARGEST_UNEVENNESS * Math.hypot(...step));
  positions.forEach((instances, i) => {
    for (const { position } of instances) {
      const off = Math.hypot(...position.map((value, axis) => value - first[axis] - i * step[axis]));
      if (off <= tolerance) continue;
      throw new DataError("dicom-geometry", {
        file,
        found: `slice ${i + 1} of ${positions.length} lies ${off.toFixed(3)} mm off the line of the others`,
        expected: "slices in one straight stack",
        remedy: "Export the series again; if it was moved slice by slice, resample it first.",
      });
    }
  });
}
