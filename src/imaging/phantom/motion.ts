/** Movement between the phases of an examination: drift, breath and a smooth deformation, all known. */
import type { Triple } from "../../domain/grid.ts";
import { deriveKey, type RandomKey, RandomStream } from "../../domain/random.ts";
import { MOTION } from "./parameters.ts";
import { type Lattice, noiseLattice, sampleLattice } from "./smooth-noise.ts";
import type { Axes } from "./tissues.ts";

/** Where the tissue at a position of the reference frame's grid comes from: value(x) = reference(x + displacement(x)). */
export interface PhaseMotion {
  /** Of the whole breast (s, r, c), mm. */
  readonly shiftMm: Triple;
  /** Along r, mm, growing linearly from 0 at the nipple's level to this at the chest wall's. */
  readonly breathMm: number;
  /** Smooth deformation per component (s, r, c), mm per unit of its field. */
  readonly localMm: number;
  readonly local: readonly [Lattice, Lattice, Lattice];
}

/** Levels of r, mm, between which breathing grows. */
const BREATH_LEVELS_MM = [-45, 25] as const;
const LOCAL_SPACING_MM = 32;

/**
 * Draws the movement of every phase against the reference phase, which does not move.
 *
 * @param phases number of phases.
 * @param reference phase in which the reference mask is drawn.
 * @param amplitude factor on every movement; 1 is a patient who lies still.
 * @returns `null` for the reference phase.
 */
export function drawMotion(
  key: RandomKey,
  phases: number,
  reference: number,
  amplitude = 1,
): readonly (PhaseMotion | null)[] {
  const stream = new RandomStream(deriveKey(key, "motion"));
  const path: Triple[] = [[0, 0, 0]];
  for (let p = 1; p < phases; p++) {
    const jerk = stream.bernoulli(MOTION.startle.probability) ? MOTION.startle.sd : 0;
    const step = () => stream.normal(0, Math.hypot(MOTION.driftSd, jerk));
    const last = path[p - 1];
    path.push([last[0] + step(), last[1] + step(), last[2] + step()]);
  }
  return path.map((place, p) => {
    const breathMm = stream.normal(0, MOTION.breathSd);
    if (p === reference) return null;
    const lattice = (component: number) =>
      noiseLattice(deriveKey(key, "deformation", p, component), [
        LOCAL_SPACING_MM,
        LOCAL_SPACING_MM,
        LOCAL_SPACING_MM,
      ]);
    const origin = path[reference];
    return {
      shiftMm: [
        amplitude * (place[0] - origin[0]),
        amplitude * (place[1] - origin[1]),
        amplitude * (place[2] - origin[2]),
      ],
      breathMm: amplitude * breathMm,
      localMm: amplitude * MOTION.localSd,
      local: [lattice(0), lattice(1), lattice(2)],
    };
  });
}

/** Displacement in mm per voxel: three arrays of shape [s, r, c], for the components (s, r, c). */
export type DisplacementField = readonly [Float32Array, Float32Array, Float32Array];

/** Displacement of every voxel by a movement. */
export function displacementField(motion: PhaseMotion, axes: Axes): DisplacementField {
  const [S, R, C] = axes.map((axis) => axis.length);
  const [low, high] = BREATH_LEVELS_MM;
  const component = (which: 0 | 1 | 2) => {
    const field = sampleLattice(motion.local[which], axes);
    for (let i = 0, n = 0; i < S; i++) {
      for (let j = 0; j < R; j++) {
        const depth = Math.min(Math.max((axes[1][j] - low) / (high - low), 0), 1);
        const base = motion.shiftMm[which] + (which === 1 ? motion.breathMm * depth : 0);
        for (let k = 0; k < C; k++, n++) field[n] = base + motion.localMm * field[n];
      }
    }
    return field;
  };
  return [component(0), component(1), component(2)];
}

/**
 * Moves an image: value(x) = image(x + displacement(x)), tri-linear; beyond the edge the nearest voxel.
 *
 * @param image shape [s, r, c].
 */
export function moveImage(image: Float32Array, [ds, dr, dc]: DisplacementField, axes: Axes): Float32Array {
  const [S, R, C] = axes.map((axis) => axis.length);
  // Steps carry the sign of the axis: the last one falls for a right breast.
  const [ss, sr, sc] = axes.map((axis) => 1 / (axis[1] - axis[0]));
  const moved = new Float32Array(image.length);
  const plane = R * C;
  for (let i = 0, n = 0; i < S; i++) {
    for (let j = 0; j < R; j++) {
      for (let k = 0; k < C; k++, n++) {
        const x = Math.min(Math.max(i + ds[n] * ss, 0), S - 1.0001);
        const y = Math.min(Math.max(j + dr[n] * sr, 0), R - 1.0001);
        const z = Math.min(Math.max(k + dc[n] * sc, 0), C - 1.0001);
        const [i0, j0, k0] = [x | 0, y | 0, z | 0];
        const [fx, fy, fz] = [x - i0, y - j0, z - k0];
        const a = i0 * plane + j0 * C + k0;
        const b = a + plane;
        const near =
          (image[a] * (1 - fz) + image[a + 1] * fz) * (1 - fy) +
          (image[a + C] * (1 - fz) + image[a + C + 1] * fz) * fy;
        const far =
          (image[b] * (1 - fz) + image[b + 1] * fz) * (1 - fy) +
          (image[b + C] * (1 - fz) + image[b + C + 1] * fz) * fy;
        moved[n] = near * (1 - fx) + far * fx;
      }
    }
  }
  return moved;
}
