/** Gaussian smoothing, line by line. */
import type { Triple } from "../domain/grid.ts";

/**
 * Gaussian smoothing in place, σ in voxels per axis (slice, row, column), with kernels cut at three σ; the image is reflected at its borders.
 */
export function smooth(data: Float32Array, shape: Triple, sigmas: Triple): void {
  for (const axis of [0, 1, 2]) {
    const radius = Math.min(Math.max(1, Math.ceil(3 * sigmas[axis])), shape[axis] - 1);
    const kernel = gaussianKernel(sigmas[axis], radius);
    const size = shape[axis];
    const padded = new Float64Array(size + 2 * radius);
    transformLines(data, shape, axis, (line) => {
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

/** Weights of a Gaussian from −radius to +radius, their sum 1; σ in voxels. */
export function gaussianKernel(sigma: number, radius: number): Float64Array {
  const kernel = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - radius) / sigma) ** 2),
  );
  const sum = kernel.reduce((total, value) => total + value, 0);
  return kernel.map((value) => value / sum);
}

/** Hands every line of voxels along an axis to `transform`, which changes it in place. */
export function transformLines(
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
