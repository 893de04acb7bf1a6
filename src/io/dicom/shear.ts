/** Slices that are shifted sideways in even steps, as by a tilted gantry → a rectangular grid. */
import { DataError } from "../../domain/errors.ts";
import type { Triple } from "../../domain/grid.ts";
import type { VoxelArray } from "../../domain/volume.ts";
import { cross, dot, type Steps, scaled } from "../affine.ts";

export interface Shear {
  /** Rows and columns by which each slice lies beside the one before it. */
  readonly perSlice: readonly [number, number];
  /** Rows and columns of the slices as stored. */
  readonly stored: readonly [number, number];
  /** The rectangular grid that holds all slices, in whole pixels of the first one. */
  readonly steps: Steps;
}

/** Below this cosine between axes the shift is rounding. It is the limit of {@link Steps} that are taken for orthogonal. */
const SMALLEST_COSINE = 1e-3;
/** Steeper than any gantry tilts (30°) and than a slant that is still a stack of slices. */
const LARGEST_COSINE = 0.7;

/**
 * @param steps of a stack of evenly spaced slices.
 * @returns undefined where slices lie above each other.
 * @throws {DataError} `dicom-geometry` where they are shifted by more than their distance.
 */
export function shearOf({ shape, steps, origin }: Steps, file: string): Shear | undefined {
  const [step, row, column] = steps;
  const lengths = [Math.hypot(...row), Math.hypot(...column)];
  const cosines = [row, column].map((axis, i) => dot(step, axis) / lengths[i] / Math.hypot(...step));
  const largest = Math.max(...cosines.map(Math.abs));
  if (!(largest >= SMALLEST_COSINE)) return undefined;
  if (largest > LARGEST_COSINE) {
    throw new DataError("dicom-geometry", {
      file,
      found: `slices shifted sideways by a cosine of ${largest.toFixed(3)}`,
      expected: "slices stacked along their normal, or a tilted gantry",
      remedy: "Export the series again; if it was moved slice by slice, resample it first.",
    });
  }
  const perSlice = [dot(step, row) / lengths[0] ** 2, dot(step, column) / lengths[1] ** 2] as const;
  const [slices, rows, columns] = shape;
  const ends = perSlice.map((shift) => shift * (slices - 1));
  const [firstRow, firstColumn] = ends.map(firstPixel);
  const extra = ends.map((end) => Math.ceil(Math.max(0, end)) - firstPixel(end));
  const across = cross(row, column);
  const normal = scaled(across, 1 / Math.hypot(...across));
  return {
    perSlice,
    stored: [rows, columns],
    steps: {
      shape: [slices, rows + extra[0], columns + extra[1]],
      steps: [scaled(normal, dot(step, normal)), row, column],
      origin: origin.map(
        (value, i) => value + firstRow * row[i] + firstColumn * column[i],
      ) as unknown as Triple,
    },
  };
}

function firstPixel(end: number): number {
  return Math.floor(Math.min(0, end));
}

/**
 * Moves slices into the rectangular grid by linear interpolation along rows and columns. Beyond a slice's edge lies the
 * lowest value of the volume.
 *
 * @param values slice by slice as stored.
 * @returns float32 on the grid of `shear.steps`.
 */
export function straightened(values: VoxelArray, { perSlice, stored, steps }: Shear): Float32Array {
  const [slices, rows, columns] = steps.shape;
  const [storedRows, storedColumns] = stored;
  let lowest = Number.POSITIVE_INFINITY;
  for (const value of values) if (value < lowest) lowest = value;
  const result = new Float32Array(slices * rows * columns).fill(lowest);
  for (let slice = 0; slice < slices; slice++) {
    const offset = perSlice.map((shift) => shift * slice - firstPixel(shift * (slices - 1)));
    const plane = values.subarray(
      slice * storedRows * storedColumns,
      (slice + 1) * storedRows * storedColumns,
    );
    for (let row = 0; row < rows; row++) {
      const y = interval(row - offset[0], storedRows);
      if (y === undefined) continue;
      for (let column = 0; column < columns; column++) {
        const x = interval(column - offset[1], storedColumns);
        if (x === undefined) continue;
        const at = y.low * storedColumns + x.low;
        const down = y.share === 0 ? 0 : storedColumns;
        const right = x.share === 0 ? 0 : 1;
        const upper = (1 - x.share) * plane[at] + x.share * plane[at + right];
        const lower = (1 - x.share) * plane[at + down] + x.share * plane[at + down + right];
        result[(slice * rows + row) * columns + column] = (1 - y.share) * upper + y.share * lower;
      }
    }
  }
  return result;
}

/** Rounding in positions must not cost the last row. */
const AT_EDGE = 1e-6;

/** The pixel below a place and how far it lies towards the next one; undefined outside. */
function interval(place: number, size: number): { low: number; share: number } | undefined {
  if (place < -AT_EDGE || place > size - 1 + AT_EDGE) return undefined;
  const low = Math.min(size - 1, Math.max(0, Math.floor(place)));
  return { low, share: low === size - 1 ? 0 : Math.max(0, place - low) };
}
