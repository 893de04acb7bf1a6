/** Contrast agent in blood and tissue: the Parker arterial input and the extended Tofts model. */
import { PARKER } from "./parameters.ts";

/** A concentration in plasma, mmol/l, at a time in minutes after injection; 0 before it. */
export type PlasmaConcentration = (minutes: number) => number;

/**
 * Population-averaged concentration of contrast agent in plasma (Parker 2006, Magn Reson Med 56:993, equation 1,
 * divided by 1 − haematocrit).
 *
 * @param minutes time after injection.
 * @returns mmol/l for a dose of 0.1 mmol/kg.
 */
export function parkerPlasma(minutes: number): number {
  if (minutes <= 0) return 0;
  let blood =
    (PARKER.alpha * Math.exp(-PARKER.beta * minutes)) /
    (1 + Math.exp(-PARKER.steepness * (minutes - PARKER.onset)));
  for (let n = 0; n < 2; n++) {
    const z = (minutes - PARKER.centres[n]) / PARKER.widths[n];
    blood += (PARKER.areas[n] / (PARKER.widths[n] * Math.sqrt(2 * Math.PI))) * Math.exp(-0.5 * z * z);
  }
  return blood / (1 - PARKER.haematocrit);
}

/** Step of the convolution in minutes: the bolus is 0.13 min wide. */
const STEP_MINUTES = 1 / 60;

/**
 * ∫₀ᵗ Cp(τ)·exp(−kep·(t − τ)) dτ at several times, for a piece-wise linear Cp, exactly per piece.
 *
 * @param kep rate in 1/min.
 * @param minutes times after injection, rising.
 * @returns mmol·min/l, one per time; 0 before injection.
 */
export function exponentialConvolution(
  plasma: PlasmaConcentration,
  kep: number,
  minutes: readonly number[],
): Float64Array {
  const result = new Float64Array(minutes.length);
  let time = 0;
  let integral = 0;
  let concentration = plasma(0);
  minutes.forEach((end, i) => {
    while (time < end - 1e-12) {
      const step = Math.min(STEP_MINUTES, end - time);
      const next = plasma(time + step);
      integral = advance(integral, concentration, next, step, kep);
      concentration = next;
      time += step;
    }
    result[i] = integral;
  });
  return result;
}

/** One step: the old integral decays, and a linear piece from `from` to `to` is added. */
function advance(integral: number, from: number, to: number, step: number, kep: number): number {
  const x = kep * step;
  // Series below 1e-3, where the closed forms cancel.
  const flat = x < 1e-3 ? 1 - x / 2 + (x * x) / 6 : (1 - Math.exp(-x)) / x;
  const ramp = x < 1e-3 ? 0.5 - x / 6 + (x * x) / 24 : (1 - flat) / x;
  return integral * Math.exp(-x) + step * (from * flat + (to - from) * ramp);
}

/** Least and greatest kep in 1/min that a table covers; values outside take the nearer end. */
const KEP_RANGE = [0.005, 20] as const;
const TABLE_SIZE = 160;

/**
 * Contrast uptake at the times of one examination, tabulated over kep: the concentration is linear in Ktrans and vp, so
 * that one table serves all voxels.
 */
export interface UptakeTable {
  /** Cp at each time, mmol/l. */
  readonly plasma: Float64Array;
  /** Concentration in mmol/l at time `phase` for ln Ktrans, ln kep (both of 1/min) and vp. */
  concentration(phase: number, lnKtrans: number, lnKep: number, vp: number): number;
}

/**
 * Extended Tofts model, C = vp·Cp + Ktrans·∫ Cp·exp(−kep(t − τ)) dτ (Tofts 1999, J Magn Reson Imaging 10:223).
 *
 * @param minutes times after injection, rising; times before injection give 0.
 */
export function uptakeTable(
  minutes: readonly number[],
  plasma: PlasmaConcentration = parkerPlasma,
): UptakeTable {
  const times = minutes.length;
  const least = Math.log(KEP_RANGE[0]);
  const step = (Math.log(KEP_RANGE[1]) - least) / (TABLE_SIZE - 1);
  const integrals = new Float64Array(TABLE_SIZE * times);
  for (let i = 0; i < TABLE_SIZE; i++) {
    integrals.set(exponentialConvolution(plasma, Math.exp(least + i * step), minutes), i * times);
  }
  const cp = Float64Array.from(minutes, plasma);
  return {
    plasma: cp,
    concentration(phase, lnKtrans, lnKep, vp) {
      const u = Math.min(Math.max((lnKep - least) / step, 0), TABLE_SIZE - 1.000001);
      const i = Math.floor(u);
      const low = integrals[i * times + phase];
      const high = integrals[(i + 1) * times + phase];
      return vp * cp[phase] + Math.exp(lnKtrans) * (low + (u - i) * (high - low));
    },
  };
}
