/** Size of masks in physical units. */
import { type Triple, voxelVolumeMm3 } from "../domain/grid.ts";
import type { LabelMap } from "../domain/volume.ts";
import { maskBox, pad } from "./cropping.ts";
import { smooth } from "./smoothing.ts";

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

/**
 * Surface area in mm² by the co-area formula (Federer 1959): the integral of the gradient of the mask smoothed by a Gaussian. Counting voxel faces
 * would overstate the area of a ball by half.
 *
 * @param label the class; all classes together where left out. @param sigmaMm default: the largest spacing.
 */
export function surfaceAreaMm2(mask: LabelMap, label?: number, sigmaMm?: number): number {
  const box = maskBox(mask, label);
  if (box === undefined) return 0;
  const { spacingMm } = mask.grid;
  const sigma = sigmaMm ?? Math.max(...spacingMm);
  const margins = spacingMm.map((mm) => Math.ceil((3 * sigma) / mm) + 1);
  const { data, grid } = pad(mask, {
    start: box.start.map((s, axis) => s - margins[axis]) as unknown as Triple,
    size: box.size.map((n, axis) => n + 2 * margins[axis]) as unknown as Triple,
  });
  const soft = Float32Array.from(data, (value) =>
    (label === undefined ? value !== 0 : value === label) ? 1 : 0,
  );
  smooth(soft, grid.shape, spacingMm.map((mm) => sigma / mm) as unknown as Triple);

  const [slices, rows, columns] = grid.shape;
  const plane = rows * columns;
  let sum = 0;
  for (let i = 1; i < slices - 1; i++) {
    for (let j = 1; j < rows - 1; j++) {
      for (let k = 1; k < columns - 1; k++) {
        const at = (i * rows + j) * columns + k;
        const u = (soft[at + plane] - soft[at - plane]) / (2 * spacingMm[0]);
        const v = (soft[at + columns] - soft[at - columns]) / (2 * spacingMm[1]);
        const w = (soft[at + 1] - soft[at - 1]) / (2 * spacingMm[2]);
        sum += Math.sqrt(u * u + v * v + w * w);
      }
    }
  }
  return sum * voxelVolumeMm3(grid);
}

/**
 * Sphericity, π^⅓·(6·volume)^⅔/surface (Wadell 1935, J Geol 43:250): 1 for a ball, less for anything else.
 *
 * @returns null where the mask is empty.
 */
export function sphericity(mask: LabelMap, label?: number): number | null {
  const mm3 = volumeMl(mask, label) * 1000;
  return mm3 === 0 ? null : (Math.cbrt(Math.PI) * (6 * mm3) ** (2 / 3)) / surfaceAreaMm2(mask, label);
}
