/** DICOM segmentations brought onto the grid of an image. */
import { DataError } from "../../domain/errors.ts";
import type { Grid } from "../../domain/grid.ts";
import type { Issue, WithIssues } from "../../domain/issues.ts";
import type { LabelMap } from "../../domain/volume.ts";
import { resample } from "../../imaging/resampling.ts";
import { volumeMl } from "../../imaging/shape.ts";
import { readDicomSegmentation } from "../../io/dicom/segmentation.ts";

/** Share of a voxel, or probability, from which it counts as inside. */
const INSIDE = 0.5;

/**
 * The union of all segments of a DICOM segmentation on a grid. One that was drawn on another grid is resampled by physical coordinates,
 * linearly, and cut at one half; the issue states its volume before and after.
 *
 * @throws {DataError} as {@link readDicomSegmentation}, but for frames beside the grid.
 */
export async function readSegmentationObject(file: string, grid: Grid): Promise<WithIssues<LabelMap>> {
  try {
    const { segments } = await readDicomSegmentation(file, grid);
    return {
      value: union(
        grid,
        segments.map(({ volume }) => volume.data),
      ),
      issues: severalIssue(segments, file),
    };
  } catch (error) {
    if (!(error instanceof DataError && error.code === "segmentation-off-grid")) throw error;
  }
  const drawn = await readDicomSegmentation(file);
  const before = union(
    drawn.grid,
    drawn.segments.map(({ volume }) => volume.data),
  );
  const moved = drawn.segments.map(({ volume }) => resample(volume, grid).data);
  const value = union(grid, moved);
  const resampled: Issue = {
    code: "segmentation-resampled",
    severity: "warning",
    message: `The segmentation was drawn on another grid than the image and was resampled onto it: ${volumeMl(before).toFixed(3)} ml before, ${volumeMl(value).toFixed(3)} ml after. Check that it belongs to this image.`,
    file,
  };
  return { value, issues: [resampled, ...severalIssue(drawn.segments, file)] };
}

function union(grid: Grid, segments: readonly ArrayLike<number>[]): LabelMap {
  const data = new Uint8Array(grid.shape[0] * grid.shape[1] * grid.shape[2]);
  for (const values of segments) {
    for (let i = 0; i < data.length; i++) if (values[i] >= INSIDE) data[i] = 1;
  }
  return { grid, data };
}

function severalIssue(segments: readonly { readonly label: string }[], file: string): Issue[] {
  if (segments.length < 2) return [];
  const message = `All ${segments.length} segments were taken together: ${segments.map(({ label }) => label).join(", ")}.`;
  return [{ code: "segmentation-several", severity: "info", message, file }];
}
