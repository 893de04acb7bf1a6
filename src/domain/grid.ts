/**
 * Geometry. One order everywhere: (slice, row, column), the order in which the array is stored, column
 * fastest. One world: LPS millimetres (x to the patient's left, y to posterior, z to superior), as in
 * DICOM PS3.3 C.7.6.2.1.1. Readers convert at the boundary; see docs/coordinates.md.
 */
import { DataError } from "./errors.ts";

export type Triple = readonly [number, number, number];

/** A position in the array, (slice, row, column), counted from 0; fractions lie between voxel centres. */
export type VoxelIndex = Triple & { readonly __space?: "voxel" };

/** A position in the patient, LPS, in mm. */
export type WorldPoint = Triple & { readonly __space?: "world" };

/**
 * Where the voxels of an array lie in the patient.
 *
 * `world = origin + Σ_axis index[axis] · spacingMm[axis] · direction[axis]`
 */
export interface Grid {
  /** Voxels per axis (slice, row, column). */
  readonly shape: Triple;
  /** Distance between voxel centres per axis (slice, row, column), in mm; positive. */
  readonly spacingMm: Triple;
  /** Unit vector of each axis (slice, row, column) in LPS; the three are orthogonal within 1e-3. */
  readonly direction: readonly [Triple, Triple, Triple];
  /** LPS position in mm of the centre of voxel (0, 0, 0). */
  readonly origin: WorldPoint;
}

/** Largest number of voxels that one array may hold (2^31 − 1, the limit of one typed array view here). */
const MAX_VOXELS = 2 ** 31 - 1;

/**
 * Validates and freezes a grid.
 *
 * @throws {DataError} `grid-invalid` where a size is not a positive integer, a spacing is not positive and
 *   finite, an axis is not a unit vector, or axes are not orthogonal (sheared).
 */
export function createGrid(grid: Grid, file?: string): Grid {
  const problem = gridProblem(grid);
  if (problem !== undefined) {
    throw new DataError("grid-invalid", {
      found: problem,
      expected: "whole positive sizes, positive finite spacings in mm and three orthogonal unit axes",
      remedy: "Correct the header or convert the image again from its source.",
      ...(file === undefined ? {} : { file }),
    });
  }
  return Object.freeze({ ...grid });
}

function gridProblem({ shape, spacingMm, direction, origin }: Grid): string | undefined {
  if (!shape.every((size) => Number.isInteger(size) && size > 0)) return `size ${shape.join("x")}`;
  if (voxelCount({ shape }) > MAX_VOXELS) return `size ${shape.join("x")}, more than ${MAX_VOXELS} voxels`;
  if (!spacingMm.every((mm) => Number.isFinite(mm) && mm > 0)) return `spacing ${spacingMm.join(", ")} mm`;
  if (!origin.every(Number.isFinite)) return `origin ${origin.join(", ")}`;
  for (let axis = 0; axis < 3; axis++) {
    const length = Math.hypot(...direction[axis]);
    if (!(Math.abs(length - 1) < 1e-3)) return `axis ${axis} of length ${length}`;
    const other = (axis + 1) % 3;
    const cosine = dot(direction[axis], direction[other]);
    if (!(Math.abs(cosine) < 1e-3)) return `axes ${axis} and ${other} with cosine ${cosine.toFixed(4)}`;
  }
  return undefined;
}

/** Number of voxels of a grid. */
export function voxelCount({ shape }: Pick<Grid, "shape">): number {
  return shape[0] * shape[1] * shape[2];
}

/** Volume of one voxel, in mm³. */
export function voxelVolumeMm3({ spacingMm }: Pick<Grid, "spacingMm">): number {
  return spacingMm[0] * spacingMm[1] * spacingMm[2];
}

/** The LPS point in mm of a voxel index. */
export function toWorld(grid: Grid, index: VoxelIndex): WorldPoint {
  const world: [number, number, number] = [grid.origin[0], grid.origin[1], grid.origin[2]];
  for (let axis = 0; axis < 3; axis++) {
    for (let i = 0; i < 3; i++) world[i] += index[axis] * grid.spacingMm[axis] * grid.direction[axis][i];
  }
  return world;
}

/** The (fractional) voxel index of an LPS point in mm. */
export function toVoxel(grid: Grid, point: WorldPoint): VoxelIndex {
  const offset: Triple = [point[0] - grid.origin[0], point[1] - grid.origin[1], point[2] - grid.origin[2]];
  return [0, 1, 2].map(
    (axis) => dot(offset, grid.direction[axis]) / grid.spacingMm[axis],
  ) as unknown as Triple;
}

/** Whether two grids have the same shape and the same geometry within a hundredth of a voxel. */
export function sameGrid(a: Grid, b: Grid): boolean {
  if (!a.shape.every((size, axis) => size === b.shape[axis])) return false;
  const corners: VoxelIndex[] = [
    [0, 0, 0],
    [a.shape[0], 0, 0],
    [0, a.shape[1], 0],
    [0, 0, a.shape[2]],
  ];
  return corners.every((corner) => {
    const seen = toVoxel(b, toWorld(a, corner));
    return seen.every((value, axis) => Math.abs(value - corner[axis]) < 0.01);
  });
}

/** One line that describes a grid to a person. */
export function describeGrid({ shape, spacingMm, origin }: Grid): string {
  const round = (values: Triple) => values.map((value) => Number(value.toFixed(3))).join("x");
  return `${shape.join("x")} voxels of ${round(spacingMm)} mm at (${origin.map((value) => value.toFixed(1)).join(", ")})`;
}

function dot(a: Triple, b: Triple): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
