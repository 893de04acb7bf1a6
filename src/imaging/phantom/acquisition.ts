/** From tissue to stored values: uptake, sequence, fat suppression, coil, movement and noise of one examination. */
import { deriveKey, type RandomKey, RandomStream } from "../../domain/random.ts";
import { type UptakeTable, uptakeTable } from "./contrast-kinetics.ts";
import type { LesionVoxels } from "./lesion-voxels.ts";
import { type DisplacementField, displacementField, moveImage, type PhaseMotion } from "./motion.ts";
import { KINETICS, PARKER, TISSUE, type Tissue } from "./parameters.ts";
import type { PhantomSize, Protocol } from "./protocols.ts";
import { noiseLattice, sampleLattice } from "./smooth-noise.ts";
import { ricianMagnitude, spoiledGradientEcho } from "./spoiled-gradient-echo.ts";
import type { Axes, BaseTissue, TissueFractions } from "./tissues.ts";

export interface Scene {
  readonly axes: Axes;
  readonly fractions: TissueFractions;
  readonly lesions: LesionVoxels;
  /** Median Ktrans of the gland, 1/min: the background enhancement. */
  readonly glandKtrans: number;
}

export interface AcquisitionOptions {
  readonly protocol: Protocol;
  readonly size: PhantomSize;
  /** Per phase; `null` does not move. */
  readonly motion: readonly (PhaseMotion | null)[];
  /** How the breast lies in the field of view at all phases; `null` as the scene has it. */
  readonly position: DisplacementField | null;
}

/** Largest value stored: scanners use 12 to 15 bits. */
const MOST = 32767;

/**
 * Acquires the phases.
 *
 * @returns one array of stored values per phase, shape [s, r, c].
 */
export function acquire(key: RandomKey, scene: Scene, options: AcquisitionOptions): Int16Array[] {
  const { protocol, size, motion, position } = options;
  const settings = new RandomStream(deriveKey(key, "settings"));
  const delay = settings.normal(0, 4);
  const gain = Math.exp(settings.normal(0, 0.12));
  const minutes = protocol.timesSeconds.map((t) => (t - protocol.arrivalSeconds - delay) / 60);
  const uptake = uptakeTable(minutes);

  const signalOf = (tissue: Tissue, concentration: number) =>
    TISSUE[tissue].density * spoiledGradientEcho(protocol, t1Of(tissue, protocol), concentration);
  const scale = protocol.glandValue / signalOf("gland", 0);
  const sigma = protocol.noise[size] * protocol.glandValue * gain;
  const fatShare = residualFat(key, scene.axes, protocol.residualFat);
  const coil = coilField(key, scene.axes, protocol.bias, scale * gain);
  const background = sampleLattice(noiseLattice(deriveKey(key, "background"), [9, 9, 9]), scene.axes);

  return protocol.timesSeconds.map((_, phase) => {
    const still = new Float32Array(coil.length);
    addBaseTissues(
      still,
      scene,
      fatShare,
      background,
      baseSignals(phase, uptake, scene.glandKtrans, signalOf),
    );
    addLesionSignal(still, scene.lesions, phase, uptake, protocol);
    const path = motion[phase];
    const placed = position === null ? still : moveImage(still, position, scene.axes);
    const moved = path === null ? placed : moveImage(placed, displacementField(path, scene.axes), scene.axes);
    const noise = new RandomStream(deriveKey(key, "noise", phase));
    const stored = new Int16Array(moved.length);
    for (let n = 0; n < stored.length; n++) {
      // The coil stays where it is while the breast moves.
      stored[n] = Math.min(Math.round(ricianMagnitude(moved[n] * coil[n], sigma, noise)), MOST);
    }
    return stored;
  });
}

function t1Of(tissue: Tissue, { fieldTesla }: Protocol): number {
  return TISSUE[tissue].t1Ms[fieldTesla === 1.5 ? 0 : 1];
}

/** Samples of ln Ktrans of the gland around its median, in standard deviations of the local field. */
const GLAND_LEVELS = 65;
const GLAND_RANGE = 3.2;

interface BaseSignals {
  readonly single: Readonly<Record<Exclude<BaseTissue, "gland">, number>>;
  /** By level of the local field, from −GLAND_RANGE to GLAND_RANGE. */
  readonly gland: Float64Array;
}

function baseSignals(
  phase: number,
  uptake: UptakeTable,
  glandKtrans: number,
  signalOf: (tissue: Tissue, concentration: number) => number,
): BaseSignals {
  const tofts = ({ ktrans, ve, vp }: { ktrans: number; ve: number; vp: number }) =>
    uptake.concentration(phase, Math.log(ktrans), Math.log(ktrans / ve), vp);
  const { gland } = KINETICS;
  const levels = Float64Array.from({ length: GLAND_LEVELS }, (_, i) => {
    const field = GLAND_RANGE * ((2 * i) / (GLAND_LEVELS - 1) - 1);
    const ktrans = glandKtrans * Math.exp(gland.localLnSd * field);
    return signalOf("gland", tofts({ ...gland, ktrans }));
  });
  return {
    single: {
      fat: signalOf("fat", tofts(KINETICS.fat)),
      skin: signalOf("skin", tofts(KINETICS.skin)),
      muscle: signalOf("muscle", tofts(KINETICS.muscle)),
      lung: signalOf("lung", 0),
      // Whole blood: contrast agent is in the plasma only.
      blood: signalOf("blood", uptake.plasma[phase] * (1 - PARKER.haematocrit)),
    },
    gland: levels,
  };
}

function addBaseTissues(
  signal: Float32Array,
  { fractions }: Scene,
  fatShare: Float32Array,
  background: Float32Array,
  { single, gland }: BaseSignals,
): void {
  const { fat, gland: glandular, skin, muscle, lung, blood } = fractions;
  const perLevel = (GLAND_LEVELS - 1) / (2 * GLAND_RANGE);
  for (let n = 0; n < signal.length; n++) {
    let sum =
      fat[n] * fatShare[n] * single.fat +
      skin[n] * single.skin +
      muscle[n] * single.muscle +
      lung[n] * single.lung +
      blood[n] * single.blood;
    if (glandular[n] > 0) {
      const level = Math.min(Math.max((background[n] + GLAND_RANGE) * perLevel, 0), GLAND_LEVELS - 1.001);
      const low = Math.floor(level);
      sum += glandular[n] * (gland[low] + (level - low) * (gland[low + 1] - gland[low]));
    }
    signal[n] = sum;
  }
}

function addLesionSignal(
  signal: Float32Array,
  lesions: LesionVoxels,
  phase: number,
  uptake: UptakeTable,
  protocol: Protocol,
): void {
  const { index, share, lnKtrans, lnKep, vp, fluid, tissue } = lesions;
  const fluidT1 = t1Of("fluid", protocol);
  for (let v = 0; v < index.length; v++) {
    const solid = TISSUE[tissue[v]];
    const t1 = t1Of(tissue[v], protocol);
    const mixed = t1 + fluid[v] * (fluidT1 - t1);
    const concentration = uptake.concentration(phase, lnKtrans[v], lnKep[v], vp[v]);
    signal[index[v]] += share[v] * solid.density * spoiledGradientEcho(protocol, mixed, concentration);
  }
}

/** What fat suppression leaves: more where the field is less even. */
function residualFat(key: RandomKey, axes: Axes, residual: number): Float32Array {
  const field = sampleLattice(noiseLattice(deriveKey(key, "fat"), [36, 36, 36]), axes);
  for (let n = 0; n < field.length; n++) field[n] = Math.min(residual * Math.exp(0.4 * field[n]), 1);
  return field;
}

/** Sensitivity of the coil times the receiver's scale: smooth, and higher near the coil in front of the breast. */
function coilField(key: RandomKey, axes: Axes, bias: number, scale: number): Float32Array {
  const field = sampleLattice(noiseLattice(deriveKey(key, "coil"), [56, 56, 56]), axes);
  const [S, R, C] = axes.map((axis) => axis.length);
  for (let i = 0, n = 0; i < S; i++) {
    for (let j = 0; j < R; j++) {
      const near = (-bias * axes[1][j]) / 60;
      for (let k = 0; k < C; k++, n++) field[n] = scale * Math.exp(bias * field[n] + near);
    }
  }
  return field;
}
