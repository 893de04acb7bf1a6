/** Where an interpolated value comes from along one axis: a few neighbouring samples and their weights. */
import type { Triple } from "../domain/grid.ts";

export type Interpolation = "nearest" | "linear" | "cubic";

/** One interpolation per axis (slice, row, column). */
export type AxisInterpolation = readonly [Interpolation, Interpolation, Interpolation];

interface Kernel {
  /** Number of samples that take part. */
  readonly taps: number;
  /** Writes the weights of the samples from the returned index on, for a position in samples. */
  readonly weigh: (at: number, weights: Float64Array, base: number) => number;
}

/** Weights at fractional positions. Of two samples as near as each other, `nearest` takes the later one. */
export const KERNELS: Readonly<Record<Interpolation, Kernel>> = {
  nearest: {
    taps: 1,
    weigh: (at, weights, base) => {
      weights[base] = 1;
      return Math.floor(at + 0.5);
    },
  },
  linear: {
    taps: 2,
    weigh: (at, weights, base) => {
      const first = Math.floor(at);
      const t = at - first;
      weights[base] = 1 - t;
      weights[base + 1] = t;
      return first;
    },
  },
  // Values of the centred cubic B-spline at t + 1, t, 1 − t, 2 − t; the samples are spline coefficients.
  cubic: {
    taps: 4,
    weigh: (at, weights, base) => {
      const first = Math.floor(at);
      const t = at - first;
      const u = 1 - t;
      weights[base] = (u * u * u) / 6;
      weights[base + 1] = 2 / 3 - t * t * (1 - t / 2);
      weights[base + 2] = 2 / 3 - u * u * (1 - u / 2);
      weights[base + 3] = (t * t * t) / 6;
      return first - 1;
    },
  },
};

/** Samples added beyond each end of an axis so that every position within half a voxel of it finds its taps. */
export const MARGIN: Readonly<Record<Interpolation, number>> = { nearest: 0, linear: 1, cubic: 2 };

/** Keeps a position within half a voxel of the samples of an axis. */
export function clampPosition(at: number, size: number): number {
  return Math.max(-0.5, Math.min(at, size - 0.5));
}

/** Pole of the cubic B-spline's inverse filter (Unser 1999). */
const POLE = Math.sqrt(3) - 2;

/**
 * Extends a line of samples by {@link MARGIN} at each end and, for `cubic`, turns it into B-spline coefficients. The line is thought
 * to go on for ever with its edge values; both recursive passes start from the closed form of that sum.
 *
 * @param line samples in `line[margin … margin + size − 1]`; overwritten.
 */
export function prepareLine(line: Float64Array, size: number, interpolation: Interpolation): void {
  const margin = MARGIN[interpolation];
  const first = line[margin];
  const last = line[margin + size - 1];
  if (interpolation === "cubic") filterLine(line, margin, size, first, last);
  const firstDeviation = line[margin] - first;
  const lastDeviation = line[margin + size - 1] - last;
  for (let i = 1; i <= margin; i++) {
    // Beyond the edge the coefficients approach the constant geometrically (0 deviation unless cubic).
    line[margin - i] = first + firstDeviation * POLE ** i;
    line[margin + size - 1 + i] = last + lastDeviation * POLE ** i;
  }
}

function filterLine(line: Float64Array, start: number, size: number, first: number, last: number): void {
  const end = start + size - 1;
  line[start] = first / (1 - POLE);
  for (let i = start + 1; i <= end; i++) line[i] += POLE * line[i - 1];
  const settled = last / (1 - POLE);
  line[end] = -POLE * (settled / (1 - POLE) + (line[end] - settled) / (1 - POLE * POLE));
  for (let i = end - 1; i >= start; i--) line[i] = POLE * (line[i + 1] - line[i]);
  for (let i = start; i <= end; i++) line[i] *= 6;
}

/** Shape of an array whose axes were extended by {@link MARGIN} at both ends. */
export function extendedShape(shape: Triple, interpolations: AxisInterpolation): Triple {
  return shape.map((size, axis) => size + 2 * MARGIN[interpolations[axis]]) as unknown as Triple;
}
