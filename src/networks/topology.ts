/** Depth, strides and kernels of a U-Net for a patch: nnU-Net v2's `get_pool_and_conv_props`. */
import type { Triple } from "../domain/grid.ts";

/** Least edge of the bottleneck, in voxels. */
const MIN_EDGE = 4;

export interface Topology {
  /** The patch, padded up so that every stride divides it. */
  readonly patchSize: Triple;
  /** Stride of each stage's first convolution; the first is 1, 1, 1. */
  readonly strides: readonly Triple[];
  /** Kernel of each stage. */
  readonly kernels: readonly Triple[];
  /** Product of the strides, per axis. */
  readonly divisor: Triple;
}

/**
 * An axis is pooled while it has at least 8 voxels and its spacing is under twice the least among the axes that can still be
 * pooled; a kernel grows from 1 to 3 once the spacing of its axis is under twice the least; the bottleneck's kernel is 3.
 *
 * @param spacingMm of the resampled data
 * @param size wanted patch, in voxels; fractions occur where it comes from a median
 */
export function topologyOf(spacingMm: Triple, size: Triple): Topology {
  const spacing = [...spacingMm];
  const current = [...size];
  const kernel: [number, number, number] = [1, 1, 1];
  const divisor: [number, number, number] = [1, 1, 1];
  const strides: Triple[] = [[1, 1, 1]];
  const kernels: Triple[] = [];
  while (true) {
    const pooled = axesToPool(spacing, current);
    if (pooled.length === 0) break;
    for (let axis = 0; axis < 3; axis++) if (spacing[axis] / Math.min(...spacing) < 2) kernel[axis] = 3;
    const stride: [number, number, number] = [1, 1, 1];
    for (const axis of pooled) {
      stride[axis] = 2;
      divisor[axis] *= 2;
      spacing[axis] *= 2;
      current[axis] = Math.ceil(current[axis] / 2);
    }
    strides.push(stride);
    kernels.push([...kernel]);
  }
  kernels.push([3, 3, 3]);
  const patchSize = size.map((voxels, axis) => Math.ceil(voxels / divisor[axis]) * divisor[axis]);
  return { patchSize: patchSize as unknown as Triple, strides, kernels, divisor };
}

function axesToPool(spacing: readonly number[], current: readonly number[]): number[] {
  const large = [0, 1, 2].filter((axis) => current[axis] >= 2 * MIN_EDGE);
  const least = Math.min(...large.map((axis) => spacing[axis]));
  const valid = large.filter((axis) => spacing[axis] / least < 2);
  // A single axis is pooled on only where it stays well above the least edge.
  return valid.length === 1 && current[valid[0]] < 3 * MIN_EDGE ? [] : valid;
}
