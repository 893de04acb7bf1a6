/** What a registration leaves of a simulated motion, whose truth is known. */
import { type Grid, toWorld } from "../../domain/grid.ts";
import { dilateMm } from "../distance.ts";
import { eachPoint } from "../grid-points.ts";
import { pointMover, type SpatialTransform } from "../registration/transform.ts";
import { displacementField } from "./motion.ts";
import type { SimulatedVisit } from "./visit.ts";

/** Tissue nearer to a tumour than this is drawn in where it shrinks. */
const TUMOUR_MARGIN_MM = 5;

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

/**
 * Distance in mm between where a transform looks for tissue of the first visit's reference phase and where it lies in that of the second: per voxel of
 * the second visit's breast that the first one's image holds, outside the tumour of either, which is not the same tissue.
 *
 * @param transform from the first visit to the second; empty for the error without registration.
 */
export function visitErrors(
  first: SimulatedVisit,
  second: SimulatedVisit,
  transform: SpatialTransform,
): number[] {
  const { grid } = first.dce.phases[0];
  const { grid: own } = second.dce.phases[0];
  const { axes: from } = first.truth;
  const { axes, position, breast } = second.truth;
  const [tumourBefore, tumourAfter] = [first.mask, second.mask].map(
    (mask) => dilateMm(mask, TUMOUR_MARGIN_MM).data,
  );
  const [S, R, C] = own.shape;
  const move = pointMover(transform);
  const errors: number[] = [];
  eachPoint(own, (voxel, x, y, z) => {
    if (breast.data[voxel] === 0 || tumourAfter[voxel] !== 0) return;
    const index = [Math.floor(voxel / (R * C)) % S, Math.floor(voxel / C) % R, voxel % C];
    const at = index.map((i, axis) => {
      const place = axes[axis][i] + (position === null ? 0 : position[axis][voxel]);
      return (place - from[axis][0]) / (from[axis][1] - from[axis][0]);
    }) as [number, number, number];
    const [s, r, c] = at.map(Math.round);
    if (at.some((i, axis) => i < 0 || i > grid.shape[axis] - 1)) return;
    if (tumourBefore[(s * grid.shape[1] + r) * grid.shape[2] + c] !== 0) return;
    const point: [number, number, number] = [...toWorld(grid, at)] as [number, number, number];
    move(point);
    errors.push(Math.hypot(point[0] - x, point[1] - y, point[2] - z));
  });
  return errors;
}
