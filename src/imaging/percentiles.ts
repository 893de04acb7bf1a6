/** Percentiles of voxel values. */
import type { VoxelArray } from "../domain/volume.ts";

/**
 * Percentiles by linear interpolation between order statistics (type 7 of Hyndman & Fan 1996, Am Stat 50:361; NumPy's default).
 *
 * @param values finite numbers; not changed.
 * @param percents from 0 to 100.
 * @returns one value per percent; NaN where there are no values.
 */
export function percentiles(values: VoxelArray | Float64Array, percents: readonly number[]): number[] {
  const sorted = values.slice().sort();
  return percents.map((percent) => {
    const at = (percent / 100) * (sorted.length - 1);
    const below = Math.floor(at);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  });
}
