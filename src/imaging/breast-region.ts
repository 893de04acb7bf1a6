/** Where in the body a breast tumour may lie: under the skin and before the chest wall, in an image of one breast or of both. */
import type { BreastSide } from "../domain/breast.ts";
import type { Grid } from "../domain/grid.ts";
import type { LabelMap } from "../domain/volume.ts";
import { holdsBothBreasts, sideBox } from "./breast-side.ts";
import { erodeMm } from "./distance.ts";
import { eachPoint } from "./grid-points.ts";

/** Skin enhances by itself, and its thin layer moves. */
export const SKIN_MM = 5;
/** The muscle begins this far behind the skin beside the breast, in mm. */
const SUBCUTANEOUS_MM = 12; // assumption
/** Radius of the thorax across the body, in mm: free, the surface would follow the breast. */
const THORAX_RADIUS_MM = 170; // assumption
/** What a line counts whose skin lies before the trunk's: it shows a breast, not the trunk. */
const BREAST_WEIGHT = 0.02;
const ITERATIONS = 30;

/**
 * Tissue 5 mm under the skin and before the chest wall, as 1. The trunk is the cylinder, of any place and tilt, behind which the skin hardly lies anywhere (asymmetric
 * least squares, Newey & Powell 1987, Econometrica 55:819); the breasts stand out of it. The chest wall is taken 12 mm behind it.
 *
 * @param side of the tumour, where it is known: the other half of an image of both breasts does not count.
 */
export function breastRegion(body: LabelMap, side?: BreastSide): LabelMap {
  const { grid } = body;
  const data = erodeMm(body, SKIN_MM).data;
  const trunk = fitTrunk(skinPoints(body));
  const box = side !== undefined && holdsBothBreasts(body) ? sideBox(body, side) : undefined;
  const index = indexIn(grid);
  const inHalf = (voxel: number) =>
    box?.start.every((start, axis) => {
      const i = index(voxel, axis);
      return i >= start && i < start + box.size[axis];
    }) ?? true;
  eachPoint(grid, (voxel, x, y, z) => {
    if (data[voxel] === 0) return;
    if (y > trunk(x, z) + SUBCUTANEOUS_MM || !inHalf(voxel)) data[voxel] = 0;
  });
  return { grid, data };
}

type Point = readonly [number, number, number];

/** The most anterior point of the body along each line of the array that runs most nearly from front to back; LPS y runs to posterior. */
function skinPoints({ grid, data }: LabelMap): readonly Point[] {
  const { direction } = grid;
  const along = [0, 1, 2].reduce((best, axis) =>
    Math.abs(direction[axis][1]) > Math.abs(direction[best][1]) ? axis : best,
  );
  const lines = new Map<number, Point>();
  const index = indexIn(grid);
  const stride = stridesOf(grid)[along];
  eachPoint(grid, (voxel, x, y, z) => {
    if (data[voxel] === 0) return;
    const line = voxel - index(voxel, along) * stride;
    const first = lines.get(line);
    if (first === undefined || y < first[1]) lines.set(line, [x, y, z]);
  });
  return [...lines.values()];
}

/** y of the trunk's skin (mm) as a function of x and z. */
function fitTrunk(points: readonly Point[]): (x: number, z: number) => number {
  if (points.length < 3) return () => Infinity;
  const mean = (axis: 0 | 2) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [cx, cz] = [mean(0), mean(2)];
  // In units of 100 mm, so that the equations are well conditioned.
  const terms = (x: number, z: number) => [1, (x - cx) / 100, (z - cz) / 100];
  const bend = (x: number) => (x - cx) ** 2 / (2 * THORAX_RADIUS_MM);
  let coefficients = [Infinity, 0, 0];
  const trunk = (x: number, z: number) =>
    terms(x, z).reduce((sum, term, i) => sum + term * coefficients[i], bend(x));
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const normal = Array.from({ length: 3 }, () => new Float64Array(4));
    for (const [x, y, z] of points) {
      const weight = iteration === 0 || y > trunk(x, z) ? 1 : BREAST_WEIGHT;
      const row = terms(x, z);
      for (let i = 0; i < 3; i++) {
        for (let j = 0; j < 3; j++) normal[i][j] += weight * row[i] * row[j];
        normal[i][3] += weight * row[i] * (y - bend(x));
      }
    }
    for (let i = 0; i < 3; i++) normal[i][i] += RIDGE;
    coefficients = solve(normal);
  }
  return trunk;
}

/** Keeps an image that is a single slice thick from having no solution. */
const RIDGE = 1e-6;

/** Gauss's elimination with pivots; the last column holds the right side. */
function solve(rows: Float64Array[]): number[] {
  const n = rows.length;
  for (let i = 0; i < n; i++) {
    const pivot = rows
      .slice(i)
      .reduce((best, row, k) => (Math.abs(row[i]) > Math.abs(rows[best][i]) ? i + k : best), i);
    [rows[i], rows[pivot]] = [rows[pivot], rows[i]];
    for (let below = i + 1; below < n; below++) {
      const factor = rows[below][i] / rows[i][i];
      for (let j = i; j <= n; j++) rows[below][j] -= factor * rows[i][j];
    }
  }
  const solution = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    let rest = rows[i][n];
    for (let j = i + 1; j < n; j++) rest -= rows[i][j] * solution[j];
    solution[i] = rest / rows[i][i];
  }
  return solution;
}

/** The index of a voxel along an axis. */
function indexIn(grid: Grid): (voxel: number, axis: number) => number {
  const strides = stridesOf(grid);
  return (voxel, axis) => Math.floor(voxel / strides[axis]) % grid.shape[axis];
}

function stridesOf({ shape }: Grid): readonly [number, number, number] {
  return [shape[1] * shape[2], shape[2], 1];
}
