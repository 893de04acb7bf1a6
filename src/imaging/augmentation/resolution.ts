/** Loss of resolution, in place, one channel at a time. */
import type { Triple } from "../../domain/grid.ts";
import { transformLines } from "../smoothing.ts";

/**
 * What a scan with fewer samples would show: round(size·factor) samples along each of the `axes`, each the nearest voxel, then linear
 * interpolation back to the old size (pixel centres, edge values beyond).
 */
export function lowerResolution(
  channel: Float32Array,
  shape: Triple,
  factor: number,
  axes: readonly number[],
): void {
  for (const axis of axes) {
    const size = shape[axis];
    const samples = Math.max(1, Math.round(size * factor));
    if (samples === size) continue;
    const kept = Int32Array.from({ length: samples }, (_, i) => Math.floor(((i + 0.5) * size) / samples));
    const below = new Int32Array(size);
    const above = new Int32Array(size);
    const share = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      const at = Math.max(0, Math.min(((i + 0.5) * samples) / size - 0.5, samples - 1));
      const first = Math.floor(at);
      below[i] = kept[first];
      above[i] = kept[Math.min(first + 1, samples - 1)];
      share[i] = at - first;
    }
    const full = new Float64Array(size);
    transformLines(channel, shape, axis, (line) => {
      full.set(line);
      for (let i = 0; i < size; i++) line[i] = full[below[i]] + share[i] * (full[above[i]] - full[below[i]]);
    });
  }
}
