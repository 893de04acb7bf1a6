/** The codes of a vector-quantised bottleneck, window by window → the share of each code in each region. */
import { UsageError } from "../domain/errors.ts";
import type { Triple } from "../domain/grid.ts";
import { emptyRegion, type PooledFeatures, requireRegion } from "./pooling.ts";
import { blockShape, type CellLayout, cellMeans, centreWeights } from "./window-cells.ts";

export interface CodeCounterOptions extends CellLayout {
  /** Vectors of the codebook. */
  readonly codes: number;
  /** Weight from 0 to 1 of each voxel of the image, by region. */
  readonly regions: Readonly<Record<string, Float32Array>>;
}

export interface CodeCounter {
  /**
   * Adds one window.
   *
   * @param start its first voxel; a window may reach over the edges of the image.
   * @param codes [1, d, h, w]: the number of the code of each cell, from 0.
   * @throws {UsageError} `pool-codes` for a wrong number of values, or values that are no codes.
   */
  add(start: Triple, codes: ArrayLike<number>): void;
  /** `region.code.kNNN`: shares from 0 to 1 that add up to 1 in each region; NaN, and an issue, for a region without weight. */
  finish(): PooledFeatures;
}

/**
 * Counts codes. A cell weighs as in the mean of a region (see `createPooler`), so the mean of the quantised vectors is the mean of the
 * codebook's vectors by these shares. Every code has its column, also those that never occur: so tables of all images agree.
 *
 * @throws {UsageError} `pool-shape` for impossible sizes, `pool-region` for a region that is not on the image.
 */
export function createCodeCounter(options: CodeCounterOptions): CodeCounter {
  const { imageShape, bottleneckShape, codes: known } = options;
  const block = blockShape(options);
  const centre = centreWeights(options);
  const regions = Object.entries(options.regions).map(([name, region]) => {
    requireRegion(name, region, imageShape[0] * imageShape[1] * imageShape[2]);
    return { name, region, weights: new Float64Array(known) };
  });
  return {
    add(start, codes) {
      requireCodes(codes, centre.length, known, bottleneckShape);
      for (const { region, weights } of regions) {
        cellMeans(region, options, block, start).forEach((mean, cell) => {
          weights[codes[cell]] += mean * centre[cell];
        });
      }
    },
    finish() {
      const totals = regions.map(({ weights }) => weights.reduce((sum, weight) => sum + weight, 0));
      return {
        columns: regions.flatMap(({ name }) =>
          Array.from({ length: known }, (_, code) => `${name}.code.k${String(code).padStart(3, "0")}`),
        ),
        values: Float64Array.from(
          regions.flatMap(({ weights }, r) =>
            Array.from(weights, (weight) => (totals[r] > 0 ? weight / totals[r] : Number.NaN)),
          ),
        ),
        issues: regions.filter((_, r) => !(totals[r] > 0)).map(({ name }) => emptyRegion(name)),
      };
    },
  };
}

/** exp of the entropy of shares (van den Oord et al. 2017): how many codes used equally would be as varied. 1 to the number of shares. */
export function perplexity(shares: ArrayLike<number>): number {
  let entropy = 0;
  for (let i = 0; i < shares.length; i++) if (shares[i] > 0) entropy -= shares[i] * Math.log(shares[i]);
  return Math.exp(entropy);
}

function requireCodes(codes: ArrayLike<number>, cells: number, known: number, shape: Triple): void {
  const wrong = Array.from(codes).find((code) => !(Number.isInteger(code) && code >= 0 && code < known));
  if (codes.length === cells && wrong === undefined) return;
  throw new UsageError("pool-codes", {
    found: wrong === undefined ? `${codes.length} codes` : `code ${wrong}`,
    expected: `${shape.join("x")} whole numbers from 0 to ${known - 1}`,
  });
}
