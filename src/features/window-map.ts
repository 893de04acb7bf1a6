/** What windows see, put together to maps of the whole image. */
import type { Triple } from "../domain/grid.ts";
import { gaussianImportance } from "../engine/sliding-window-geometry.ts";

/** One window's map. */
export interface WindowMap {
  /** First voxel of the window in the image; a window may reach over its edges. */
  readonly start: Triple;
  readonly patchSize: Triple;
  /** Cells of the map, which divide the patch evenly. */
  readonly cells: Triple;
  /** [d · h · w]. */
  readonly values: Float32Array;
}

/**
 * The mean of the windows' maps at each voxel, weighted as logits are: a Gaussian about the window's centre. Every voxel of a cell has the
 * cell's value.
 *
 * @returns one value per voxel of the image, 0 where no window lies.
 */
export function averageMaps(imageShape: Triple, windows: readonly WindowMap[]): Float32Array {
  const sums = new Float32Array(voxels(imageShape));
  const weights = new Float32Array(sums.length);
  forEachVoxel(imageShape, windows, (voxel, value, importance) => {
    sums[voxel] += importance * value;
    weights[voxel] += importance;
  });
  return sums.map((sum, voxel) => (weights[voxel] > 0 ? sum / weights[voxel] : 0));
}

/**
 * At each voxel the value that the most central window gives, the first of equals: for values that have no mean, such as codes.
 *
 * @returns one value per voxel of the image, `outside` where no window lies.
 */
export function centralMaps(
  imageShape: Triple,
  windows: readonly WindowMap[],
  outside: number,
): Float32Array {
  const map = new Float32Array(voxels(imageShape)).fill(outside);
  const best = new Float32Array(map.length);
  forEachVoxel(imageShape, windows, (voxel, value, importance) => {
    if (importance <= best[voxel]) return;
    best[voxel] = importance;
    map[voxel] = value;
  });
  return map;
}

function forEachVoxel(
  imageShape: Triple,
  windows: readonly WindowMap[],
  visit: (voxel: number, value: number, importance: number) => void,
): void {
  if (windows.length === 0) return;
  const importance = gaussianImportance(windows[0].patchSize);
  for (const { start, patchSize, cells, values } of windows) {
    const block = patchSize.map((size, axis) => size / cells[axis]);
    const first = start.map((at) => Math.max(0, at));
    const end = start.map((at, axis) => Math.min(imageShape[axis], at + patchSize[axis]));
    for (let slice = first[0]; slice < end[0]; slice++) {
      const s = slice - start[0];
      for (let row = first[1]; row < end[1]; row++) {
        const r = row - start[1];
        const cellRow = (Math.floor(s / block[0]) * cells[1] + Math.floor(r / block[1])) * cells[2];
        const inPatch = (s * patchSize[1] + r) * patchSize[2];
        const inImage = (slice * imageShape[1] + row) * imageShape[2];
        for (let column = first[2]; column < end[2]; column++) {
          const c = column - start[2];
          visit(inImage + column, values[cellRow + Math.floor(c / block[2])], importance[inPatch + c]);
        }
      }
    }
  }
}

function voxels([slices, rows, columns]: Triple): number {
  return slices * rows * columns;
}
