/** Where an optimiser begins: a rigid motion sought over centimetres on coarse images, since optimisers find only the nearest hill. */
import { type Triple, toVoxel, toWorld, type WorldPoint } from "../../domain/grid.ts";
import type { LabelMap, Volume } from "../../domain/volume.ts";
import { eachPoint } from "../grid-points.ts";
import { resample } from "../resampling.ts";
import { coarser, logarithmsOver } from "./pair.ts";
import { type RigidTransform, rotationMatrix } from "./transform.ts";

/** Voxels of the coarse images, in mm: anatomy, not texture. */
const COARSE_MM = 5;
/** Nodes of the search over shifts, in mm, and how many lie on each side of the middle. */
const NODE_MM = 8;
const NODES = 5;
/** Best nodes that are refined, down to these last steps. */
const REFINED = 4;
const FIRST_STEP = { mm: 4, radians: 0.07 } as const;
const HALVINGS = 3;
/** Share of the tissue that must lie in the moving image for a motion to be judged. */
const LEAST_OVERLAP = 0.5;
/** More points tell no more. */
const MOST_POINTS = 2500;
/** A correlation that rises by less is no way worth following. */
const LEAST_GAIN = 1e-4;

/** Three angles about x, y and z (radians) and a shift (mm). */
type Motion = readonly [number, number, number, number, number, number];

/**
 * The rigid motion from which to begin: of shifts 8 mm apart, up to 40 mm each way, the best ones are refined with rotation, each judged by the correlation
 * of logarithms in the mask. None (undefined) where no node is better than standing still: the optimiser then begins with what it was given.
 *
 * @param mask of the tissue, on the grid of the fixed image. @param middles shifts in mm around which to search besides none.
 */
export function rigidStart(
  fixed: Volume,
  moving: Volume,
  mask: LabelMap,
  middles: readonly Triple[] = [],
): RigidTransform | undefined {
  const score = scorer(fixed, moving, mask);
  const nodes = [[0, 0, 0] as Triple, ...middles]
    .flatMap(nodesAround)
    .map((motion) => ({ motion, score: score.of(motion) }))
    // A stable sort: of equals the first stays first, and that is the one which does not move.
    .sort((a, b) => b.score - a.score);
  if (nodes[0].motion.every((value) => value === 0) || nodes[0].score === -Infinity) return undefined;
  const refined = apart(nodes).map(({ motion }) => refine(motion, score.of));
  const best = refined.reduce((a, b) => (b.score > a.score ? b : a));
  return asTransform(best.motion, score.centre);
}

function nodesAround([x, y, z]: Triple): Motion[] {
  const steps = Array.from({ length: 2 * NODES + 1 }, (_, i) => NODE_MM * (i - NODES));
  const ordered = steps.sort((a, b) => Math.abs(a) - Math.abs(b));
  return ordered.flatMap((dx) =>
    ordered.flatMap((dy) => ordered.map((dz): Motion => [0, 0, 0, x + dx, y + dy, z + dz])),
  );
}

/** The best nodes of which none is the neighbour of a better one: neighbours lead to the same place. */
function apart(nodes: readonly Judged[]): Judged[] {
  const kept: Judged[] = [];
  for (const node of nodes) {
    const near = (other: Judged) =>
      other.motion.every((value, i) => Math.abs(value - node.motion[i]) <= NODE_MM);
    if (!kept.some(near)) kept.push(node);
    if (kept.length === REFINED) break;
  }
  return kept;
}

interface Judged {
  readonly motion: Motion;
  readonly score: number;
}

/** Pattern search (Hooke & Jeeves 1961, J ACM 8:212): one coordinate at a time, with steps that halve where none is better. */
function refine(from: Motion, score: (motion: Motion) => number): Judged {
  let best: Judged = { motion: from, score: score(from) };
  for (let halving = 0; halving <= HALVINGS; halving++) {
    const scale = 0.5 ** halving;
    for (let improved = true; improved; ) {
      improved = false;
      for (let i = 0; i < 6; i++) {
        const step = scale * (i < 3 ? FIRST_STEP.radians : FIRST_STEP.mm);
        for (const signed of [step, -step]) {
          const motion = best.motion.map((value, j) =>
            j === i ? value + signed : value,
          ) as unknown as Motion;
          const judged = { motion, score: score(motion) };
          if (!(judged.score > best.score + LEAST_GAIN)) continue;
          best = judged;
          improved = true;
        }
      }
    }
  }
  return best;
}

function asTransform([ax, ay, az, ...translationMm]: Motion, centre: WorldPoint): RigidTransform {
  return { kind: "rigid", matrix: rotationMatrix(ax, ay, az), centre, translationMm };
}

/** Correlation of the two images over the points of the mask, times the share of them that lies in the moving image; −Infinity where too few points lie in the moving one. */
function scorer(fixed: Volume, moving: Volume, mask: LabelMap) {
  const still = coarser(brightness(fixed), COARSE_MM);
  const tissue = resample(
    { grid: mask.grid, data: Float32Array.from(mask.data, (v) => (v === 0 ? 0 : 1)) },
    still.grid,
  );
  const inside: number[] = [];
  const centre: [number, number, number] = [0, 0, 0];
  eachPoint(still.grid, (voxel, x, y, z) => {
    if (tissue.data[voxel] < 0.5) return;
    inside.push(x, y, z, still.data[voxel]);
    centre[0] += x;
    centre[1] += y;
    centre[2] += z;
  });
  const total = inside.length / 4;
  for (let i = 0; i < 3; i++) centre[i] /= Math.max(1, total);
  const stride = 4 * Math.max(1, Math.ceil(total / MOST_POINTS));
  const look = sampler(coarser(brightness(moving), COARSE_MM));
  const of = (motion: Motion): number => {
    const { matrix, translationMm } = asTransform(motion, centre);
    let [n, points, a, b, aa, bb, ab] = [0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < inside.length; i += stride) {
      points++;
      const [x, y, z] = [inside[i] - centre[0], inside[i + 1] - centre[1], inside[i + 2] - centre[2]];
      const at = (row: number) =>
        matrix[row][0] * x + matrix[row][1] * y + matrix[row][2] * z + centre[row] + translationMm[row];
      const value = look(at(0), at(1), at(2));
      if (Number.isNaN(value)) continue;
      const own = inside[i + 3];
      n++;
      a += own;
      b += value;
      aa += own * own;
      bb += value * value;
      ab += own * value;
    }
    if (n < LEAST_OVERLAP * points) return -Infinity;
    const correlation = (n * ab - a * b) / Math.sqrt((n * aa - a * a) * (n * bb - b * b));
    // What lies outside is not explained: else the corner of an image can seem more alike than all of it.
    return Number.isNaN(correlation) ? -Infinity : (correlation * n) / points;
  };
  return { of, centre };
}

/** ln(1 + signal/unit) by a unit that needs no mask: the mean of what is brighter than the mean. */
function brightness({ grid, data }: Volume): Volume<Float32Array> {
  const meanAbove = (least: number) => {
    let [sum, count] = [0, 0];
    for (let i = 0; i < data.length; i++) {
      if (data[i] < least) continue;
      sum += data[i];
      count++;
    }
    return count === 0 ? 1 : sum / count;
  };
  const unit = meanAbove(Math.max(Number.MIN_VALUE, meanAbove(-Infinity)));
  return { grid, data: logarithmsOver(data, unit) };
}

/** The image at a point (LPS mm), tri-linear; NaN outside. */
function sampler({ grid, data }: Volume<Float32Array>): (x: number, y: number, z: number) => number {
  const { shape } = grid;
  const zero = toVoxel(grid, [0, 0, 0]);
  const [dx, dy, dz] = (
    [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ] as const
  ).map((unit) => {
    const end = toVoxel(grid, unit);
    return [end[0] - zero[0], end[1] - zero[1], end[2] - zero[2]];
  });
  const plane = shape[1] * shape[2];
  return (x, y, z) => {
    const s = zero[0] + x * dx[0] + y * dy[0] + z * dz[0];
    const r = zero[1] + x * dx[1] + y * dy[1] + z * dz[1];
    const c = zero[2] + x * dx[2] + y * dy[2] + z * dz[2];
    const [i, j, k] = [Math.floor(s), Math.floor(r), Math.floor(c)];
    if (i < 0 || j < 0 || k < 0 || i + 1 >= shape[0] || j + 1 >= shape[1] || k + 1 >= shape[2])
      return Number.NaN;
    const [fs, fr, fc] = [s - i, r - j, c - k];
    const at = i * plane + j * shape[2] + k;
    const line = (from: number) => data[from] * (1 - fc) + data[from + 1] * fc;
    const face = (from: number) => line(from) * (1 - fr) + line(from + shape[2]) * fr;
    return face(at) * (1 - fs) + face(at + plane) * fs;
  };
}

/** The shift in mm that lays the middle of one mask on that of another. */
export function middleShift(fixed: LabelMap, moving: LabelMap): Triple {
  const [a, b] = [middle(fixed), middle(moving)];
  return [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
}

function middle({ grid, data }: LabelMap): WorldPoint {
  const sums: [number, number, number] = [0, 0, 0];
  let count = 0;
  for (let voxel = 0; voxel < data.length; voxel++) {
    if (data[voxel] === 0) continue;
    sums[0] += Math.floor(voxel / (grid.shape[1] * grid.shape[2]));
    sums[1] += Math.floor(voxel / grid.shape[2]) % grid.shape[1];
    sums[2] += voxel % grid.shape[2];
    count++;
  }
  const n = Math.max(1, count);
  return toWorld(grid, [sums[0] / n, sums[1] / n, sums[2] / n]);
}
