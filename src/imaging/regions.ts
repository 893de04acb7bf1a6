/** The patient's body in a breast examination, and the signal of its tissue. */
import type { Grid, Triple } from "../domain/grid.ts";
import { type LabelMap, requireSameGrid, type Volume } from "../domain/volume.ts";
import { fillHoles, largestComponent } from "./components.ts";
import { dilateMm, erodeMm } from "./distance.ts";
import { gridWithSpacing, resample } from "./resampling.ts";
import { smoothOnto } from "./smooth-reduction.ts";

/** σ of the smoothing that lifts suppressed fat out of the noise of air, and radius of the closing of what stays dark, in mm. */
const BODY_SMOOTHING_MM = 2;
const BODY_CLOSING_MM = 5;

/**
 * The patient's body in a pre-contrast phase, as 1: the smoothed logarithm of the signal above Otsu's threshold, the largest
 * component, holes filled, closed over 5 mm. It holds breasts and chest wall alike, not the dark lung. Made on a grid of at least 2 mm,
 * so that its border is that exact.
 *
 * @param onto the grid of the mask; by default that of the image. Voxels outside the image are 0.
 */
export function bodyMask(pre: Volume, onto: Grid = pre.grid): LabelMap {
  const { grid } = pre;
  const logarithms = new Float32Array(pre.data.length);
  for (let i = 0; i < logarithms.length; i++) logarithms[i] = Math.log(1 + Math.max(0, pre.data[i]));
  const sigmas = perAxis(grid, (mm) => BODY_SMOOTHING_MM / mm);
  const coarse = gridWithSpacing(
    grid,
    perAxis(grid, (mm) => Math.max(mm, BODY_SMOOTHING_MM)),
  );
  const { data } = smoothOnto({ grid, data: logarithms }, sigmas, coarse);
  const threshold = otsuThreshold(data);
  const bright = Uint8Array.from(data, (value) => (value > threshold ? 1 : 0));
  const solid = fillHoles(largestComponent({ grid: coarse, data: bright }, 6));
  const closed = erodeMm(dilateMm(solid, BODY_CLOSING_MM), BODY_CLOSING_MM);
  const share = resample(closed, onto).data;
  const body = new Uint8Array(share.length);
  for (let i = 0; i < body.length; i++) if (share[i] > 0.5) body[i] = 1;
  return { grid: onto, data: body };
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
