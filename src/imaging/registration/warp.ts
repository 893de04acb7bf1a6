/** Carries an image through a spatial transform. */
import type { Grid } from "../../domain/grid.ts";
import type { Volume } from "../../domain/volume.ts";
import { eachPoint, pointMover, type SpatialTransform } from "./transform.ts";

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
