/** What a registration works on, and how its result is judged. The optimiser itself is not here: it is no pure function. */
import { type Grid, type Triple, voxelCount } from "../../domain/grid.ts";
import type { LabelMap, Volume } from "../../domain/volume.ts";
import { crop, expandBox, maskBox } from "../cropping.ts";
import { dilateMm } from "../distance.ts";
import { percentiles } from "../percentiles.ts";
import { gridWithSpacing, resample } from "../resampling.ts";
import { smooth } from "../smoothing.ts";
import { type Similarity, similarity } from "./similarity.ts";
import { displacements, type SpatialTransform } from "./transform.ts";
import { warp } from "./warp.ts";

/** `rigid` moves the whole; `deformable` bends what a rigid motion leaves. */
export type RegistrationKind = "rigid" | "deformable";

/** The two images as the optimiser sees them, on one grid. */
export interface RegistrationPair {
  readonly fixed: Volume<Float32Array>;
  readonly moving: Volume<Float32Array>;
}

/** Finds the transform of a pair: for `deformable` a rigid part and then a spline. */
export type Registrar = (pair: RegistrationPair, kind: RegistrationKind) => Promise<SpatialTransform>;

/** Voxels are at least this large while a transform is sought, in mm: motion is smooth. */
const WORKING_SPACING_MM = 1.5;
/** The mask is widened, and fades out, over these distances in mm. */
const MASK_MARGIN_MM = 6;
const MASK_FADE_MM = 3;

/**
 * Prepares a pair: logarithms, so that enhanced tissue does not outweigh all other; faded out beyond the mask; cut to it; on voxels of at least
 * 1.5 mm. The optimiser knows no masks: a border that fades slowly pulls little at tissue that moves under it.
 *
 * @param mask on the grid of both images.
 */
export function registrationPair(fixed: Volume, moving: Volume, mask: LabelMap): RegistrationPair {
  const weight = Float32Array.from(dilateMm(mask, MASK_MARGIN_MM).data);
  smooth(
    weight,
    mask.grid.shape,
    perAxis(mask.grid, (mm) => MASK_FADE_MM / mm),
  );
  const box = maskBox(mask);
  const prepared = (volume: Volume) => {
    const data = logarithms(volume, mask);
    for (let i = 0; i < data.length; i++) data[i] *= weight[i];
    const whole = { grid: volume.grid, data };
    const cut = box === undefined ? whole : crop(whole, expandBox(box, 2 * MASK_MARGIN_MM, volume.grid));
    return coarser(cut);
  };
  return { fixed: prepared(fixed), moving: prepared(moving) };
}

function coarser(volume: Volume<Float32Array>): Volume<Float32Array> {
  const { grid } = volume;
  if (Math.min(...grid.spacingMm) >= WORKING_SPACING_MM) return volume;
  // Half a voxel of the coarse grid: what it cannot hold must not fold back into it.
  const sigmas = perAxis(grid, (mm) => (mm < WORKING_SPACING_MM ? (0.5 * WORKING_SPACING_MM) / mm : 0.01));
  smooth(volume.data, grid.shape, sigmas);
  const target = gridWithSpacing(
    grid,
    perAxis(grid, (mm) => Math.max(mm, WORKING_SPACING_MM)),
  );
  return resample(volume, target, { outside: "edge" });
}

/** ln(1 + signal/median), the median over the mask. */
function logarithms({ data }: Volume, mask: LabelMap): Float32Array {
  const inside = Float32Array.from(data).filter((_, voxel) => mask.data[voxel] !== 0);
  const [median] = percentiles(inside, [50]);
  const unit = median > 0 ? median : 1;
  return Float32Array.from(data, (value: number) => Math.log1p(Math.max(0, value) / unit));
}

export interface RegistrationQuality {
  readonly before: Similarity;
  /** Of what was kept. */
  readonly after: Similarity;
  /** What the registration came to: nothing where neither transform was better than none. */
  readonly kept: RegistrationKind | "none";
  /** Why no more was kept; null where all of it was. */
  readonly reason: string | null;
  /** Of the transform found, kept or not, over the mask, in mm. */
  readonly displacementMm: { readonly mean: number; readonly largest: number };
  /** Least local change of volume of the transform found; 0 and below is folded. */
  readonly smallestJacobian: number;
}

export interface RegisteredVolume {
  /** On the grid of the fixed image; the moving image itself where nothing was kept. */
  readonly volume: Volume;
  readonly transform: SpatialTransform;
  readonly quality: RegistrationQuality;
}

/** Tissue does not shrink to less than this within minutes. */
const LEAST_JACOBIAN = 0.3;

/**
 * Registers an image to another and keeps the result only where it is better: the whole transform, else its rigid part, else nothing. Better is a
 * higher correlation of logarithms in the mask, smoothed alike so that interpolation does not pass for alignment, without folds.
 *
 * @param mask of the tissue that is aligned, on the grid of both images. @param registrar finds the transform.
 */
export async function registerVolume(
  fixed: Volume,
  moving: Volume,
  mask: LabelMap,
  kind: RegistrationKind,
  registrar: Registrar,
): Promise<RegisteredVolume> {
  const found = await registrar(registrationPair(fixed, moving, mask), kind);
  const reference = smoothedLogarithms(fixed, mask);
  const compare = (volume: Volume) => similarity(reference, smoothedLogarithms(volume, mask), mask);
  const before = compare(moving);
  const field = displacements(found, mask.grid);
  const smallestJacobian = leastJacobian(field, mask);
  const reasons: string[] = [];
  const judged = { before, displacementMm: sizes(field, mask), smallestJacobian };
  if (smallestJacobian < LEAST_JACOBIAN) {
    reasons.push(`the deformation folds tissue (Jacobian ${smallestJacobian.toFixed(2)})`);
  }
  for (let parts = smallestJacobian < LEAST_JACOBIAN ? 1 : found.length; parts > 0; parts--) {
    const transform = found.slice(0, parts);
    const volume = warp(moving, transform, fixed.grid);
    const after = compare(volume);
    if (after.correlation > before.correlation) {
      const kept = transform.some((part) => part.kind === "spline") ? "deformable" : "rigid";
      const reason = reasons.length === 0 ? null : reasons.join("; ");
      return { volume, transform, quality: { ...judged, after, kept, reason } };
    }
    reasons.push(
      `correlation ${before.correlation.toFixed(4)} before and ${after.correlation.toFixed(4)} after ${parts === 1 ? "the rigid motion" : "the deformation"}`,
    );
  }
  const reason = reasons.length === 0 ? "no transform was found" : reasons.join("; ");
  return { volume: moving, transform: [], quality: { ...judged, after: before, kept: "none", reason } };
}

/** σ of the smoothing before images are compared, in voxels. */
const COMPARISON_SMOOTHING = 0.8;

function smoothedLogarithms(volume: Volume, mask: LabelMap): Volume<Float32Array> {
  const data = logarithms(volume, mask);
  smooth(data, volume.grid.shape, [COMPARISON_SMOOTHING, COMPARISON_SMOOTHING, COMPARISON_SMOOTHING]);
  return { grid: volume.grid, data };
}

type Field = ReturnType<typeof displacements>;

function sizes([x, y, z]: Field, { data }: LabelMap): { mean: number; largest: number } {
  let [sum, count, largest] = [0, 0, 0];
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0) continue;
    const mm = Math.sqrt(x[i] * x[i] + y[i] * y[i] + z[i] * z[i]);
    sum += mm;
    count++;
    if (mm > largest) largest = mm;
  }
  return { mean: count === 0 ? 0 : sum / count, largest };
}

/** Least determinant of the transform's derivative over the mask, by central differences between neighbouring voxels. */
function leastJacobian(field: Field, { grid, data }: LabelMap): number {
  const { shape, spacingMm, direction } = grid;
  const strides = [shape[1] * shape[2], shape[2], 1];
  let least = Infinity;
  for (let voxel = 0; voxel < voxelCount(grid); voxel++) {
    if (data[voxel] === 0) continue;
    const index = [
      Math.floor(voxel / strides[0]),
      Math.floor(voxel / strides[1]) % shape[1],
      voxel % shape[2],
    ];
    if (index.some((at, axis) => at === 0 || at === shape[axis] - 1)) continue;
    // Rows: derivative of the point along each axis of the array. The axes are orthonormal, which leaves the determinant's size.
    const rows = strides.map((stride, axis) =>
      [0, 1, 2].map(
        (c) =>
          direction[axis][c] + (field[c][voxel + stride] - field[c][voxel - stride]) / (2 * spacingMm[axis]),
      ),
    );
    least = Math.min(least, determinant(rows) * determinant(direction));
  }
  return Number.isFinite(least) ? least : 1;
}

function determinant([a, b, c]: readonly (readonly number[])[]): number {
  return (
    a[0] * (b[1] * c[2] - b[2] * c[1]) -
    a[1] * (b[0] * c[2] - b[2] * c[0]) +
    a[2] * (b[0] * c[1] - b[1] * c[0])
  );
}

function perAxis({ spacingMm }: Grid, value: (mm: number) => number): Triple {
  return [value(spacingMm[0]), value(spacingMm[1]), value(spacingMm[2])];
}
