/** Gaussian smoothing and reduction to a coarser grid in one pass, for regions that need no fine border. */
import type { Grid, Triple } from "../domain/grid.ts";
import type { Volume } from "../domain/volume.ts";
import { clampPosition, KERNELS } from "./interpolation-weights.ts";
import { gaussianKernel } from "./smoothing.ts";

/**
 * The image smoothed by a Gaussian (as `smooth`) and then interpolated linearly onto a grid over the same box and with the same axes
 * (as `resample` with `outside: "edge"`). Only what the coarse grid needs is computed, axis by axis.
 *
 * @param sigmas standard deviations in voxels of the image, per axis (slice, row, column).
 * @param coarse of {@link gridWithSpacing} or `gridWithShape` on the image's own grid.
 */
export function smoothOnto(
  { grid, data }: Volume<Float32Array>,
  sigmas: Triple,
  coarse: Grid,
): Volume<Float32Array> {
  const shape: [number, number, number] = [...grid.shape];
  let values = data;
  for (const axis of [2, 1, 0]) {
    const rows = axisWeights(grid.shape[axis], sigmas[axis], coarse.shape[axis]);
    values = reduceAxis(values, shape, axis, rows);
    shape[axis] = coarse.shape[axis];
  }
  return { grid: coarse, data: values };
}

/** Samples of a line from `first` on, and what each counts for. */
interface AxisWeights {
  readonly first: number;
  readonly weights: Float64Array;
}

/** One row per coarse position: the product of interpolation and smoothing, reflected at the borders. */
function axisWeights(size: number, sigma: number, coarseSize: number): AxisWeights[] {
  const radius = Math.min(Math.max(1, Math.ceil(3 * sigma)), size - 1);
  const kernel = gaussianKernel(sigma, radius);
  const share = new Float64Array(2);
  return Array.from({ length: coarseSize }, (_, position) => {
    const at = clampPosition(((position + 0.5) * size) / coarseSize - 0.5, size);
    const left = KERNELS.linear.weigh(at, share, 0);
    const full = new Float64Array(size);
    share.forEach((weight, side) => {
      const centre = Math.max(0, Math.min(left + side, size - 1));
      kernel.forEach((value, tap) => {
        full[reflected(centre + tap - radius, size)] += weight * value;
      });
    });
    const first = full.findIndex((weight) => weight !== 0);
    const last = full.findLastIndex((weight) => weight !== 0);
    return { first, weights: full.slice(first, last + 1) };
  });
}

/** The border voxel itself is not repeated. */
function reflected(index: number, size: number): number {
  const inside = Math.abs(index);
  return inside < size ? inside : 2 * (size - 1) - inside;
}

function reduceAxis(
  data: Float32Array,
  shape: Triple,
  axis: number,
  rows: readonly AxisWeights[],
): Float32Array {
  const stride = shape.slice(axis + 1).reduce((product, n) => product * n, 1);
  const size = shape[axis];
  const blocks = data.length / (size * stride);
  const reduced = new Float32Array(blocks * rows.length * stride);
  const sums = new Float64Array(stride);
  for (let block = 0; block < blocks; block++) {
    rows.forEach(({ first, weights }, position) => {
      sums.fill(0);
      for (let tap = 0; tap < weights.length; tap++) {
        const weight = weights[tap];
        const from = (block * size + first + tap) * stride;
        for (let i = 0; i < stride; i++) sums[i] += weight * data[from + i];
      }
      reduced.set(sums, (block * rows.length + position) * stride);
    });
  }
  return reduced;
}
