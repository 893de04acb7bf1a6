/** Carries an image through a spatial transform. */
import type { Grid } from "../../domain/grid.ts";
import type { LabelMap, Volume } from "../../domain/volume.ts";
import { eachPoint } from "../grid-points.ts";
import { pointMover, type SpatialTransform } from "./transform.ts";

/** Rounding in the geometry must not push the faces of two equal boxes apart. */
const FACE_TOLERANCE = 1e-4;

/**
 * The moving image as seen from the fixed grid, `moving(T(x))`, tri-linear; beyond the moving image its edge goes on.
 *
 * Linear and not by splines: noise is not amplified and no value leaves the range of the image.
 *
 * @param grid on which the result lies. @param transform from points of `grid` to points of the moving image.
 */
export function warp(moving: Volume, transform: SpatialTransform, grid: Grid): Volume<Float32Array> {
  const { data } = moving;
  const { shape, spacingMm, direction, origin } = moving.grid;
  const [S, R, C] = shape;
  const plane = R * C;
  const move = pointMover(transform);
  const point: [number, number, number] = [0, 0, 0];
  const result = new Float32Array(grid.shape[0] * grid.shape[1] * grid.shape[2]);
  const at = (axis: number, size: number) => {
    const d = direction[axis];
    const mm = (point[0] - origin[0]) * d[0] + (point[1] - origin[1]) * d[1] + (point[2] - origin[2]) * d[2];
    return Math.min(Math.max(mm / spacingMm[axis], 0), size - 1);
  };
  eachPoint(grid, (voxel, x, y, z) => {
    point[0] = x;
    point[1] = y;
    point[2] = z;
    move(point);
    const [s, r, c] = [at(0, S), at(1, R), at(2, C)];
    const [i, j, k] = [Math.floor(s), Math.floor(r), Math.floor(c)];
    const [fi, fj, fk] = [s - i, r - j, c - k];
    const a = i * plane + j * C + k;
    // On the last voxel of an axis the neighbour has no weight and need not exist.
    const b = fi > 0 ? a + plane : a;
    const down = fj > 0 ? C : 0;
    const right = fk > 0 ? 1 : 0;
    const near =
      (data[a] * (1 - fk) + data[a + right] * fk) * (1 - fj) +
      (data[a + down] * (1 - fk) + data[a + down + right] * fk) * fj;
    const far =
      (data[b] * (1 - fk) + data[b + right] * fk) * (1 - fj) +
      (data[b + down] * (1 - fk) + data[b + down + right] * fk) * fj;
    result[voxel] = near * (1 - fi) + far * fi;
  });
  return { grid, data: result };
}

/** 1 where a point of `grid`, moved by the transform, lies in the moving image: between the outer faces of its outermost voxels. */
export function coverage(moving: Grid, transform: SpatialTransform, grid: Grid): LabelMap {
  const { shape, spacingMm, direction, origin } = moving;
  const move = pointMover(transform);
  const point: [number, number, number] = [0, 0, 0];
  const data = new Uint8Array(grid.shape[0] * grid.shape[1] * grid.shape[2]);
  eachPoint(grid, (voxel, x, y, z) => {
    point[0] = x;
    point[1] = y;
    point[2] = z;
    move(point);
    for (let axis = 0; axis < 3; axis++) {
      const d = direction[axis];
      const mm =
        (point[0] - origin[0]) * d[0] + (point[1] - origin[1]) * d[1] + (point[2] - origin[2]) * d[2];
      const at = mm / spacingMm[axis];
      if (at < -0.5 - FACE_TOLERANCE || at > shape[axis] - 0.5 + FACE_TOLERANCE) return;
    }
    data[voxel] = 1;
  });
  return { grid, data };
}

/** The image as seen from the grid, 0 where it was not acquired. */
export function warpCovered(moving: Volume, transform: SpatialTransform, grid: Grid): Volume<Float32Array> {
  const { data } = warp(moving, transform, grid);
  const covered = coverage(moving.grid, transform, grid).data;
  for (let voxel = 0; voxel < data.length; voxel++) data[voxel] *= covered[voxel];
  return { grid, data };
}

/**
 * A mask as seen from the grid: each class is carried linearly by itself and the one with the largest share wins, of equal ones the smaller, as
 * `resampleLabels`. What was not acquired is background.
 */
export function warpLabels(moving: LabelMap, transform: SpatialTransform, grid: Grid): LabelMap {
  const covered = coverage(moving.grid, transform, grid).data;
  const data = new Uint8Array(covered.length);
  const best = new Float32Array(covered.length);
  for (const label of [...new Set(moving.data)].sort((a, b) => a - b)) {
    const indicator = moving.data.map((value) => (value === label ? 1 : 0));
    const share = warp({ grid: moving.grid, data: indicator }, transform, grid).data;
    for (let voxel = 0; voxel < data.length; voxel++) {
      if (covered[voxel] === 0 || share[voxel] <= best[voxel]) continue;
      best[voxel] = share[voxel];
      data[voxel] = label;
    }
  }
  return { grid, data };
}
