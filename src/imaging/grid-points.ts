/** Where the voxels of a grid lie. */
import type { Grid } from "../domain/grid.ts";

/** Hands the LPS position (mm) of every voxel centre to `visit`, in the order of the array. */
export function eachPoint(
  { shape, spacingMm, direction, origin }: Grid,
  visit: (voxel: number, x: number, y: number, z: number) => void,
): void {
  const steps = direction.map((axis, a) => axis.map((value) => value * spacingMm[a]));
  const [s, r, c] = steps;
  for (let i = 0, voxel = 0; i < shape[0]; i++) {
    for (let j = 0; j < shape[1]; j++) {
      const x = origin[0] + i * s[0] + j * r[0];
      const y = origin[1] + i * s[1] + j * r[1];
      const z = origin[2] + i * s[2] + j * r[2];
      for (let k = 0; k < shape[2]; k++, voxel++) visit(voxel, x + k * c[0], y + k * c[1], z + k * c[2]);
    }
  }
}
