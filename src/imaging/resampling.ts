/**
 * Resampling from one grid onto another, by physical coordinates.
 *
 * A point that lies more than half a voxel beyond the outermost voxel centres is outside the source. Between the outermost centres
 * and that border the image goes on with its edge values.
 */
import { createGrid, type Grid, type Triple, voxelCount } from "../domain/grid.ts";
import type { LabelMap, Volume, VoxelArray } from "../domain/volume.ts";
import { type GridMapping, gridMapping } from "./grid-mapping.ts";
import { resampleAlongAxes, resampleAtPoints } from "./interpolation.ts";
import type { AxisInterpolation, Interpolation } from "./interpolation-weights.ts";

export interface ResampleOptions {
  /**
   * Default `linear`. `cubic` is interpolation by a cubic B-spline (Unser 1999, IEEE Signal Process Mag 16:22) of the image
   * continued by its edge values (as `scipy.ndimage` with mode `nearest`), limited to the range of the image (as nnU-Net).
   */
  readonly interpolation?: Interpolation;
  /** Value given to points outside the source, or `edge` for the value of the nearest border. Default 0. */
  readonly outside?: number | "edge";
  /**
   * `nearest`: along the coarse axis ({@link coarseAxis}) of the source or, where it has none, of the target, the nearest slice is taken
   * instead of a mixture of distant ones (nnU-Net's "separate z", Isensee 2021). Default `same`.
   */
  readonly alongCoarseAxis?: "same" | "nearest";
}

/** Shares of classes that differ by no more are equal but for rounding. */
const EQUAL_SHARES = 1e-6;

/** Ratio of spacings above which nnU-Net treats the coarsest axis apart. */
const ANISOTROPY_THRESHOLD = 3;

/**
 * Resamples an image onto a grid; any two grids, oblique ones too. Downsampling is not preceded by smoothing. Voxels that are not
 * finite spread to their surroundings: replace them before.
 */
export function resample(volume: Volume, grid: Grid, options: ResampleOptions = {}): Volume<Float32Array> {
  const { interpolation = "linear", outside = 0, alongCoarseAxis = "same" } = options;
  const data = sample(volume, grid, interpolation, alongCoarseAxis);
  if (interpolation === "cubic") limitToRange(data, volume.data);
  if (outside !== "edge") fillOutside(data, volume.grid, grid, outside);
  return { grid, data };
}

/**
 * Resamples a mask onto a grid: each class is resampled linearly by itself and every voxel takes the class with the largest share.
 * Of equal shares (within 1e-6) the class of the nearest voxel wins, and where that one has less, the smallest; as nnU-Net's
 * `resize_segmentation`. What lies outside the source is background.
 */
export function resampleLabels(
  labels: LabelMap,
  grid: Grid,
  { alongCoarseAxis = "same" }: Pick<ResampleOptions, "alongCoarseAxis"> = {},
): LabelMap {
  const present = new Uint8Array(256);
  for (const value of labels.data) present[value] = 1;

  const data = new Uint8Array(voxelCount(grid));
  const nearest = sample(labels, grid, "nearest", "same");
  const best = new Float32Array(data.length).fill(-1);
  const indicator = new Float32Array(labels.data.length);
  for (let label = 0; label < 256; label++) {
    if (present[label] === 0) continue;
    for (let i = 0; i < indicator.length; i++) indicator[i] = labels.data[i] === label ? 1 : 0;
    const share = sample({ grid: labels.grid, data: indicator }, grid, "linear", alongCoarseAxis);
    for (let i = 0; i < data.length; i++) {
      const lead = share[i] - best[i];
      if (lead > EQUAL_SHARES || (lead >= -EQUAL_SHARES && nearest[i] === label)) {
        best[i] = share[i];
        data[i] = label;
      }
    }
  }
  fillOutside(data, labels.grid, grid, 0);
  return { grid, data };
}

/**
 * The grid with about the wanted spacing over the same box in the patient: each axis gets round(size·old/new) voxels (at least
 * one), as in nnU-Net, and the outer faces of the first and the last voxel stay where they were. So that the geometry stays true,
 * `spacingMm` is what follows from the rounded size, not the wanted value itself.
 *
 * @param spacingMm wanted spacing per axis (slice, row, column), in mm.
 */
export function gridWithSpacing(grid: Grid, spacingMm: Triple): Grid {
  const shape = grid.shape.map((size, axis) =>
    Math.max(1, Math.round((size * grid.spacingMm[axis]) / spacingMm[axis])),
  ) as unknown as Triple;
  return gridWithShape(grid, shape);
}

/** The grid with the wanted number of voxels per axis over the same box in the patient. */
export function gridWithShape(grid: Grid, shape: Triple): Grid {
  const spacingMm = shape.map(
    (size, axis) => (grid.shape[axis] * grid.spacingMm[axis]) / size,
  ) as unknown as Triple;
  const origin: [number, number, number] = [grid.origin[0], grid.origin[1], grid.origin[2]];
  for (let axis = 0; axis < 3; axis++) {
    const shiftMm = (spacingMm[axis] - grid.spacingMm[axis]) / 2;
    for (let i = 0; i < 3; i++) origin[i] += shiftMm * grid.direction[axis][i];
  }
  return createGrid({ shape, spacingMm, direction: grid.direction, origin });
}

/**
 * The axis whose spacing is more than `threshold` times the least, where there is exactly one; nnU-Net's rule for separate treatment.
 */
export function coarseAxis(spacingMm: Triple, threshold = ANISOTROPY_THRESHOLD): number | undefined {
  const largest = Math.max(...spacingMm);
  if (!(largest / Math.min(...spacingMm) > threshold)) return undefined;
  const coarsest = [0, 1, 2].filter((axis) => spacingMm[axis] === largest);
  return coarsest.length === 1 ? coarsest[0] : undefined;
}

function sample(source: Volume, grid: Grid, interpolation: Interpolation, along: "same" | "nearest") {
  const mapping = gridMapping(source.grid, grid);
  const coarse = along === "nearest" ? coarseSourceAxis(source.grid, grid, mapping) : undefined;
  const interpolations = [0, 1, 2].map((axis) =>
    axis === coarse ? "nearest" : interpolation,
  ) as unknown as AxisInterpolation;
  return mapping.axisPairs === undefined
    ? resampleAtPoints(source, grid.shape, mapping, interpolations)
    : resampleAlongAxes(source, grid.shape, mapping, mapping.axisPairs, interpolations);
}

/** The source's coarse axis or, where it has none, the one along which the target is coarse. */
function coarseSourceAxis(source: Grid, target: Grid, { axisPairs }: GridMapping): number | undefined {
  const own = coarseAxis(source.spacingMm);
  const targetAxis = coarseAxis(target.spacingMm);
  if (own !== undefined || targetAxis === undefined || axisPairs === undefined) return own;
  return axisPairs.indexOf(targetAxis);
}

/** A spline overshoots at edges; what it makes must not leave the range of the image. */
function limitToRange(data: Float32Array, source: VoxelArray): void {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < source.length; i++) {
    if (source[i] < low) low = source[i];
    if (source[i] > high) high = source[i];
  }
  for (let i = 0; i < data.length; i++) data[i] = Math.max(low, Math.min(data[i], high));
}

/** Sets the voxels of `grid` whose centre lies outside the source. */
function fillOutside(data: Float32Array | Uint8Array, source: Grid, grid: Grid, value: number): void {
  const mapping = gridMapping(source, grid);
  if (coversAll(mapping, source.shape, grid.shape)) return;
  const [slices, rows, columns] = grid.shape;
  const { offset, steps } = mapping;
  for (let i = 0, voxel = 0; i < slices; i++) {
    for (let j = 0; j < rows; j++) {
      for (let k = 0; k < columns; k++, voxel++) {
        for (let axis = 0; axis < 3; axis++) {
          const at = offset[axis] + i * steps[0][axis] + j * steps[1][axis] + k * steps[2][axis];
          if (isOutside(at, source.shape[axis])) {
            data[voxel] = value;
            break;
          }
        }
      }
    }
  }
}

/** Rounding in the geometry must not push the faces of two equal boxes apart. */
const FACE_TOLERANCE = 1e-4;

function isOutside(at: number, size: number): boolean {
  return at < -0.5 - FACE_TOLERANCE || at > size - 0.5 + FACE_TOLERANCE;
}

/** Whether all centres of the target lie in the source: its corners decide, for the source is convex. */
function coversAll({ offset, steps }: GridMapping, source: Triple, target: Triple): boolean {
  for (let corner = 0; corner < 8; corner++) {
    for (let axis = 0; axis < 3; axis++) {
      let at = offset[axis];
      for (let t = 0; t < 3; t++) if ((corner >> t) & 1) at += (target[t] - 1) * steps[t][axis];
      if (isOutside(at, source[axis])) return false;
    }
  }
  return true;
}
