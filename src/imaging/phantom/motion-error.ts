/** What a registration leaves of a simulated motion, whose truth is known. */
import type { Grid } from "../../domain/grid.ts";
import { eachPoint, pointMover, type SpatialTransform } from "../registration/transform.ts";
import { displacementField } from "./motion.ts";
import type { SimulatedVisit } from "./visit.ts";

/**
 * Distance in mm, per voxel of the breast, between where the transform looks for tissue of the reference phase and where it lies in a phase.
 *
 * @param transform from the reference phase to the phase; empty for the error without registration.
 */
export function motionErrors(
  { axes, motion, breast }: Pick<SimulatedVisit["truth"], "axes" | "motion" | "breast">,
  phase: number,
  grid: Grid,
  transform: SpatialTransform,
): number[] {
  const path = motion[phase];
  const errors: number[] = [];
  if (path === null) return errors;
  const [ds, dr, dc] = displacementField(path, axes);
  // Breast coordinates (s to superior, r to posterior, c to lateral) in LPS; lateral is to the left on the left.
  const toLeft = axes[2][1] > axes[2][0] ? 1 : -1;
  const move = pointMover(transform);
  eachPoint(grid, (voxel, x, y, z) => {
    if (breast.data[voxel] === 0) return;
    const point: [number, number, number] = [x + toLeft * dc[voxel], y + dr[voxel], z + ds[voxel]];
    move(point);
    errors.push(Math.hypot(point[0] - x, point[1] - y, point[2] - z));
  });
  return errors;
}
