/** Loss of sharpness, in place, one channel at a time. */
import type { Triple } from "../../domain/grid.ts";

/**
 * Gaussian blur, σ in voxels per axis (slice, row, column), with kernels cut at three σ; the image is reflected at its borders.
 */
export function blur(channel: Float32Array, shape: Triple, sigmas: Triple): void {
  for (const axis of [0, 1, 2]) {
    const radius = Math.min(Math.max(1, Math.ceil(3 * sigmas[axis])), shape[axis] - 1);
    const kernel = gaussianKernel(sigmas[axis], radius);
    const size = shape[axis];
    const padded = new Float64Array(size + 2 * radius);
    transformLines(channel, shape, axis, (line) => {
      padded.set(line, radius);
      for (let i = 1; i <= radius; i++) {
        padded[radius - i] = line[i];
        padded[radius + size - 1 + i] = line[size - 1 - i];
      }
      for (let i = 0; i < size; i++) {
        let sum = 0;
        for (let tap = 0; tap < kernel.length; tap++) sum += kernel[tap] * padded[i + tap];
        line[i] = sum;
      }
    });
  }
}

function gaussianKernel(sigma: number, radius: number): Float64Array {
  const kernel = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - radius) / sigma) ** 2),
  );
  const sum = kernel.reduce((total, value) => total + value, 0);
  return kernel.map((value) => value / sum);
}

/**
 * What a scan with fewer samples would show: round(size·factor) samples along each of the `axes`, each the nearest voxel, then linear
 * interpolation back to the old size (pixel centres, edge values beyond).
 */
export function lowerResolution(
  channel: Float32Array,
  shape: Triple,
  factor: number,
  axes: readonly number[],
): void {
  for (const axis of axes) {
    const size = shape[axis];
    const samples = Math.max(1, Math.round(size * factor));
    if (samples === size) continue;
    const kept = Int32Array.from({ length: samples }, (_, i) => Math.floor(((i + 0.5) * size) / samples));
    const below = new Int32Array(size);
    const above = new Int32Array(size);
    const share = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      const at = Math.max(0, Math.min(((i + 0.5) * samples) / size - 0.5, samples - 1));
      const first = Math.floor(at);
      below[i] = kept[first];
      above[i] = kept[Math.min(first + 1, samples - 1)];
      share[i] = at - first;
    }
    const full = new Float64Array(size);
    transformLines(channel, shape, axis, (line) => {
      full.set(line);
      for (let i = 0; i < size; i++) line[i] = full[below[i]] + share[i] * (full[above[i]] - full[below[i]]);
    });
  }
}

/** Hands every line of voxels along an axis to `transform`, which changes it in place. */
function transformLines(
  data: Float32Array,
  shape: Triple,
  axis: number,
  transform: (line: Float64Array) => void,
): void {
  const size = shape[axis];
  const stride = shape.slice(axis + 1).reduce((product, n) => product * n, 1);
  const line = new Float64Array(size);
  for (let outer = 0; outer < data.length; outer += size * stride) {
    for (let from = outer; from < outer + stride; from++) {
      for (let i = 0, at = from; i < size; i++, at += stride) line[i] = data[at];
      transform(line);
      for (let i = 0, at = from; i < size; i++, at += stride) data[at] = line[i];
    }
  }
}
