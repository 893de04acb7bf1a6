/** Brings intensities to a common scale; MR signal has no unit. */
import type { Volume } from "../domain/volume.ts";
import { percentiles } from "./percentiles.ts";

/** Least standard deviation that is divided by, as in nnU-Net: a constant image becomes 0 rather than NaN. */
const MINIMUM_DEVIATION = 1e-8;

export interface Standardised {
  readonly volume: Volume<Float32Array>;
  readonly mean: number;
  /** Of the population (division by n). */
  readonly standardDeviation: number;
}

/**
 * z-scores: (value − mean)/standard deviation (nnU-Net's `ZScoreNormalization`).
 *
 * @param inside one value per voxel; where given, mean and deviation are those of its non-zero voxels, and all others become 0.
 *   An empty mask gives an image of zeros with mean 0 and deviation 0.
 */
export function standardise(volume: Volume, inside?: Uint8Array): Standardised {
  const { data } = volume;
  let count = 0;
  let sum = 0;
  for (let i = 0; i < data.length; i++) {
    if (inside !== undefined && inside[i] === 0) continue;
    count++;
    sum += data[i];
  }
  const mean = count === 0 ? 0 : sum / count;
  let squares = 0;
  for (let i = 0; i < data.length; i++) {
    if (inside === undefined || inside[i] !== 0) squares += (data[i] - mean) ** 2;
  }
  const standardDeviation = count === 0 ? 0 : Math.sqrt(squares / count);
  const divisor = Math.max(standardDeviation, MINIMUM_DEVIATION);
  const result = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    if (inside === undefined || inside[i] !== 0) result[i] = (data[i] - mean) / divisor;
  }
  return { volume: { grid: volume.grid, data: result }, mean, standardDeviation };
}

export interface Clipped {
  readonly volume: Volume<Float32Array>;
  readonly lower: number;
  readonly upper: number;
}

/**
 * Limits values to two percentiles of the image, or of the non-zero voxels of `inside`; all voxels are limited.
 *
 * @param lowPercent default 0.5. @param highPercent default 99.5, both as in nnU-Net's fingerprint.
 */
export function clipPercentiles(
  volume: Volume,
  {
    lowPercent = 0.5,
    highPercent = 99.5,
    inside,
  }: { readonly lowPercent?: number; readonly highPercent?: number; readonly inside?: Uint8Array } = {},
): Clipped {
  const { data } = volume;
  const counted = inside === undefined ? data : data.filter((_: number, i: number) => inside[i] !== 0);
  const [lower, upper] =
    counted.length === 0 ? [-Infinity, Infinity] : percentiles(counted, [lowPercent, highPercent]);
  const result = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) result[i] = Math.min(upper, Math.max(lower, data[i]));
  return { volume: { grid: volume.grid, data: result }, lower, upper };
}
