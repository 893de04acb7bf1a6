/** What readers of image files return. */
import type { Issue } from "../domain/issues.ts";
import type { Volume, VoxelArray } from "../domain/volume.ts";

/** A volume together with what was imperfect in its file. */
export interface VolumeFromFile<A extends VoxelArray = VoxelArray> extends Volume<A> {
  readonly issues: readonly Issue[];
}
