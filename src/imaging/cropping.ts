/** Boxes of voxels: finding them, cutting them out and putting them back. Grids follow. */
import { DataError } from "../domain/errors.ts";
import { createGrid, type Grid, type Triple, toWorld, voxelCount } from "../domain/grid.ts";
import type { LabelMap, Volume, VoxelArray } from "../domain/volume.ts";

/** A box of voxels, (slice, row, column); `start` may be negative where it reaches beyond an image. */
export interface Box {
  readonly start: Triple;
  readonly size: Triple;
}

/** The smallest box that holds every voxel for which one of the arrays is not zero; undefined where all are zero. */
export function nonZeroBox(arrays: readonly VoxelArray[], shape: Triple): Box | undefined {
  return boxWhere(shape, (voxel) => {
    for (const array of arrays) if (array[voxel] !== 0) return true;
    return false;
  });
}

/** The smallest box that holds a mask, or one class of it; undefined where there is none. */
export function maskBox(mask: LabelMap, label?: number): Box | undefined {
  const { data } = mask;
  return boxWhere(
    mask.grid.shape,
    label === undefined ? (voxel) => data[voxel] !== 0 : (voxel) => data[voxel] === label,
  );
}

function boxWhere(shape: Triple, inside: (voxel: number) => boolean): Box | undefined {
  const [slices, rows, columns] = shape;
  const low = [slices, rows, columns];
  const high = [-1, -1, -1];
  for (let i = 0, row = 0; i < slices; i++) {
    for (let j = 0; j < rows; j++, row += columns) {
      let first = 0;
      while (first < columns && !inside(row + first)) first++;
      if (first === columns) continue;
      let last = columns - 1;
      while (!inside(row + last)) last--;
      low[0] = Math.min(low[0], i);
      high[0] = i;
      low[1] = Math.min(low[1], j);
      high[1] = Math.max(high[1], j);
      low[2] = Math.min(low[2], first);
      high[2] = Math.max(high[2], last);
    }
  }
  if (high[0] < 0) return undefined;
  return {
    start: low as unknown as Triple,
    size: low.map((start, axis) => high[axis] - start + 1) as unknown as Triple,
  };
}

/** The smallest box that holds both. */
export function unionBox(a: Box, b: Box): Box {
  const start = a.start.map((s, axis) => Math.min(s, b.start[axis])) as unknown as Triple;
  const size = start.map(
    (s, axis) => Math.max(a.start[axis] + a.size[axis], b.start[axis] + b.size[axis]) - s,
  ) as unknown as Triple;
  return { start, size };
}

/** The box grown by whole voxels so that each side gains at least `marginMm`, cut to the image. */
export function expandBox({ start, size }: Box, marginMm: number, { shape, spacingMm }: Grid): Box {
  const margins = spacingMm.map((mm) => Math.ceil(marginMm / mm));
  const low = start.map((s, axis) => Math.max(0, s - margins[axis]));
  const high = start.map((s, axis) => Math.min(shape[axis], s + size[axis] + margins[axis]));
  return {
    start: low as unknown as Triple,
    size: low.map((l, axis) => high[axis] - l) as unknown as Triple,
  };
}

/** The grid of a box, which may reach beyond the image. */
export function cropGrid(grid: Grid, { start, size }: Box): Grid {
  return createGrid({ ...grid, shape: size, origin: toWorld(grid, start) });
}

/** Cuts a box out of an image. @throws {DataError} `box-outside` where the box reaches beyond the image; use {@link pad} then. */
export function crop<A extends VoxelArray>(volume: Volume<A>, box: Box): Volume<A> {
  requireInside(box, volume.grid.shape);
  return pad(volume, box);
}

/** The voxels of a box that may reach beyond the image; there they take `value`. */
export function pad<A extends VoxelArray>(volume: Volume<A>, box: Box, value = 0): Volume<A> {
  const grid = cropGrid(volume.grid, box);
  const data = new (volume.data.constructor as new (length: number) => A)(voxelCount(grid));
  if (value !== 0) data.fill(value);
  forOverlappingRows(box, volume.grid.shape, (inImage, inBox, length) => {
    data.set(volume.data.subarray(inImage, inImage + length), inBox);
  });
  return { grid, data };
}

/** A copy of the image in which the voxels of `patch` stand at `start`; what reaches beyond the image is dropped. */
export function paste<A extends VoxelArray>(volume: Volume<A>, patch: Volume<A>, start: Triple): Volume<A> {
  const data = volume.data.slice() as A;
  forOverlappingRows({ start, size: patch.grid.shape }, volume.grid.shape, (inImage, inBox, length) => {
    data.set(patch.data.subarray(inBox, inBox + length), inImage);
  });
  return { grid: volume.grid, data };
}

/** Calls back for each row of voxels that lies in both, with its first position in the image's and in the box's array. */
export function forOverlappingRows(
  { start, size }: Box,
  shape: Triple,
  copy: (inImage: number, inBox: number, length: number) => void,
): void {
  const low = start.map((s) => Math.max(0, s));
  const high = start.map((s, axis) => Math.min(shape[axis], s + size[axis]));
  const length = high[2] - low[2];
  if (length <= 0) return;
  for (let i = low[0]; i < high[0]; i++) {
    for (let j = low[1]; j < high[1]; j++) {
      const inImage = (i * shape[1] + j) * shape[2] + low[2];
      const inBox = ((i - start[0]) * size[1] + j - start[1]) * size[2] + low[2] - start[2];
      copy(inImage, inBox, length);
    }
  }
}

function requireInside({ start, size }: Box, shape: Triple): void {
  const inside = start.every((s, axis) => s >= 0 && size[axis] > 0 && s + size[axis] <= shape[axis]);
  if (inside) return;
  throw new DataError("box-outside", {
    found: `a box of ${size.join("x")} voxels at (${start.join(", ")})`,
    expected: `a box inside the image of ${shape.join("x")} voxels`,
  });
}
