/**
 * The Analysis Mask of I-SPY 2 (TCIA, ISPY2; Newitt 2021): a DICOM SEG that is inverse and bit-coded. Its meaning is that of the archive's "Analysis mask files
 * description" (v20211020): 0 was included in the functional tumour volume, other values add the steps that excluded a voxel. The document's bit for
 * background is 8; files of the archive have 16 (values 17 = 16 + 1, 33, 34, 48, 49), so both are known.
 */
import { DataError } from "../../domain/errors.ts";
import { type Grid, toVoxel, toWorld, voxelCount } from "../../domain/grid.ts";
import type { Issue, WithIssues } from "../../domain/issues.ts";
import type { LabelMap } from "../../domain/volume.ts";
import { parseDicom } from "../dicom/data-set.ts";
import { readDicomSegmentation } from "../dicom/segmentation.ts";
import { readBytes } from "../files.ts";

/** Why a voxel is no tumour. 0 is tumour; several reasons may hold. */
export const ANALYSIS_MASK_BITS = {
  belowPeThreshold: 1,
  unconnected: 2,
  background: 8,
  belowBackgroundSignal: 16,
  outsideVolumeOfInterest: 32,
  omitted: 64,
} as const;

/**
 * Reads the functional tumour volume that an Analysis Mask holds, as 1. It may be empty, after chemotherapy rightly so.
 *
 * Frames may cover fewer slices than the image, more of them, or a crop of them. What no frame covers is outside the volume of interest. A reader fills it with 0, which
 * would be tumour, so that a slice of zeros alone counts as uncovered: no breast is tumour throughout.
 *
 * @param grid of the images.
 * @returns issues where tumour lies outside the images.
 * @throws {DataError} `analysis-mask-coding` for another coding, `segmentation-off-grid` where its voxels are none of the images', and as
 *   {@link readDicomSegmentation}.
 */
export async function readAnalysisMask(file: string, grid: Grid): Promise<WithIssues<LabelMap>> {
  const most = parseDicom(await readBytes(file), file).number("MaximumFractionalValue");
  const { segments, grid: own } = await readDicomSegmentation(file);
  if (segments.length !== 1 || most === undefined) {
    throw new DataError("analysis-mask-coding", {
      file,
      found: `${segments.length} segments, ${most === undefined ? "binary" : "fractional"}`,
      expected: "one fractional segment whose values are bits",
      remedy: "Check that this is the Analysis Mask of I-SPY 2.",
    });
  }
  const codes = segments[0].volume.data;
  const first = firstVoxel(own, grid, file);
  const data = new Uint8Array(voxelCount(grid));
  let outside = 0;
  const [slices, rows, columns] = own.shape;
  for (let slice = 0; slice < slices; slice++) {
    const values = codes.subarray(slice * rows * columns, (slice + 1) * rows * columns);
    if (values.every((value) => value === 0)) continue;
    for (let i = 0; i < values.length; i++) {
      if (Math.round(values[i] * most) !== 0) continue;
      const at = [first[0] + slice, first[1] + Math.floor(i / columns), first[2] + (i % columns)];
      const inside = at.every((index, axis) => index >= 0 && index < grid.shape[axis]);
      if (inside) data[(at[0] * grid.shape[1] + at[1]) * grid.shape[2] + at[2]] = 1;
      else outside++;
    }
  }
  if (outside === 0) return { value: { grid, data }, issues: [] };
  const issue: Issue = {
    code: "segmentation-outside-image",
    severity: "warning",
    message: `${outside} voxels of the tumour lie outside the images and were left out. Check that mask and images are of one examination.`,
  };
  return { value: { grid, data }, issues: [issue] };
}

/** How far, in voxels, the mask's voxels may lie beside those of the images. */
const LARGEST_OFFSET = 0.05;

/** The voxel of the images at which the mask begins. */
function firstVoxel(own: Grid, grid: Grid, file: string): readonly number[] {
  const first = toVoxel(grid, own.origin);
  const last = toVoxel(grid, toWorld(own, [own.shape[0] - 1, own.shape[1] - 1, own.shape[2] - 1]));
  const begins = first.map(Math.round);
  const fits = first.every(
    (index, axis) =>
      Math.abs(index - begins[axis]) <= LARGEST_OFFSET &&
      Math.abs(last[axis] - begins[axis] - own.shape[axis] + 1) <= LARGEST_OFFSET,
  );
  if (fits) return begins;
  throw new DataError("segmentation-off-grid", {
    file,
    found: "voxels that are none of the images'",
    expected: "a mask of the derived dynamic series, or a part of it",
    remedy: "Check that mask and images are of one examination.",
  });
}
