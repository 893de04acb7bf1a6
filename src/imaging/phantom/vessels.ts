/** Veins: wandering tubes from the chest wall to the nipple, painted into the tissue fractions. */
import type { Triple } from "../../domain/grid.ts";
import type { RandomStream } from "../../domain/random.ts";
import { type BreastShape, chestWallAt, skinAt } from "./breast-shape.ts";
import { clamp, drawBetween } from "./draws.ts";
import { ANATOMY } from "./parameters.ts";
import { type Axes, span, type TissueFractions } from "./tissues.ts";

export interface Tube {
  /** Centre line in breast coordinates, mm; points about 2 mm apart. */
  readonly points: readonly Triple[];
  readonly radiusMm: number;
}

const STEP_MM = 2;

/** Draws the veins of a breast: superficial ones under the skin and deeper ones through the gland. */
export function drawVeins(shape: BreastShape, stream: RandomStream): Tube[] {
  const [least, most] = ANATOMY.veins;
  const count = least + stream.integer(most - least + 1);
  return Array.from({ length: count }, () => {
    const radiusMm = drawBetween(stream, ANATOMY.veinRadius);
    const angle = stream.uniform(0, 2 * Math.PI);
    return { radiusMm, points: wander(shape, angle, stream.uniform(0.12, 0.6), stream) };
  });
}

/**
 * A path from the edge of the breast towards the nipple.
 *
 * @param level depth as a share of the way from skin to chest wall.
 */
function wander(shape: BreastShape, angle: number, level: number, stream: RandomStream): Triple[] {
  const [nippleS, nippleC] = shape.nippleMm;
  let s = 0.95 * shape.halfHeightMm * Math.sin(angle);
  let c = 0.95 * shape.halfWidthMm * Math.cos(angle);
  let heading = Math.atan2(nippleS - s, nippleC - c);
  const bend = stream.uniform(-0.35, 0.35);
  let depth = level;
  const points: Triple[] = [];
  for (let i = 0; i < 60; i++) {
    const skin = skinAt(shape, s, c);
    const wall = chestWallAt(shape, s, c);
    points.push([s, skin + Math.max(3.5, depth * (wall - skin)), c]);
    const aim = Math.atan2(nippleS - s, nippleC - c);
    const turn = Math.atan2(Math.sin(aim - heading), Math.cos(aim - heading));
    heading += 0.12 * turn + 0.22 * stream.normal() + bend * 0.2;
    s += STEP_MM * Math.sin(heading);
    c += STEP_MM * Math.cos(heading);
    depth = clamp(depth + 0.02 * stream.normal(), 0.08, 0.7);
    if (Math.hypot(s - nippleS, c - nippleC) < 8) break;
  }
  return points;
}

/** Adds a tube to the blood fraction; the other tissues give way. */
export function addTube(
  fractions: TissueFractions,
  axes: Axes,
  voxelMm: number,
  { points, radiusMm }: Tube,
): void {
  const others = Object.entries(fractions).filter(([tissue]) => tissue !== "blood");
  const reach = radiusMm + voxelMm;
  // A vessel thinner than a voxel can fill only part of it.
  const filling = Math.min(1, (Math.PI * radiusMm * radiusMm) / (voxelMm * voxelMm));
  for (let p = 0; p + 1 < points.length; p++) {
    const [from, to] = [points[p], points[p + 1]];
    const [i0, i1] = span(axes[0], Math.min(from[0], to[0]) - reach, Math.max(from[0], to[0]) + reach);
    const [j0, j1] = span(axes[1], Math.min(from[1], to[1]) - reach, Math.max(from[1], to[1]) + reach);
    const [k0, k1] = span(axes[2], Math.min(from[2], to[2]) - reach, Math.max(from[2], to[2]) + reach);
    for (let i = i0; i < i1; i++) {
      for (let j = j0; j < j1; j++) {
        for (let k = k0; k < k1; k++) {
          const distance = distanceToSegment([axes[0][i], axes[1][j], axes[2][k]], from, to);
          const share = filling * clamp((radiusMm - distance) / voxelMm + 0.5, 0, 1);
          const n = (i * axes[1].length + j) * axes[2].length + k;
          const already = fractions.blood[n];
          if (share <= already) continue;
          for (const [, values] of others) values[n] *= (1 - share) / (1 - already);
          fractions.blood[n] = share;
        }
      }
    }
  }
}

function distanceToSegment(point: Triple, from: Triple, to: Triple): number {
  const along = [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
  const offset = [point[0] - from[0], point[1] - from[1], point[2] - from[2]];
  const length2 = along[0] ** 2 + along[1] ** 2 + along[2] ** 2;
  const dot = offset[0] * along[0] + offset[1] * along[1] + offset[2] * along[2];
  const t = length2 > 0 ? clamp(dot / length2, 0, 1) : 0;
  return Math.hypot(offset[0] - t * along[0], offset[1] - t * along[1], offset[2] - t * along[2]);
}
