/**
 * Where the cells of a bottleneck lie: each of a window's bottleneck cells stands for the block of voxels that
 * the strides of the encoder map onto it.
 */
import { UsageError } from "../domain/errors.ts";
import type { Triple } from "../domain/grid.ts";

export interface CellLayout {
  /** Voxels of the image, (slice, row, column). */
  readonly imageShape: Triple;
  /** Voxels of a window. */
  readonly windowShape: Triple;
  /** Cells of a window's bottleneck. */
  readonly bottleneckShape: Triple;
}

/**
 * Voxels that one cell covers, (slice, row, column).
 *
 * @throws {UsageError} `pool-shape` where a size is not positive or cells do not divide the window evenly.
 */
export function blockShape({ imageShape, windowShape, bottleneckShape }: CellLayout): Triple {
  const isSize = (size: number) => Number.isInteger(size) && size > 0;
  const fits = [0, 1, 2].every(
    (axis) =>
      isSize(imageShape[axis]) &&
      isSize(bottleneckShape[axis]) &&
      isSize(windowShape[axis] / bottleneckShape[axis]),
  );
  if (!fits) {
    throw new UsageError("pool-shape", {
      found: `an image of ${imageShape.join("x")}, windows of ${windowShape.join("x")} and ${bottleneckShape.join("x")} cells`,
      expected: "positive sizes, and windows that are whole multiples of the cells",
    });
  }
  return [0, 1, 2].map((axis) => windowShape[axis] / bottleneckShape[axis]) as unknown as Triple;
}

/**
 * Weight of each cell by its place in the window, [d · h · w]: a Gaussian about the window's centre with σ an
 * eighth of the window, at the cell's centre, as nnU-Net weights overlapping windows (Isensee 2021).
 */
export function centreWeights({ bottleneckShape }: CellLayout): Float64Array {
  const perAxis = bottleneckShape.map((cells) =>
    Float64Array.from({ length: cells }, (_, cell) => {
      const fromCentre = ((cell + 0.5) / cells - 0.5) * 8;
      return Math.exp(-0.5 * fromCentre * fromCentre);
    }),
  );
  const weights: number[] = [];
  for (const slice of perAxis[0]) {
    for (const row of perAxis[1]) for (const column of perAxis[2]) weights.push(slice * row * column);
  }
  return Float64Array.from(weights);
}

/**
 * Mean of a region over the block of each cell, [d · h · w]; voxels outside the image count as 0.
 *
 * @param region one weight per voxel of the image.
 * @param block voxels of a cell, of {@link blockShape}.
 * @param start first voxel of the window; a window may reach over the edges of the image.
 */
export function cellMeans(
  region: Float32Array,
  layout: CellLayout,
  block: Triple,
  start: Triple,
): Float64Array {
  const { imageShape, windowShape, bottleneckShape } = layout;
  const [, rows, columns] = imageShape;
  const [, cellRows, cellColumns] = bottleneckShape;
  const sums = new Float64Array(bottleneckShape[0] * cellRows * cellColumns);
  const first = start.map((at) => Math.max(0, at));
  const end = start.map((at, axis) => Math.min(imageShape[axis], at + windowShape[axis]));
  for (let slice = first[0]; slice < end[0]; slice++) {
    const sliceCell = Math.floor((slice - start[0]) / block[0]);
    for (let row = first[1]; row < end[1]; row++) {
      const rowCell = Math.floor((row - start[1]) / block[1]);
      const cells = (sliceCell * cellRows + rowCell) * cellColumns;
      const voxels = (slice * rows + row) * columns;
      for (let column = first[2]; column < end[2]; column++) {
        sums[cells + Math.floor((column - start[2]) / block[2])] += region[voxels + column];
      }
    }
  }
  return sums.map((sum) => sum / (block[0] * block[1] * block[2]));
}
