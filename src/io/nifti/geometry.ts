/** NIfTI orientation ⇄ grid. The file's world is RAS and its order (column, row, slice); the domain's is LPS. */
import { DataError } from "../../domain/errors.ts";
import type { Grid, Triple } from "../../domain/grid.ts";
import type { Issue } from "../../domain/issues.ts";
import { cross, dot, gridOfSteps, scaled } from "../affine.ts";
import type { NiftiHeader } from "./header.ts";

type Matrix3 = readonly [Triple, Triple, Triple];

/** Millimetres per unit (nifti1.h, NIFTI_UNITS_*). */
const UNIT_MM: Readonly<Record<number, number>> = { 1: 1000, 2: 1, 3: 0.001 };

/**
 * The grid of a header: the sform where its code is positive, else the qform (nifti1.h, METHOD 3 and METHOD 2; the order
 * of preference is nibabel's and FSL's). A spatial unit that is not stated is read as millimetres, as every reader of
 * NIfTI does, and reported.
 *
 * @throws {DataError} `nifti-geometry` where neither code is set, where axes are sheared or steps not positive;
 *   `nifti-units` for a unit code that the standard does not define.
 */
export function gridOfHeader(
  header: NiftiHeader,
  shape: Triple,
  file: string,
): { grid: Grid; issues: Issue[] } {
  const issues: Issue[] = [];
  const unit = unitMm(header.spaceUnit, file, issues);
  const steps =
    header.sformCode > 0 ? sformSteps(header) : header.qformCode > 0 ? qformSteps(header) : undefined;
  if (steps === undefined) {
    throw new DataError("nifti-geometry", {
      file,
      found: "neither an sform nor a qform (both codes are 0), so the orientation is unknown",
      expected: "a positive sform_code or qform_code",
      remedy: "Convert the image again with a tool that keeps the scanner's geometry.",
    });
  }
  const toLps = (ras: Triple): Triple => [0 - ras[0] * unit, 0 - ras[1] * unit, ras[2] * unit];
  const [column, row, slice] = steps.columns;
  const grid = gridOfSteps(
    { shape, steps: [toLps(slice), toLps(row), toLps(column)], origin: toLps(steps.offset) },
    "nifti-geometry",
    file,
  );
  const stated = [header.pixdim[2], header.pixdim[1], header.pixdim[0]].map((size) => Math.abs(size) * unit);
  if (grid.spacingMm.some((mm, axis) => Math.abs(mm - stated[axis]) > 0.01 * mm)) {
    issues.push({
      code: "nifti-spacing-conflict",
      severity: "warning",
      message: `The sform gives voxels of ${grid.spacingMm.join(" x ")} mm, pixdim ${stated.join(" x ")} mm (slice, row, column); the sform was used.`,
      file,
    });
  }
  return { grid, issues };
}

function unitMm(code: number, file: string, issues: Issue[]): number {
  const unit = UNIT_MM[code];
  if (unit !== undefined) return unit;
  if (code === 0) {
    issues.push({
      code: "nifti-units-unstated",
      severity: "info",
      message: "The header does not state its spatial unit; millimetres were read, as all NIfTI readers do.",
      file,
    });
    return 1;
  }
  throw new DataError("nifti-units", {
    file,
    found: `spatial unit code ${code}`,
    expected: "metres (1), millimetres (2), micrometres (3) or unstated (0)",
    remedy: "Correct xyzt_units in the header.",
  });
}

/** Columns of the index-to-RAS matrix, one per file axis, and its offset. */
interface RasSteps {
  readonly columns: Matrix3;
  readonly offset: Triple;
}

function sformSteps({ srow }: NiftiHeader): RasSteps {
  const column = (index: number): Triple => [srow[0][index], srow[1][index], srow[2][index]];
  return { columns: [column(0), column(1), column(2)], offset: column(3) };
}

/** Rotation from the quaternion, scaled by pixdim; qfac mirrors the third axis (nifti1.h, METHOD 2). */
function qformSteps({ quaternion: [b, c, d], pixdim, qfac, offset }: NiftiHeader): RasSteps {
  // "a = sqrt(1.0-(b*b+c*c+d*d)) is always non-negative"; rounding may leave the argument just below zero.
  const a = Math.sqrt(Math.max(0, 1 - (b * b + c * c + d * d)));
  const rotation: Matrix3 = [
    [a * a + b * b - c * c - d * d, 2 * (b * c + a * d), 2 * (b * d - a * c)],
    [2 * (b * c - a * d), a * a + c * c - b * b - d * d, 2 * (c * d + a * b)],
    [2 * (b * d + a * c), 2 * (c * d - a * b), a * a + d * d - b * b - c * c],
  ];
  const columns = rotation.map((axis, i) =>
    scaled(axis, Math.abs(pixdim[i]) * (i === 2 ? qfac : 1)),
  ) as unknown as Matrix3;
  return { columns, offset };
}

/** What a header says of a grid, in both ways. */
export interface NiftiOrientation {
  readonly srow: Matrix3;
  readonly offset: Triple;
  readonly quaternion: Triple;
  readonly qfac: 1 | -1;
}

/** Orientation fields of a grid, in RAS mm. */
export function orientationOfGrid(grid: Grid): NiftiOrientation {
  const toRas = ([x, y, z]: Triple): Triple => [0 - x, 0 - y, z];
  const axes = [2, 1, 0].map((axis) => toRas(grid.direction[axis])) as unknown as Matrix3;
  const steps = axes.map((axis, i) => scaled(axis, grid.spacingMm[2 - i])) as unknown as Matrix3;
  const qfac = dot(axes[0], cross(axes[1], axes[2])) < 0 ? -1 : 1;
  return {
    srow: [0, 1, 2].map((row) => steps.map((step) => step[row])) as unknown as Matrix3,
    offset: toRas(grid.origin),
    quaternion: quaternionOf([axes[0], axes[1], scaled(axes[2], qfac)]),
    qfac,
  };
}

/** b, c, d of the unit quaternion, a ≥ 0, of a proper rotation given by its columns (Shepperd 1978: largest pivot). */
function quaternionOf([i, j, k]: Matrix3): Triple {
  const squares = [
    1 + i[0] + j[1] + k[2],
    1 + i[0] - j[1] - k[2],
    1 - i[0] + j[1] - k[2],
    1 - i[0] - j[1] + k[2],
  ];
  const largest = squares.indexOf(Math.max(...squares));
  const pivot = Math.sqrt(squares[largest]) / 2;
  const products = [
    [4 * pivot * pivot, j[2] - k[1], k[0] - i[2], i[1] - j[0]],
    [j[2] - k[1], 4 * pivot * pivot, i[1] + j[0], k[0] + i[2]],
    [k[0] - i[2], i[1] + j[0], 4 * pivot * pivot, j[2] + k[1]],
    [i[1] - j[0], k[0] + i[2], j[2] + k[1], 4 * pivot * pivot],
  ][largest];
  const [a, b, c, d] = products.map((product) => product / (4 * pivot));
  const sign = a < 0 ? -1 : 1;
  return [sign * b, sign * c, sign * d];
}
