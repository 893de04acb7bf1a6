/** The Analysis Mask of I-SPY 2 (TCIA, ISPY2; Newitt 2021): a DICOM SEG that is inverse and bit-coded. */
import { DataError } from "../../domain/errors.ts";
import type { Grid } from "../../domain/grid.ts";
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
 * Slices that no frame covers are outside the volume of interest. They cannot be told from slices that are tumour throughout, which no breast
 * has, so that a slice of zeros alone counts as uncovered.
 *
 * @param grid of the images.
 * @throws {DataError} `analysis-mask-coding` for another coding, and as {@link readDicomSegmentation}.
 */
export async function readAnalysisMask(file: string, grid: Grid): Promise<LabelMap> {
  const most = parseDicom(await readBytes(file), file).number("MaximumFractionalValue");
  const { segments } = await readDicomSegmentation(file, { grid });
  if (segments.length !== 1 || most === undefined) {
    throw new DataError("analysis-mask-coding", {
      file,
      found: `${segments.length} segments, ${most === undefined ? "binary" : "fractional"}`,
      expected: "one fractional segment whose values are bits",
      remedy: "Check that this is the Analysis Mask of I-SPY 2.",
    });
  }
  const codes = segments[0].volume.data;
  const data = new Uint8Array(codes.length);
  const plane = grid.shape[1] * grid.shape[2];
  for (let slice = 0; slice < grid.shape[0]; slice++) {
    const values = codes.subarray(slice * plane, (slice + 1) * plane);
    if (values.every((value) => value === 0)) continue;
    for (let i = 0; i < plane; i++) if (Math.round(values[i] * most) === 0) data[slice * plane + i] = 1;
  }
  return { grid, data };
}
