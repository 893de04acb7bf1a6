/** Surfaces of masks. */
import type { Triple } from "../domain/grid.ts";

/**
 * The surface voxels of a mask, as 1: its non-zero voxels of which one of the six face neighbours is zero or lies outside the image
 * (the mask without its erosion by a cross, as in MONAI's `get_mask_edges`).
 */
export function surfaceVoxels(mask: Uint8Array, [slices, rows, columns]: Triple): Uint8Array {
  const surface = new Uint8Array(mask.length);
  const plane = rows * columns;
  for (let i = 0, voxel = 0; i < slices; i++) {
    for (let j = 0; j < rows; j++) {
      for (let k = 0; k < columns; k++, voxel++) {
        if (mask[voxel] === 0) continue;
        const enclosed =
          i > 0 &&
          i < slices - 1 &&
          j > 0 &&
          j < rows - 1 &&
          k > 0 &&
          k < columns - 1 &&
          mask[voxel - 1] !== 0 &&
          mask[voxel + 1] !== 0 &&
          mask[voxel - columns] !== 0 &&
          mask[voxel + columns] !== 0 &&
          mask[voxel - plane] !== 0 &&
          mask[voxel + plane] !== 0;
        if (!enclosed) surface[voxel] = 1;
      }
    }
  }
  return surface;
}
