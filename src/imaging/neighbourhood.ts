/** Which voxels touch each other. */
import type { Triple } from "../domain/grid.ts";

/** 6: sharing a face; 18: a face or an edge; 26: a face, an edge or a corner. */
export type Connectivity = 6 | 18 | 26;

/** The offsets (slice, row, column) of the neighbours of a voxel, in the order of the array. */
export function neighbourOffsets(connectivity: Connectivity): readonly Triple[] {
  const axesMoved = { 6: 1, 18: 2, 26: 3 }[connectivity];
  const offsets: Triple[] = [];
  for (let i = -1; i <= 1; i++) {
    for (let j = -1; j <= 1; j++) {
      for (let k = -1; k <= 1; k++) {
        const moved = Math.abs(i) + Math.abs(j) + Math.abs(k);
        if (moved > 0 && moved <= axesMoved) offsets.push([i, j, k]);
      }
    }
  }
  return offsets;
}

/**
 * For every non-zero voxel the number of its non-zero neighbours, 0 elsewhere; what lies outside the array counts as zero.
 */
export function countNeighbours(mask: Uint8Array, shape: Triple, connectivity: Connectivity): Uint8Array {
  const [slices, rows, columns] = shape;
  const offsets = neighbourOffsets(connectivity);
  const counts = new Uint8Array(mask.length);
  for (let i = 0, voxel = 0; i < slices; i++) {
    for (let j = 0; j < rows; j++) {
      for (let k = 0; k < columns; k++, voxel++) {
        if (mask[voxel] === 0) continue;
        for (const [di, dj, dk] of offsets) {
          const a = i + di;
          const b = j + dj;
          const c = k + dk;
          if (a < 0 || a >= slices || b < 0 || b >= rows || c < 0 || c >= columns) continue;
          if (mask[(a * rows + b) * columns + c] !== 0) counts[voxel]++;
        }
      }
    }
  }
  return counts;
}
