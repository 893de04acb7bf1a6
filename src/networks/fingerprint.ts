/**
 * The fingerprint of a data set: what the planner needs to know about its images (Isensee et al. 2021, Nature
 * Methods 18:203). Case by case, so that no more than one image is held at a time.
 */
import { UsageError } from "../domain/errors.ts";
import type { Triple } from "../domain/grid.ts";

/** Intensities inside the foreground (label > 0) of one channel. */
export interface IntensityProperties {
  readonly mean: number;
  readonly median: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
  /** The 0.5th and the 99.5th percentile. */
  readonly percentile00_5: number;
  readonly percentile99_5: number;
}

export interface Fingerprint {
  /** One per case, (slice, row, column), in mm. */
  readonly spacingsMm: readonly Triple[];
  /** One per case, after cropping to the box of non-zero voxels. */
  readonly shapesAfterCrop: readonly Triple[];
  /** One per channel. Empty where the source did not say. */
  readonly foregroundIntensities: readonly IntensityProperties[];
  /** Median over cases of voxels after cropping / voxels before. */
  readonly medianRelativeSizeAfterCrop: number;
}

/** What one case contributes. */
export interface CaseFingerprint {
  readonly spacingMm: Triple;
  readonly shapeAfterCrop: Triple;
  readonly relativeSizeAfterCrop: number;
  /** One per channel; `undefined` where the case has no foreground. */
  readonly intensities: readonly (CaseIntensities | undefined)[];
}

interface CaseIntensities {
  readonly mean: number;
  readonly meanSquare: number;
  readonly min: number;
  readonly max: number;
  /** Order statistics at evenly spaced ranks: a case weighs the same whatever the size of its foreground. */
  readonly quantiles: Float32Array;
}

/** Quantiles kept per case and channel: the 0.5th percentile lies on the fifth. */
const QUANTILES = 1001;

/**
 * @param cropped channels and labels after cropping, all of shape `shapeAfterCrop`, column fastest; label 0 is background
 * @param spacingMm (slice, row, column)
 * @param shapeBeforeCrop size of the image before cropping
 * @throws {UsageError} `fingerprint-size` where an array does not have one value per voxel
 */
export function fingerprintCase(
  cropped: {
    readonly channels: readonly ArrayLike<number>[];
    readonly labels: ArrayLike<number>;
    readonly shape: Triple;
  },
  spacingMm: Triple,
  shapeBeforeCrop: Triple,
): CaseFingerprint {
  const { channels, labels, shape } = cropped;
  const voxels = volume(shape);
  for (const array of [...channels, labels]) {
    if (array.length !== voxels) {
      throw new UsageError("fingerprint-size", {
        found: `${array.length} values`,
        expected: `${voxels} values for ${shape.join("x")} voxels`,
      });
    }
  }
  return {
    spacingMm,
    shapeAfterCrop: shape,
    relativeSizeAfterCrop: voxels / volume(shapeBeforeCrop),
    intensities: channels.map((channel) => caseIntensities(channel, labels)),
  };
}

/**
 * Joins the cases of a data set. Each case with a foreground has the same weight in the intensity properties, as in nnU-Net,
 * which draws the same number of voxels from each.
 *
 * @throws {UsageError} `fingerprint-empty` without a case, `fingerprint-channels` where cases differ in their number of channels.
 */
export function joinFingerprints(cases: readonly CaseFingerprint[]): Fingerprint {
  if (cases.length === 0) {
    throw new UsageError("fingerprint-empty", {
      found: "a data set without cases",
      expected: "at least one case",
    });
  }
  const channels = cases[0].intensities.length;
  const odd = cases.find((each) => each.intensities.length !== channels);
  if (odd !== undefined) {
    throw new UsageError("fingerprint-channels", {
      found: `cases with ${channels} and with ${odd.intensities.length} channels`,
      expected: "the same channels in each case",
    });
  }
  return {
    spacingsMm: cases.map((each) => each.spacingMm),
    shapesAfterCrop: cases.map((each) => each.shapeAfterCrop),
    foregroundIntensities: Array.from({ length: channels }, (_, channel) =>
      joinIntensities(cases.flatMap((each) => each.intensities[channel] ?? [])),
    ),
    medianRelativeSizeAfterCrop: percentile(
      cases.map((each) => each.relativeSizeAfterCrop),
      50,
    ),
  };
}

/** Percentile with linear interpolation between order statistics, as NumPy's default (Hyndman & Fan 1996, type 7). */
export function percentile(values: ArrayLike<number>, percent: number): number {
  const sorted = Float64Array.from(values).sort();
  return sortedQuantile(sorted, percent / 100);
}

function sortedQuantile(sorted: ArrayLike<number>, fraction: number): number {
  const position = fraction * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

function caseIntensities(channel: ArrayLike<number>, labels: ArrayLike<number>): CaseIntensities | undefined {
  let count = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i] > 0) count++;
  if (count === 0) return undefined;
  const values = new Float32Array(count);
  let sum = 0;
  let squares = 0;
  for (let i = 0, at = 0; i < labels.length; i++) {
    if (!(labels[i] > 0)) continue;
    values[at++] = channel[i];
    sum += channel[i];
    squares += channel[i] ** 2;
  }
  values.sort();
  return {
    mean: sum / count,
    meanSquare: squares / count,
    min: values[0],
    max: values[count - 1],
    quantiles: Float32Array.from({ length: QUANTILES }, (_, i) =>
      sortedQuantile(values, i / (QUANTILES - 1)),
    ),
  };
}

function joinIntensities(cases: readonly CaseIntensities[]): IntensityProperties {
  if (cases.length === 0) {
    throw new UsageError("fingerprint-empty", {
      found: "no foreground voxel in the whole data set",
      expected: "masks with labels above 0",
      remedy: "Check that masks and images belong together.",
    });
  }
  const pooled = new Float64Array(cases.length * QUANTILES);
  let mean = 0;
  let meanSquare = 0;
  cases.forEach((each, i) => {
    pooled.set(each.quantiles, i * QUANTILES);
    mean += each.mean / cases.length;
    meanSquare += each.meanSquare / cases.length;
  });
  pooled.sort();
  return {
    mean,
    median: sortedQuantile(pooled, 0.5),
    std: Math.sqrt(Math.max(0, meanSquare - mean ** 2)),
    min: Math.min(...cases.map((each) => each.min)),
    max: Math.max(...cases.map((each) => each.max)),
    percentile00_5: sortedQuantile(pooled, 0.005),
    percentile99_5: sortedQuantile(pooled, 0.995),
  };
}

function volume(shape: Triple): number {
  return shape[0] * shape[1] * shape[2];
}
