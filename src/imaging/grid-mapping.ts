/** How the voxels of one grid lie in another. */
import { type Grid, type Triple, toVoxel, toWorld } from "../domain/grid.ts";

/** `source index = offset + Σ_t target index[t] · steps[t]`, all (slice, row, column). */
export interface GridMapping {
  readonly offset: Triple;
  readonly steps: readonly [Triple, Triple, Triple];
  /** For each source axis the target axis that runs along it; undefined where the grids are oblique to each other. */
  readonly axisPairs: Triple | undefined;
}

/** Axes count as parallel where they drift apart by less than this part of a voxel over the whole grid. */
const PARALLEL_TOLERANCE_VOXELS = 1e-3;

/** The mapping from indices of `target` to (fractional) indices of `source`. */
export function gridMapping(source: Grid, target: Grid): GridMapping {
  const offset = toVoxel(source, toWorld(target, [0, 0, 0]));
  const steps = [0, 1, 2].map((axis) => {
    const unit: [number, number, number] = [0, 0, 0];
    unit[axis] = 1;
    const end = toVoxel(source, toWorld(target, unit));
    return [end[0] - offset[0], end[1] - offset[1], end[2] - offset[2]] as const;
  }) as unknown as [Triple, Triple, Triple];
  return { offset, steps, axisPairs: pairAxes(steps, target.shape) };
}

function pairAxes(steps: readonly [Triple, Triple, Triple], targetShape: Triple): Triple | undefined {
  const pairs = [0, 1, 2].map((sourceAxis) => {
    const moving = [0, 1, 2].filter(
      (t) => Math.abs(steps[t][sourceAxis]) * targetShape[t] > PARALLEL_TOLERANCE_VOXELS,
    );
    return moving.length === 1 ? moving[0] : -1;
  });
  const proper = new Set(pairs).size === 3 && !pairs.includes(-1);
  return proper ? (pairs as unknown as Triple) : undefined;
}
