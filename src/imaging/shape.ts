/** Size of masks in physical units. */
import { type Triple, voxelVolumeMm3 } from "../domain/grid.ts";
import type { LabelMap } from "../domain/volume.ts";

/** Volume in ml of one class of a mask, or of all classes together: voxels times voxel volume. */
export function volumeMl(mask: LabelMap, label?: number): number {
  let voxels = 0;
  for (const value of mask.data) if (label === undefined ? value !== 0 : value === label) voxels++;
  return (voxels * voxelVolumeMm3(mask.grid)) / 1000;
}

/** Positions in mm along the array's axes, three numbers per point. */
type Points = number[];

/**
 * Longest diameter in mm: the greatest distance between the centres of two voxels of the mask (the Feret diameter of ITK). A single voxel
 * measures 0, so that a diameter is about one voxel short of the extent.
 *
 * Exact: the farthest pair are vertices of the convex hull, these are hull vertices within their own slice, and only those are compared.
 *
 * @param across the array axis (0 slice, 1 row, 2 column) across which the diameter may not run: 0 gives the longest diameter within one
 *   slice, as radiologists measure. In three dimensions where left out.
 * @returns null where the mask is empty.
 */
export function longestDiameterMm(mask: LabelMap, across?: number): number | null {
  const perSlice = hullPointsPerSlice(mask, across ?? 0).filter((points) => points.length > 0);
  if (perSlice.length === 0) return null;
  const groups = across === undefined ? [perSlice.flat()] : perSlice;
  return Math.sqrt(Math.max(...groups.map(largestSquaredDistance)));
}

function largestSquaredDistance(points: Points): number {
  let largest = 0;
  for (let a = 0; a < points.length; a += 3) {
    for (let b = a + 3; b < points.length; b += 3) {
      const u = points[a] - points[b];
      const v = points[a + 1] - points[b + 1];
      const w = points[a + 2] - points[b + 2];
      const squared = u * u + v * v + w * w;
      if (squared > largest) largest = squared;
    }
  }
  return largest;
}

/** The vertices of the planar convex hull of the mask in every slice across an axis. */
function hullPointsPerSlice({ grid: { shape, spacingMm }, data }: LabelMap, across: number): Points[] {
  const [u, v] = [0, 1, 2].filter((axis) => axis !== across);
  const strides: Triple = [shape[1] * shape[2], shape[2], 1];
  return Array.from({ length: shape[across] }, (_, slice) => {
    const extremes: [number, number][] = [];
    for (let i = 0; i < shape[u]; i++) {
      const row = slice * strides[across] + i * strides[u];
      let first = 0;
      while (first < shape[v] && data[row + first * strides[v]] === 0) first++;
      if (first === shape[v]) continue;
      let last = shape[v] - 1;
      while (data[row + last * strides[v]] === 0) last--;
      extremes.push([i, first]);
      if (last > first) extremes.push([i, last]);
    }
    return convexHull(extremes).flatMap(([i, j]) => {
      const point = [0, 0, 0];
      point[across] = slice * spacingMm[across];
      point[u] = i * spacingMm[u];
      point[v] = j * spacingMm[v];
      return point;
    });
  });
}

/** Vertices of the convex hull of points sorted by both coordinates (monotone chain, Andrew 1979). */
function convexHull(points: readonly [number, number][]): [number, number][] {
  if (points.length < 3) return [...points];
  const lower = hullChain(points);
  const upper = hullChain(points.toReversed());
  return [...lower.slice(0, -1), ...upper.slice(0, -1)];
}

function hullChain(points: readonly [number, number][]): [number, number][] {
  const chain: [number, number][] = [];
  for (const point of points) {
    while (chain.length >= 2 && turn(chain[chain.length - 2], chain[chain.length - 1], point) <= 0)
      chain.pop();
    chain.push(point);
  }
  return chain;
}

function turn(
  a: readonly [number, number],
  b: readonly [number, number],
  c: readonly [number, number],
): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}
