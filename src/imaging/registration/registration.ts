/** Seeks a transform between two images in parts, and keeps what is better. The optimiser itself is not here: it is no pure function. */
import { sameGrid, type Triple, voxelCount } from "../../domain/grid.ts";
import type { LabelMap, Volume } from "../../domain/volume.ts";
import { smooth } from "../smoothing.ts";
import { logarithms, type RegistrationPair, registrationPair } from "./pair.ts";
import { type Similarity, similarity } from "./similarity.ts";
import { rigidStart } from "./start.ts";
import {
  composeRigid,
  displacements,
  type RigidTransform,
  type SpatialTransform,
  type SplineTransform,
} from "./transform.ts";
import { coverage, warp } from "./warp.ts";

/** `rigid` moves the whole; `deformable` bends what a rigid motion leaves. */
export type RegistrationKind = "rigid" | "deformable";

/** Finds one part of the transform of a pair: a rigid motion, or a spline by itself. */
export type Registrar = (
  pair: RegistrationPair,
  part: RegistrationKind,
) => Promise<RigidTransform | SplineTransform>;

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

export interface RegistrationOptions {
  /** Shifts in mm around which a start is sought besides none: see {@link rigidStart}. */
  readonly middles?: readonly Triple[];
}

/**
 * Registers an image to another: from a rigid start, if one over centimetres is better than none, to a rigid motion and a deformation. Before each part the
 * moving image is carried by what was found so far, so that it lies in the mask of the pair. Of the rigid motion and the whole the one with the higher
 * correlation is kept, and nothing where neither is better than none: correlation of logarithms in the mask, smoothed alike so that interpolation
 * does not pass for alignment, without folds.
 *
 * @param moving on any grid. @param mask of the tissue that is aligned, on the grid of the fixed image. @param registrar finds the parts.
 */
export async function registerVolume(
  fixed: Volume,
  moving: Volume,
  mask: LabelMap,
  kind: RegistrationKind,
  registrar: Registrar,
  { middles = [] }: RegistrationOptions = {},
): Promise<RegisteredVolume> {
  const alike = sameGrid(fixed.grid, moving.grid);
  const made = new Map<SpatialTransform, Volume>();
  const carried = (transform: SpatialTransform) => {
    const volume = made.get(transform) ?? warp(moving, transform, fixed.grid);
    made.set(transform, volume);
    return volume;
  };
  const seek = async (part: RegistrationKind, from: SpatialTransform) => {
    const whole = alike && from.length === 0;
    const covered = whole ? undefined : coverage(moving.grid, from, fixed.grid);
    return registrar(registrationPair(fixed, from.length === 0 ? still : carried(from), mask, covered), part);
  };
  const reference = smoothedLogarithms(fixed, mask);
  const judge = (volume: Volume) => similarity(reference, smoothedLogarithms(volume, mask), mask);
  const still = alike ? moving : carried([]);
  const before = judge(still);

  const start = rigidStart(fixed, moving, mask, middles);
  const rigid = [joined(await seek("rigid", start === undefined ? [] : [start]), start)];
  const found = kind === "rigid" ? rigid : [await seek("deformable", rigid), ...rigid];
  const field = displacements(found, mask.grid);
  const smallestJacobian = leastJacobian(field, mask);
  const measured = { before, displacementMm: sizes(field, mask), smallestJacobian };

  const reasons: string[] = [];
  let best: RegisteredVolume | undefined;
  for (const transform of found === rigid ? [rigid] : [rigid, found]) {
    const part = transform === rigid ? "rigid" : "deformable";
    const named = part === "rigid" ? "the rigid motion" : "the deformation";
    if (part === "deformable" && smallestJacobian < LEAST_JACOBIAN) {
      reasons.push(`the deformation folds tissue (Jacobian ${smallestJacobian.toFixed(2)})`);
      continue;
    }
    const volume = carried(transform);
    const after = judge(volume);
    const least = best?.quality.after ?? before;
    if (rises(least.correlation, after.correlation)) {
      best = { volume, transform, quality: { ...measured, after, kept: part, reason: null } };
    } else {
      reasons.push(
        `correlation ${least.correlation.toFixed(4)} before and ${after.correlation.toFixed(4)} after ${named}`,
      );
    }
  }
  const reason = reasons.join("; ");
  if (best === undefined) {
    const quality = { ...measured, after: before, kept: "none", reason } as const;
    return { volume: moving, transform: [], quality };
  }
  const { quality } = best;
  return quality.kept === kind ? best : { ...best, quality: { ...quality, reason } };
}

/** An image of which nothing but its even surroundings lies in the mask correlates with nothing: NaN, and any correlation is better. */
function rises(before: number, after: number): boolean {
  return Number.isNaN(before) ? !Number.isNaN(after) : after > before;
}

/** The rigid motion found on an image that was carried by `start`, with it. */
function joined(part: RigidTransform | SplineTransform, start: RigidTransform | undefined) {
  return start === undefined || part.kind === "spline" ? part : composeRigid(part, start);
}

/** σ of the smoothing before images are compared, in voxels. */
const COMPARISON_SMOOTHING = 0.8;

function smoothedLogarithms(volume: Volume, mask: LabelMap): Volume<Float32Array> {
  const smoothed = logarithms(volume, mask);
  smooth(smoothed.data, volume.grid.shape, [
    COMPARISON_SMOOTHING,
    COMPARISON_SMOOTHING,
    COMPARISON_SMOOTHING,
  ]);
  return smoothed;
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
