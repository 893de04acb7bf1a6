/** What an optimiser works on: two images made alike, faded out beyond the tissue, on a grid no finer than motion is. */
import type { Grid, Triple } from "../../domain/grid.ts";
import type { LabelMap, Volume } from "../../domain/volume.ts";
import { crop, expandBox, maskBox } from "../cropping.ts";
import { dilateMm, erodeMm } from "../distance.ts";
import { percentiles } from "../percentiles.ts";
import { gridWithSpacing, resample } from "../resampling.ts";
import { smooth } from "../smoothing.ts";

/** The two images as the optimiser sees them, on one grid. */
export interface RegistrationPair {
  readonly fixed: Volume<Float32Array>;
  readonly moving: Volume<Float32Array>;
}

/** Voxels are at least this large while a transform is sought, in mm: motion is smooth. */
const WORKING_SPACING_MM = 1.5;
/** The mask is widened, and fades out, over these distances in mm. */
const MASK_MARGIN_MM = 6;
const MASK_FADE_MM = 3;
/** Surroundings, σ in mm, by whose mean and deviation a voxel is judged: wider than ducts and strands, narrower than the field of a coil. */
const SURROUNDINGS_MM = 8;
/** Least deviation of logarithms that counts as contrast: what is evener is noise. */
const LEAST_DEVIATION = 0.1;

/**
 * Prepares a pair: logarithms, less the mean of their surroundings and over their deviation, so that neither the coil nor enhancement pulls but structure does;
 * faded out beyond the mask; cut to it; on voxels of at least 1.5 mm. The optimiser knows no masks: a border that fades slowly pulls little at tissue that moves under it.
 *
 * @param mask on the grid of both images. Both must lie in it: it would cut into an image that is centimetres away.
 * @param covered 0 where the moving image was not acquired, so that nothing there is to pull.
 */
export function registrationPair(
  fixed: Volume,
  moving: Volume,
  mask: LabelMap,
  covered?: LabelMap,
): RegistrationPair {
  const weight = Float32Array.from(dilateMm(mask, MASK_MARGIN_MM).data);
  if (covered?.data.includes(0) === true) {
    const known = erodeMm(covered, MASK_FADE_MM).data;
    for (let i = 0; i < weight.length; i++) weight[i] *= known[i];
  }
  smooth(
    weight,
    mask.grid.shape,
    perAxis(mask.grid, (mm) => MASK_FADE_MM / mm),
  );
  const box = maskBox(mask);
  const prepared = (volume: Volume) => {
    const whole = { grid: volume.grid, data: evened(logarithms(volume, mask).data, weight, mask.grid) };
    const cut = box === undefined ? whole : crop(whole, expandBox(box, 2 * MASK_MARGIN_MM, volume.grid));
    return coarser(cut, WORKING_SPACING_MM);
  };
  return { fixed: prepared(fixed), moving: prepared(moving) };
}

/** Values less the weighted mean around them, over the weighted deviation there, times the weight. */
function evened(values: Float32Array, weight: Float32Array, grid: Grid): Float32Array {
  const sigmas = perAxis(grid, (mm) => SURROUNDINGS_MM / mm);
  const around = (of: (i: number) => number) => {
    const sums = Float32Array.from(weight, (share, i) => share * of(i));
    smooth(sums, grid.shape, sigmas);
    return sums;
  };
  const [total, first, second] = [() => 1, (i: number) => values[i], (i: number) => values[i] ** 2].map(
    around,
  );
  return Float32Array.from(values, (value, i) => {
    if (weight[i] === 0 || total[i] === 0) return 0;
    const mean = first[i] / total[i];
    const variance = Math.max(LEAST_DEVIATION ** 2, second[i] / total[i] - mean ** 2);
    return (weight[i] * (value - mean)) / Math.sqrt(variance);
  });
}

/** The image on voxels of at least the spacing (mm), smoothed so far that nothing folds back; `volume` is smoothed in its place. */
export function coarser(volume: Volume<Float32Array>, spacingMm: number): Volume<Float32Array> {
  const { grid } = volume;
  if (Math.min(...grid.spacingMm) >= spacingMm) return volume;
  // Half a voxel of the coarse grid: what it cannot hold must not fold back into it.
  const sigmas = perAxis(grid, (mm) => (mm < spacingMm ? (0.5 * spacingMm) / mm : 0.01));
  smooth(volume.data, grid.shape, sigmas);
  const target = gridWithSpacing(
    grid,
    perAxis(grid, (mm) => Math.max(mm, spacingMm)),
  );
  return resample(volume, target, { outside: "edge" });
}

/** ln(1 + signal/median), the median over the mask. @param mask on the grid of the image. */
export function logarithms({ grid, data }: Volume, mask: LabelMap): Volume<Float32Array> {
  const inside = Float32Array.from(data).filter((_, voxel) => mask.data[voxel] !== 0);
  const [median] = percentiles(inside, [50]);
  const unit = median > 0 ? median : 1;
  return { grid, data: Float32Array.from(data, (value: number) => Math.log1p(Math.max(0, value) / unit)) };
}

function perAxis({ spacingMm }: Grid, value: (mm: number) => number): Triple {
  return [value(spacingMm[0]), value(spacingMm[1]), value(spacingMm[2])];
}
