/** Where the windows of a sliding-window prediction lie, and what each voxel of a window counts for. */
import { UsageError } from "../domain/errors.ts";
import type { Triple } from "../domain/grid.ts";

/**
 * Starts of the windows in an image, the last axis fastest: evenly spread so that the first begins and the last ends with the image,
 * at most `stepShare` of the patch apart (Isensee et al. 2021). Along an axis where the image is smaller than the patch there is one
 * window, centred; its start is negative.
 *
 * @throws {UsageError} `window-step` where `stepShare` is not in (0, 1]
 */
export function windowStarts(imageShape: Triple, patchSize: Triple, stepShare: number): Triple[] {
  if (!(stepShare > 0 && stepShare <= 1)) {
    throw new UsageError("window-step", {
      found: `a window step of ${stepShare} of the patch`,
      expected: "a share above 0, at most 1",
    });
  }
  const perAxis = imageShape.map((size, axis) => {
    const patch = patchSize[axis];
    if (size <= patch) return [0 - Math.floor((patch - size) / 2)];
    const windows = Math.ceil((size - patch) / (patch * stepShare)) + 1;
    const step = (size - patch) / (windows - 1);
    return Array.from({ length: windows }, (_, i) => Math.round(step * i));
  });
  const [slices, rows, columns] = perAxis;
  return slices.flatMap((slice) =>
    rows.flatMap((row) => columns.map((column) => [slice, row, column] as const)),
  );
}

/** Standard deviation of the importance map, as a share of the patch (Isensee et al. 2021). */
const SIGMA_SHARE = 1 / 8;

/**
 * Gaussian importance of each voxel of a patch, 1 at the centre. nnU-Net centres it on voxel size/2; here it is centred on the patch
 * itself, so that a mirrored window counts as its image does.
 *
 * @returns one value per voxel, column fastest; all above 0
 */
export function gaussianImportance(patchSize: Triple): Float32Array {
  const [slices, rows, columns] = patchSize.map((size) =>
    Float64Array.from({ length: size }, (_, i) => {
      const distance = (i - (size - 1) / 2) / (size * SIGMA_SHARE);
      return Math.exp(-(distance ** 2) / 2);
    }),
  );
  const map = new Float32Array(slices.length * rows.length * columns.length);
  let at = 0;
  for (const slice of slices) {
    for (const row of rows) {
      for (const column of columns) map[at++] = slice * row * column;
    }
  }
  return map;
}

/** All subsets of the axes, the empty one first: the mirrorings of a window. */
export function mirrorings(axes: readonly number[]): number[][] {
  const subsets: number[][] = [[]];
  for (const axis of axes) subsets.push(...subsets.map((subset) => [...subset, axis]));
  return subsets;
}
