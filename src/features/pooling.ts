/**
 * Bottleneck activations of the windows of one examination → one row of numbers: per region and channel the
 * weighted mean, the weighted standard deviation and the maximum.
 */
import { UsageError } from "../domain/errors.ts";
import type { Triple } from "../domain/grid.ts";
import type { Issue } from "../domain/issues.ts";
import { blockShape, type CellLayout, cellMeans, centreWeights } from "./window-cells.ts";

/** In the order of the columns. */
export const POOLED_STATISTICS = ["mean", "deviation", "maximum"] as const;
export type PooledStatistic = (typeof POOLED_STATISTICS)[number];

export interface PoolerOptions extends CellLayout {
  readonly channels: number;
  /**
   * Weight from 0 to 1 of each voxel of the image, by region. A soft tumour probability gives a tumour's features
   * even where no voxel passes a threshold, as after a good response.
   */
  readonly regions: Readonly<Record<string, Float32Array>>;
  /** By default all three. */
  readonly statistics?: readonly PooledStatistic[];
}

export interface PooledFeatures {
  /** `region.statistic.cNNN`, regions in the order given, then statistics, then channels. */
  readonly columns: readonly string[];
  /** One per column; NaN for a region without weight. */
  readonly values: Float64Array;
  /** `region-empty` for each region without weight. */
  readonly issues: readonly Issue[];
}

export interface Pooler {
  /**
   * Adds one window.
   *
   * @param start its first voxel; a window may reach over the edges of the image.
   * @param activation [channels, d, h, w], finite.
   * @throws {UsageError} `pool-activation` for a wrong number of values, or values that are not finite.
   */
  add(start: Triple, activation: Float32Array): void;
  /** The row; windows may still be added after it. */
  finish(): PooledFeatures;
}

/** What one region has gathered so far. */
interface RegionSums {
  readonly name: string;
  readonly region: Float32Array;
  weight: number;
  /** Weighted mean and sum of weighted squares about it, per channel. */
  readonly mean: Float64Array;
  readonly squares: Float64Array;
  /** Maximum per channel over the cells of one octave of prominence, by octave. */
  readonly maxima: Map<number, Float64Array>;
}

/**
 * Gathers features window by window, so that no feature map of the whole image is kept.
 *
 * A cell weighs in a region by the mean of the region's weights over the block of voxels that it covers, times
 * the Gaussian weight of its place in the window. Mean and (population) standard deviation use these weights.
 *
 * The maximum is over the region's core. A cell's prominence is the region's mean over its block, reduced near
 * the window's border, where padding spoils activations, by min(1, Gaussian / e⁻⁶): windows that overlap by
 * half see each voxel once within that bound. The core is the cells in the highest two octaves of prominence
 * (⌊log₂⌋) that occur in the region: more than a quarter of the highest. So it exists for any region with weight,
 * and does not reach into tissue where the tumour's probability is only a trace.
 *
 * @throws {UsageError} `pool-shape` for impossible sizes, `pool-region` for a region that is not on the image.
 */
export function createPooler(options: PoolerOptions): Pooler {
  const { imageShape, bottleneckShape, channels, statistics = POOLED_STATISTICS } = options;
  const voxels = imageShape[0] * imageShape[1] * imageShape[2];
  const cells = bottleneckShape[0] * bottleneckShape[1] * bottleneckShape[2];
  const block = blockShape(options);
  const centre = centreWeights(options);
  const centrality = centre.map((weight) => Math.min(1, weight / Math.exp(-6)));
  const regions = Object.entries(options.regions).map(([name, region]): RegionSums => {
    requireRegion(name, region, voxels);
    return {
      name,
      region,
      weight: 0,
      mean: new Float64Array(channels),
      squares: new Float64Array(channels),
      maxima: new Map(),
    };
  });

  return {
    add(start, activation) {
      if (activation.length !== channels * cells || !activation.every(Number.isFinite)) {
        throw new UsageError("pool-activation", {
          found: `${activation.length} activations, ${activation.filter(Number.isFinite).length} of them finite`,
          expected: `${channels} channels of ${bottleneckShape.join("x")} cells, all finite`,
        });
      }
      for (const sums of regions) {
        const means = cellMeans(sums.region, options, block, start);
        addMoments(
          sums,
          means.map((mean, cell) => mean * centre[cell]),
          activation,
        );
        addMaxima(
          sums,
          means.map((mean, cell) => mean * centrality[cell]),
          activation,
        );
      }
    },
    finish() {
      const columns: string[] = [];
      const values: number[] = [];
      for (const sums of regions) {
        const pooled = statisticsOf(sums);
        for (const statistic of statistics) {
          for (let c = 0; c < channels; c++) {
            columns.push(`${sums.name}.${statistic}.c${String(c).padStart(3, "0")}`);
            values.push(sums.weight > 0 ? pooled[statistic](c) : Number.NaN);
          }
        }
      }
      const issues = regions.filter(({ weight }) => !(weight > 0)).map(({ name }) => emptyRegion(name));
      return { columns, values: Float64Array.from(values), issues };
    },
  };
}

function statisticsOf(sums: RegionSums): Readonly<Record<PooledStatistic, (channel: number) => number>> {
  const { weight, mean, squares, maxima } = sums;
  const core = [...maxima.values()];
  return {
    mean: (c) => mean[c],
    deviation: (c) => Math.sqrt(squares[c] / weight),
    maximum: (c) => core.reduce((most, maximum) => Math.max(most, maximum[c]), -Infinity),
  };
}

/**
 * Adds a window's weighted moments by the pairwise update of Chan, Golub & LeVeque (1983). Sums of squares would
 * lose a small deviation to rounding, and forests, which see only ranks, would take the remains for a feature.
 */
function addMoments(sums: RegionSums, weights: Float64Array, activation: Float32Array): void {
  const cells = weights.length;
  const added = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(added > 0)) return;
  const heaviest = weights.indexOf(Math.max(...weights));
  const total = sums.weight + added;
  for (let c = 0; c < sums.mean.length; c++) {
    const base = c * cells;
    const origin = activation[base + heaviest];
    let moment = 0;
    for (let cell = 0; cell < cells; cell++) moment += weights[cell] * (activation[base + cell] - origin);
    const mean = origin + moment / added;
    let squares = 0;
    for (let cell = 0; cell < cells; cell++) squares += weights[cell] * (activation[base + cell] - mean) ** 2;
    const step = mean - sums.mean[c];
    // The quotient first: it is exactly 1 in the first window, so a constant channel stays exactly constant.
    sums.mean[c] += step * (added / total);
    sums.squares[c] += squares + (step * step * sums.weight * added) / total;
  }
  sums.weight = total;
}

function addMaxima({ maxima, mean }: RegionSums, prominence: Float64Array, activation: Float32Array): void {
  const cells = prominence.length;
  prominence.forEach((value, cell) => {
    if (!(value > 0)) return;
    const octave = Math.floor(Math.log2(value));
    if (octave < Math.max(...maxima.keys()) - 1) return;
    let maximum = maxima.get(octave);
    if (maximum === undefined) {
      maximum = new Float64Array(mean.length).fill(-Infinity);
      maxima.set(octave, maximum);
      for (const other of maxima.keys()) if (other < Math.max(...maxima.keys()) - 1) maxima.delete(other);
    }
    for (let c = 0; c < maximum.length; c++) {
      maximum[c] = Math.max(maximum[c], activation[c * cells + cell]);
    }
  });
}

/** @throws {UsageError} `pool-region` for a region that is not on the image, or weights outside 0 to 1. */
export function requireRegion(name: string, region: Float32Array, voxels: number): void {
  const wrong = region.findIndex((weight) => !(weight >= 0 && weight <= 1));
  if (region.length === voxels && wrong < 0) return;
  throw new UsageError("pool-region", {
    found:
      region.length === voxels
        ? `region ${name} with weight ${region[wrong]} at voxel ${wrong}`
        : `region ${name} of ${region.length} voxels`,
    expected: `${voxels} weights from 0 to 1, one per voxel of the image`,
  });
}

/** What a region without weight is reported as. */
export function emptyRegion(name: string): Issue {
  return {
    code: "region-empty",
    severity: "warning",
    message: `Region ${name} has no weight inside the windows, so its features are missing. Expected a region with at least one voxel; check the segmentation.`,
    subject: name,
  };
}
