/** The regions of a breast examination over which features are pooled. */
import { type LabelMap, requireSameGrid, type Volume } from "../domain/volume.ts";
import { fillHoles, largestComponent } from "./components.ts";
import { rim } from "./distance.ts";
import { percentiles } from "./percentiles.ts";

/** All on one grid, 1 inside. */
export interface PoolingRegions {
  readonly tumour: LabelMap;
  /** Within the rim's width around the tumour, inside the body. */
  readonly rim: LabelMap;
  /** The body without tumour and rim. */
  readonly breast: LabelMap;
}

/**
 * The regions of an examination. Where the tumour mask is empty (complete response), tumour and rim are empty too.
 *
 * @param tumour every class counts. @param body as {@link bodyMask} makes it. @param rimMm default 5 mm.
 * @throws {DataError} `grid-mismatch` where the masks lie on different grids.
 */
export function poolingRegions(tumour: LabelMap, body: LabelMap, rimMm = 5): PoolingRegions {
  requireSameGrid(tumour, body, "the body mask");
  const { grid } = tumour;
  const around = rim(tumour, rimMm);
  const inside = tumour.data.map((value) => (value === 0 ? 0 : 1));
  const rimData = around.data.map((value, i) => value & body.data[i]);
  const breast = body.data.map((value, i) =>
    value === 1 && inside[i] === 0 && around.data[i] === 0 ? 1 : 0,
  );
  return { tumour: { grid, data: inside }, rim: { grid, data: rimData }, breast: { grid, data: breast } };
}

/**
 * The patient's body in a pre-contrast phase, as 1: signal above Otsu's threshold of the square root of the signal (which draws the
 * few very bright voxels nearer), the largest component, holes filled. It holds breasts and chest wall alike.
 */
export function bodyMask(pre: Volume): LabelMap {
  const roots = Float32Array.from(pre.data, (value) => Math.sqrt(Math.max(0, value)));
  const threshold = otsuThreshold(roots);
  const bright = Uint8Array.from(roots, (root) => (root > threshold ? 1 : 0));
  return fillHoles(largestComponent({ grid: pre.grid, data: bright }, 6));
}

/** Bins of the histogram in {@link otsuThreshold}. */
const BINS = 256;

/**
 * Otsu's threshold (Otsu 1979, IEEE Trans Syst Man Cybern 9:62) over a histogram of 256 bins from the minimum to the 99.9th
 * percentile; values above the threshold are the brighter class. The upper edge of the last bin of the darker class is returned.
 */
export function otsuThreshold(values: Float32Array): number {
  const [low, high] = percentiles(values, [0, 99.9]);
  if (!(high > low)) return low;
  const counts = new Float64Array(BINS);
  const scale = BINS / (high - low);
  for (const value of values) counts[Math.min(BINS - 1, Math.floor((value - low) * scale))]++;
  let total = 0;
  for (let bin = 0; bin < BINS; bin++) total += bin * counts[bin];
  let darkCount = 0;
  let darkSum = 0;
  let best = -1;
  let bestBin = 0;
  for (let bin = 0; bin < BINS - 1; bin++) {
    darkCount += counts[bin];
    darkSum += bin * counts[bin];
    const brightCount = values.length - darkCount;
    if (darkCount === 0 || brightCount === 0) continue;
    const difference = darkSum / darkCount - (total - darkSum) / brightCount;
    const between = darkCount * brightCount * difference * difference;
    if (between > best) {
      best = between;
      bestBin = bin;
    }
  }
  return low + (bestBin + 1) / scale;
}
