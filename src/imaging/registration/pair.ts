/** What an optimiser works on: two images made alike, faded out beyond the tissue, on a grid no finer than motion is. */
import type { Grid, Triple } from "../../domain/grid.ts";
import type { LabelMap, Volume, VoxelArray } from "../../domain/volume.ts";
import { crop, expandBox, maskBox } from "../cropping.ts";
import { dilateMm, erodeMm } from "../distance.ts";
import { percentiles } from "../percentiles.ts";
import { gridWithSpacing, resample } from "../resampling.ts";
import { smoothOnto } from "../smooth-reduction.ts";

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
  const box = maskBox(mask) ?? { start: [0, 0, 0], size: mask.grid.shape };
  const near = expandBox(box, 2 * MASK_MARGIN_MM, mask.grid);
  const tissue = crop(mask, near);
  const share = Float32Array.from(dilateMm(tissue, MASK_MARGIN_MM).data);
  if (covered?.data.includes(0) === true) {
    const known = erodeMm(crop(covered, near), MASK_FADE_MM).data;
    for (let i = 0; i < share.length; i++) share[i] *= known[i];
  }
  const grid = coarseGrid(tissue.grid, WORKING_SPACING_MM);
  const weight = smoothedMm({ grid: tissue.grid, data: share }, MASK_FADE_MM, grid).data;
  const prepared = (volume: Volume) =>
    evened(coarser(logarithms(crop(volume, near), tissue), WORKING_SPACING_MM), weight);
  return { fixed: prepared(fixed), moving: prepared(moving) };
}

/** Values less the weighted mean around them, over the weighted deviation there, times the weight. */
function evened({ grid, data: values }: Volume<Float32Array>, weight: Float32Array): Volume<Float32Array> {
  // A field this smooth is told by half its σ.
  const field = coarseGrid(grid, SURROUNDINGS_MM / 2);
  const around = (of: (i: number) => number) => {
    const shares = Float32Array.from(weight, (share, i) => share * of(i));
    const sums = smoothedMm({ grid, data: shares }, SURROUNDINGS_MM, field);
    return resample(sums, grid, { outside: "edge" }).data;
  };
  const [total, first, second] = [() => 1, (i: number) => values[i], (i: number) => values[i] ** 2].map(
    around,
  );
  const data = Float32Array.from(values, (value, i) => {
    if (weight[i] === 0 || total[i] === 0) return 0;
    const mean = first[i] / total[i];
    const variance = Math.max(LEAST_DEVIATION ** 2, second[i] / total[i] - mean ** 2);
    return (weight[i] * (value - mean)) / Math.sqrt(variance);
  });
  return { grid, data };
}

/** The image on voxels of at least the spacing (mm), smoothed so far that nothing folds back. */
export function coarser(volume: Volume<Float32Array>, spacingMm: number): Volume<Float32Array> {
  const grid = coarseGrid(volume.grid, spacingMm);
  // Half a voxel of the coarse grid: what it cannot hold must not fold back into it.
  return grid === volume.grid ? volume : smoothedMm(volume, spacingMm / 2, grid);
}

/** The grid itself where it is as coarse along all axes. */
function coarseGrid(grid: Grid, spacingMm: number): Grid {
  if (Math.min(...grid.spacingMm) >= spacingMm) return grid;
  return gridWithSpacing(
    grid,
    perAxis(grid, (mm) => Math.max(mm, spacingMm)),
  );
}

function smoothedMm(volume: Volume<Float32Array>, sigmaMm: number, onto: Grid): Volume<Float32Array> {
  return smoothOnto(
    volume,
    perAxis(volume.grid, (mm) => sigmaMm / mm),
    onto,
  );
}

/** ln(1 + signal/median), the median over the mask. @param mask on the grid of the image. */
export function logarithms({ grid, data }: Volume, mask: LabelMap): Volume<Float32Array> {
  const [median] = percentiles(valuesInside(data, mask), [50]);
  return { grid, data: logarithmsOver(data, median > 0 ? median : 1) };
}

/** ln(1 + signal/unit); a negative signal counts as none. */
export function logarithmsOver(data: VoxelArray, unit: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let i = 0; i < result.length; i++) result[i] = Math.log1p(Math.max(0, data[i]) / unit);
  return result;
}

/** The values of the voxels in a mask, in their order. */
export function valuesInside(data: VoxelArray, mask: LabelMap): Float32Array {
  let count = 0;
  for (let i = 0; i < data.length; i++) if (mask.data[i] !== 0) count++;
  const values = new Float32Array(count);
  for (let i = 0, n = 0; i < data.length; i++) if (mask.data[i] !== 0) values[n++] = data[i];
  return values;
}

function perAxis({ spacingMm }: Grid, value: (mm: number) => number): Triple {
  return [value(spacingMm[0]), value(spacingMm[1]), value(spacingMm[2])];
}
