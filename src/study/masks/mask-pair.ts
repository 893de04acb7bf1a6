/** Two masks on one grid, so that they can be compared. */
import { createGrid, type Grid, type Triple, toVoxel, toWorld } from "../../domain/grid.ts";
import { type Box, unionBox } from "../../imaging/cropping.ts";
import { describeSegmentation } from "../../io/dicom/segmentation.ts";
import { isSegmentationFile, type Mask, readMask } from "./mask-file.ts";

export interface MaskPair {
  readonly predicted: Mask;
  readonly reference: Mask;
}

/**
 * Reads a prediction and its reference. Two images must lie on one grid already, which comparing proves. A segmentation comes onto the grid of an
 * image that it is compared with. Two segmentations come onto the reference's grid, grown to hold both: each file holds the slices with
 * frames only.
 *
 * @throws {DataError} as {@link readMask}.
 */
export async function readMaskPair(predicted: string, reference: string): Promise<MaskPair> {
  const [predictedIs, referenceIs] = [
    await isSegmentationFile(predicted),
    await isSegmentationFile(reference),
  ];
  if (predictedIs && referenceIs) {
    const [own, other] = [await describeSegmentation(reference), await describeSegmentation(predicted)];
    const grid = grownGrid(own.grid, other.grid);
    return { predicted: await readMask(predicted, { grid }), reference: await readMask(reference, { grid }) };
  }
  if (referenceIs) {
    const mask = await readMask(predicted);
    return { predicted: mask, reference: await readMask(reference, { grid: mask.grid }) };
  }
  const mask = await readMask(reference);
  const options = predictedIs ? { grid: mask.grid } : {};
  return { predicted: await readMask(predicted, options), reference: mask };
}

/** The smallest grid with the voxels of one grid and all of another's within. */
function grownGrid(grid: Grid, other: Grid): Grid {
  const corners = [0, 1, 2, 3, 4, 5, 6, 7].map((corner) => {
    const index = other.shape.map((size, axis) => ((corner >> axis) & 1) * (size - 1)) as unknown as Triple;
    return toVoxel(grid, toWorld(other, index)).map(Math.round);
  });
  const low = [0, 1, 2].map((axis) => Math.min(...corners.map((corner) => corner[axis])));
  const high = [0, 1, 2].map((axis) => Math.max(...corners.map((corner) => corner[axis])));
  const around: Box = {
    start: low as unknown as Triple,
    size: low.map((start, axis) => high[axis] - start + 1) as unknown as Triple,
  };
  const { start, size } = unionBox({ start: [0, 0, 0], size: grid.shape }, around);
  return createGrid({ ...grid, shape: size, origin: toWorld(grid, start) });
}
