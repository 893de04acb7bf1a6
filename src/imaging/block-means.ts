/** Coarse copies of an image. */
import { createGrid, type Triple, voxelCount } from "../domain/grid.ts";
import type { Volume } from "../domain/volume.ts";

/**
 * Means of a function of the signal over blocks of whole voxels, as many per axis as lie within `widthMm` (at least one); blocks at the far
 * ends may be cut.
 */
export function blockMeans(
  volume: Volume,
  widthMm: number,
  value: (signal: number) => number,
): Volume<Float32Array> {
  const { shape, spacingMm, direction, origin } = volume.grid;
  const blocks = spacingMm.map((mm) => Math.max(1, Math.floor(widthMm / mm)));
  const coarse = blocks.map((size, axis) => Math.ceil(shape[axis] / size)) as unknown as Triple;
  const first: [number, number, number] = [origin[0], origin[1], origin[2]];
  blocks.forEach((size, axis) => {
    for (let i = 0; i < 3; i++) first[i] += ((size - 1) / 2) * spacingMm[axis] * direction[axis][i];
  });
  const grid = createGrid({
    shape: coarse,
    spacingMm: blocks.map((size, axis) => size * spacingMm[axis]) as unknown as Triple,
    direction,
    origin: first,
  });
  const sums = new Float32Array(voxelCount(grid));
  const counts = new Float32Array(sums.length);
  for (let i = 0, voxel = 0; i < shape[0]; i++) {
    const slice = Math.floor(i / blocks[0]) * coarse[1];
    for (let j = 0; j < shape[1]; j++) {
      const row = (slice + Math.floor(j / blocks[1])) * coarse[2];
      for (let k = 0; k < shape[2]; k++, voxel++) {
        const block = row + Math.floor(k / blocks[2]);
        sums[block] += value(volume.data[voxel]);
        counts[block]++;
      }
    }
  }
  for (let block = 0; block < sums.length; block++) sums[block] /= counts[block];
  return { grid, data: sums };
}
