/** Voxels that are no numbers: failed divisions, broken exports. */
import type { WithIssues } from "../domain/issues.ts";
import { countNonFinite, type Volume, type VoxelArray } from "../domain/volume.ts";

/**
 * The image with every NaN or infinite voxel set to 0, and an issue `voxels-not-finite` that says how many there were. An image
 * without such voxels is returned as it is.
 *
 * @param subject study identifier of the examination, for the issue.
 */
export function replaceNonFinite<A extends VoxelArray>(
  volume: Volume<A>,
  subject?: string,
): WithIssues<Volume<A>> {
  const count = countNonFinite(volume.data);
  if (count === 0) return { value: volume, issues: [] };
  const data = volume.data.slice() as A;
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) data[i] = 0;
  return {
    value: { grid: volume.grid, data },
    issues: [
      {
        code: "voxels-not-finite",
        severity: "warning",
        message:
          `${count} of ${data.length} voxels are not finite numbers and were set to 0. ` +
          "Expected finite values; check the conversion of the image.",
        ...(subject === undefined ? {} : { subject }),
      },
    ],
  };
}
