/** The regions of a breast examination over which features are pooled. */
import type { Grid, Triple } from "../domain/grid.ts";
import { type LabelMap, requireSameGrid, type Volume } from "../domain/volume.ts";
import { blockMeans } from "./block-means.ts";
import { fillHoles, largestComponent } from "./components.ts";
import { dilateMm, erodeMm, rim } from "./distance.ts";
import { resample } from "./resampling.ts";
import { smooth } from "./smoothing.ts";

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

/** σ of the smoothing that lifts suppressed fat out of the noise of air, and radius of the closing of what stays dark, in mm. */
const BODY_SMOOTHING_MM = 2;
const BODY_CLOSING_MM = 5;

/**
 * The patient's body in a pre-contrast phase, as 1: the smoothed logarithm of the signal above Otsu's threshold, the largest
 * component, holes filled, closed over 5 mm. It holds breasts and chest wall alike, not the dark lung. Made on means over
 * blocks of voxels up to 2 mm wide, so that its border is that exact.
 */
export function bodyMask(pre: Volume): LabelMap {
  const { grid } = pre;
  const coarse = blockMeans(pre, BODY_SMOOTHING_MM, (signal) => Math.log(1 + Math.max(0, signal)));
  smooth(
    coarse.data,
    coarse.grid.shape,
    perAxis(coarse.grid, (mm) => BODY_SMOOTHING_MM / mm),
  );
  const threshold = otsuThreshold(coarse.data);
  const bright = Uint8Array.from(coarse.data, (value) => (value > threshold ? 1 : 0));
  const solid = fillHoles(largestComponent({ grid: coarse.grid, data: bright }, 6));
  const closed = erodeMm(dilateMm(solid, BODY_CLOSING_MM), BODY_CLOSING_MM);
  const share = resample(closed, grid, { outside: "edge" });
  const data = new Uint8Array(share.data.length);
  for (let i = 0; i < data.length; i++) data[i] = share.data[i] > 0.5 ? 1 : 0;
  return { grid, data };
}

function perAxis({ spacingMm }: Grid, value: (mm: number) => number): Triple {
  return [value(spacingMm[0]), value(spacingMm[1]), value(spacingMm[2])];
}

/**
 * The least signal that counts as tissue rather than noise or suppressed fat, for fat-suppressed pre-contrast phases: Otsu's threshold inside
 * the body. Where fat is not suppressed it would part fat from gland and must not be used.
 *
 * @throws {DataError} `grid-mismatch` where the mask lies on another grid.
 */
export function tissueThreshold(pre: Volume, body: LabelMap): number {
  requireSameGrid(pre, body, "the body mask");
  return otsuThreshold(Float32Array.from(pre.data).filter((_, i) => body.data[i] !== 0));
}

/** Bins of the histogram in {@link otsuThreshold}. */
const BINS = 256;

/**
 * Otsu's threshold (Otsu 1979, IEEE Trans Syst Man Cybern 9:62) over a histogram of 256 bins from the least to the greatest value; values
 * above the threshold are the brighter class. The upper edge of the last bin of the darker class is returned.
 */
export function otsuThreshold(values: Float32Array): number {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
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
