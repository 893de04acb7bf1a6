/** Labels for the coarser resolutions of deep supervision. */
import type { Triple } from "../domain/grid.ts";

/**
 * Labels at each supervised resolution. A coarse voxel takes the label of the fine voxel nearest to its centre, the later one of two,
 * as nnU-Net does (`nearest-exact`).
 *
 * @param labels of one patch, column fastest
 * @param shape of the patch; divisible by each stride
 * @param strides factor per resolution, finest first (`SegmentationNetwork.supervisionStrides`)
 * @returns one array per stride
 */
export function supervisionLabels(
  labels: ArrayLike<number>,
  shape: Triple,
  strides: readonly Triple[],
): Int32Array[] {
  const [, rows, columns] = shape;
  return strides.map((stride) => {
    const [depth, height, width] = shape.map((size, axis) => size / stride[axis]);
    const [firstSlice, firstRow, firstColumn] = stride.map((step) => Math.floor(step / 2));
    const coarse = new Int32Array(depth * height * width);
    let at = 0;
    for (let z = 0; z < depth; z++) {
      for (let y = 0; y < height; y++) {
        const line = ((z * stride[0] + firstSlice) * rows + y * stride[1] + firstRow) * columns + firstColumn;
        for (let x = 0; x < width; x++) coarse[at++] = labels[line + x * stride[2]];
      }
    }
    return coarse;
  });
}
