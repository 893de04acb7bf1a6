/** Tissue fractions per voxel: skin, fat, gland, muscle, lung and vessels of one breast and its chest wall. */
import type { Triple } from "../../domain/grid.ts";
import { deriveKey, type RandomKey } from "../../domain/random.ts";
import { type BreastShape, chestWallAt, skinAt } from "./breast-shape.ts";
import { clamp } from "./draws.ts";
import { noiseLattice, sampleLattice } from "./smooth-noise.ts";
import { type Axes, emptyFractions, type TissueFractions } from "./tissues.ts";
import { addTube, type Tube } from "./vessels.ts";

export interface AnatomyOptions {
  readonly shape: BreastShape;
  /** Positions of the voxels in breast coordinates, mm. */
  readonly axes: Axes;
  /** Voxel size, mm: the width over which one tissue goes over into the next (partial volume). */
  readonly voxelMm: number;
  /** Threshold on the gland field; lower is denser. */
  readonly density: number;
  readonly veins: readonly Tube[];
}

export interface Anatomy {
  readonly fractions: TissueFractions;
  /** 1 where a voxel's centre lies in the breast: below the skin's surface and in front of the chest wall. */
  readonly breast: Uint8Array;
}

/** Width of the step from fat to gland, in units of the gland field. */
const GLAND_SOFTNESS = 0.2;
/** Share of fibrous tissue in Cooper's ligaments at the voxel scale. */
const LIGAMENT_SHARE = 0.45;

/** From the back of the pectoral muscle to the pleura, and from rib to rib, mm. */
const CHEST_WALL_MM = 11;
const RIB_MM = 24;

/** Builds the tissues of one visit; the same key gives the same anatomy on any grid. */
export function buildAnatomy(key: RandomKey, options: AnatomyOptions): Anatomy {
  const { shape, axes, voxelMm, density } = options;
  const [S, R, C] = axes.map((axis) => axis.length);
  const field = (name: string, spacingMm: Triple) =>
    sampleLattice(noiseLattice(deriveKey(key, "anatomy", name), spacingMm), axes);
  // Lobes run towards the nipple, so that the fields are longer along r.
  const lobes = field("lobes", [9, 14, 9]);
  const lobules = field("lobules", [4, 6, 4]);
  const strands = field("strands", [2, 3.2, 2]);
  const ligaments = field("ligaments", [8, 11, 8]);
  const { skin: skinHeight, wall } = surfaces(key, shape, axes);

  const size = S * R * C;
  const fractions = emptyFractions(size);
  const { fat, gland, skin, muscle, lung } = fractions;
  const breast = new Uint8Array(size);
  const edge = (distanceMm: number) => clamp(distanceMm / voxelMm + 0.5, 0, 1);

  for (let i = 0; i < S; i++) {
    const s = axes[0][i];
    for (let k = 0; k < C; k++) {
      const c = axes[2][k];
      const column = i * C + k;
      const [surface, cosSkin] = [skinHeight.level[column], skinHeight.cosine[column]];
      const [back, cosWall] = [wall.level[column], wall.cosine[column]];
      const glandBase = glandPrior(shape, s, c);
      for (let j = 0; j < R; j++) {
        const r = axes[1][j];
        const depth = (r - surface) * cosSkin;
        if (depth < -voxelMm) continue;
        const n = (i * R + j) * C + k;
        const body = edge(depth);
        const below = edge(depth - shape.skinMm);
        const behind = edge((r - back) * cosWall);
        skin[n] = (body - below) * (1 - behind);
        const front = below * (1 - behind);
        if (front > 0) {
          const score = glandBase(r) + 0.55 * lobes[n] + 0.45 * lobules[n] + 0.3 * strands[n] - density;
          const cover = clamp((depth - 2.5) / 5, 0, 1) * clamp(((back - r) * cosWall - 2) / 4, 0, 1);
          const ridge = ligaments[n] / 0.16;
          const strand = ridge * ridge < 9 ? LIGAMENT_SHARE * Math.exp(-ridge * ridge) : 0;
          // Gland is threaded with fat, more so at the scale of its lobules.
          const threaded = 1 - clamp(0.22 - 0.16 * strands[n] - 0.1 * lobules[n], 0, 0.7);
          const share = cover * Math.max(threaded / (1 + Math.exp(-score / GLAND_SOFTNESS)), strand);
          gland[n] = front * share;
          fat[n] = front * (1 - share);
        }
        if (behind > 0) {
          const past = (r - back) * cosWall - shape.pectoralMm;
          const pleura = edge(past - CHEST_WALL_MM);
          const rib = edge(ribDepth(s + 0.3 * c, past));
          const wallShare = body * behind * (1 - pleura);
          // Fat runs between the fibres of the muscle.
          const fibres = clamp(0.12 + 0.14 * lobules[n], 0, 0.6);
          muscle[n] = wallShare * (1 - rib) * (1 - fibres);
          fat[n] += wallShare * (0.6 * rib + (1 - rib) * fibres);
          lung[n] = body * behind * pleura;
        }
        breast[n] = depth > 0 && r < back ? 1 : 0;
      }
    }
  }
  for (const vein of options.veins) addTube(fractions, axes, voxelMm, vein);
  return { fractions, breast };
}

/** Depth in mm within a rib (its marrow is fat), between muscle and pleura; negative in the intercostal muscle. */
function ribDepth(along: number, past: number): number {
  const place = ((((along % RIB_MM) + RIB_MM) % RIB_MM) - RIB_MM / 2) / 6.5;
  const depth = (past - CHEST_WALL_MM / 2) / 4.5;
  return 5 * (1 - Math.sqrt(place * place + depth * depth));
}

/** Where gland is likely: a cone behind the nipple, wider towards the chest. Returns the score along r. */
function glandPrior(shape: BreastShape, s: number, c: number): (r: number) => number {
  const [nippleS, nippleC] = shape.nippleMm;
  const tip = skinAt(shape, nippleS, nippleC);
  const length = chestWallAt(shape, 0, 0) - tip;
  return (r) => {
    const t = clamp((r - tip) / length, 0, 1);
    const width = 0.12 + 0.75 * Math.sin(Math.PI * Math.min(0.5, t * 0.75) ** 0.9);
    const u = (s - nippleS * (1 - t)) / (shape.halfHeightMm * width);
    const v = (c - nippleC * (1 - t) - 5 * t) / (shape.halfWidthMm * width);
    const end = Math.max(0, t - 0.72) * 5;
    return 1.25 - 1.2 * (u * u + v * v) - end;
  };
}

interface Surface {
  /** r of the surface per (s, c), mm. */
  readonly level: Float32Array;
  /** Cosine between the surface's normal and r: turns a distance along r into one to the surface. */
  readonly cosine: Float32Array;
}

function surfaces(key: RandomKey, shape: BreastShape, axes: Axes): { skin: Surface; wall: Surface } {
  const flat: Axes = [axes[0], new Float64Array(1), axes[2]];
  const wobble = sampleLattice(noiseLattice(deriveKey(key, "anatomy", "skin"), [28, 28, 28]), flat);
  const ripple = sampleLattice(noiseLattice(deriveKey(key, "anatomy", "wall"), [30, 30, 30]), flat);
  return {
    skin: surface(axes, (s, c, n) => skinAt(shape, s, c) + 1.1 * wobble[n]),
    wall: surface(axes, (s, c, n) => chestWallAt(shape, s, c) + 0.8 * ripple[n]),
  };
}

function surface(axes: Axes, height: (s: number, c: number, n: number) => number): Surface {
  const [S, C] = [axes[0].length, axes[2].length];
  const level = new Float32Array(S * C);
  const cosine = new Float32Array(S * C);
  for (let i = 0; i < S; i++) {
    for (let k = 0; k < C; k++) level[i * C + k] = height(axes[0][i], axes[2][k], i * C + k);
  }
  const slope = (axis: Float64Array, a: number, b: number, from: number, to: number) =>
    b > a ? (level[to] - level[from]) / (axis[b] - axis[a]) : 0;
  for (let i = 0; i < S; i++) {
    const [i0, i1] = [Math.max(0, i - 1), Math.min(S - 1, i + 1)];
    for (let k = 0; k < C; k++) {
      const [k0, k1] = [Math.max(0, k - 1), Math.min(C - 1, k + 1)];
      const ds = slope(axes[0], i0, i1, i0 * C + k, i1 * C + k);
      const dc = slope(axes[2], k0, k1, i * C + k0, i * C + k1);
      cosine[i * C + k] = 1 / Math.sqrt(1 + ds * ds + dc * dc);
    }
  }
  return { level, cosine };
}
