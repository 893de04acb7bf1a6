/** How the breast lies at a second visit: shifted, turned and of another shape, all known. */
import type { Triple } from "../../domain/grid.ts";
import { deriveKey, type RandomKey, RandomStream } from "../../domain/random.ts";
import { type Rows, rotationMatrix } from "../registration/transform.ts";
import type { DisplacementField } from "./motion.ts";
import { REPOSITIONING } from "./parameters.ts";
import { type Lattice, noiseLattice, sampleLattice } from "./smooth-noise.ts";
import type { Axes } from "./tissues.ts";

/** Where the tissue at a position of the field comes from: tissue(x) = breast(x + displacement(x)). */
export interface Repositioning {
  /** Of the patient in the scanner, LPS, mm: the field of view goes with the patient, as a technician has it. */
  readonly tableMm: Triple;
  /** Of the breast in the field of view (s, r, c), mm. */
  readonly shiftMm: Triple;
  /** Over breast coordinates (s, r, c), about the middle of the field. */
  readonly rotation: Rows;
  /** Smooth deformation per component (s, r, c), mm per unit of its field. */
  readonly localMm: number;
  readonly local: readonly [Lattice, Lattice, Lattice];
}

/** Draws a position. @param amplitude factor on all of it; 1 is a patient who comes back after months. */
export function drawRepositioning(key: RandomKey, amplitude: number): Repositioning {
  const stream = new RandomStream(deriveKey(key, "repositioning"));
  const triple = (most: number) => {
    const one = () => amplitude * stream.uniform(-most, most);
    return [one(), one(), one()] as const;
  };
  const { tableMm, shiftMm, rotationDegrees, localSd, localSpacingMm } = REPOSITIONING;
  const [a, b, c] = triple((rotationDegrees * Math.PI) / 180);
  const lattice = (component: number) =>
    noiseLattice(deriveKey(key, "shape", component), [localSpacingMm, localSpacingMm, localSpacingMm]);
  return {
    tableMm: triple(tableMm),
    shiftMm: triple(shiftMm),
    rotation: rotationMatrix(a, b, c),
    localMm: amplitude * localSd,
    local: [lattice(0), lattice(1), lattice(2)],
  };
}

/** Displacement in mm per voxel: three arrays of shape [s, r, c], for the components (s, r, c). */
export function repositioningField(position: Repositioning, axes: Axes): DisplacementField {
  const { rotation, shiftMm, localMm, local } = position;
  const component = (which: 0 | 1 | 2) => {
    const field = sampleLattice(local[which], axes);
    const [ws, wr, wc] = rotation[which];
    let n = 0;
    for (const s of axes[0]) {
      for (const r of axes[1]) {
        for (const c of axes[2]) {
          const turned = ws * s + wr * r + wc * c - [s, r, c][which];
          field[n] = turned + shiftMm[which] + localMm * field[n];
          n++;
        }
      }
    }
    return field;
  };
  return [component(0), component(1), component(2)];
}
