/** Images and masks on a grid. */
import { DataError } from "./errors.ts";
import { describeGrid, type Grid, sameGrid, voxelCount } from "./grid.ts";

export type VoxelArray =
  | Float32Array
  | Float64Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint8Array
  | Int8Array
  | Uint32Array;

/** A scalar image: `data[(slice · rows + row) · columns + column]`. */
export interface Volume<A extends VoxelArray = VoxelArray> {
  readonly grid: Grid;
  readonly data: A;
}

/** A mask: 0 is background, every other value one class. */
export type LabelMap = Volume<Uint8Array>;

/** @throws {DataError} `volume-size` where the array does not have one value per voxel of the grid. */
export function createVolume<A extends VoxelArray>(grid: Grid, data: A): Volume<A> {
  if (data.length !== voxelCount(grid)) {
    throw new DataError("volume-size", {
      found: `${data.length} values for ${describeGrid(grid)}`,
      expected: `${voxelCount(grid)} values`,
    });
  }
  return { grid, data };
}

/** @throws {DataError} `grid-mismatch` where `b` does not lie on the grid of `a`. */
export function requireSameGrid(a: Volume, b: Volume, what: string, file?: string): void {
  if (sameGrid(a.grid, b.grid)) return;
  throw new DataError("grid-mismatch", {
    found: `${what} is ${describeGrid(b.grid)}`,
    expected: `the grid of its image, ${describeGrid(a.grid)}`,
    remedy: "Export the two from one source, or resample one onto the other.",
    ...(file === undefined ? {} : { file }),
  });
}

/** How many voxels are NaN or infinite; arrays of integers have none. */
export function countNonFinite(data: VoxelArray): number {
  if (!(data instanceof Float32Array || data instanceof Float64Array)) return 0;
  let count = 0;
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) count++;
  return count;
}
