/** Smooth fields over an image, by lattices of cubic B-splines. */
import type { Triple } from "../../domain/grid.ts";

export interface SplineLattice {
  /** Spans per axis (slice, row, column); the lattice has three more control points along each. */
  readonly spans: Triple;
  readonly values: Float64Array;
}

/** Where samples along one axis lie in the lattice: the first of four control points, and their weights. */
interface AxisWeights {
  readonly first: Int32Array;
  readonly weights: Float64Array;
}

/** @param positions from 0 at the first sample of the image to 1 at its last. */
function axisWeights(positions: Float64Array, spans: number): AxisWeights {
  const first = new Int32Array(positions.length);
  const weights = new Float64Array(4 * positions.length);
  positions.forEach((position, i) => {
    const at = Math.min(Math.max(position, 0), 1) * spans;
    const span = Math.min(Math.floor(at), spans - 1);
    const t = at - span;
    const u = 1 - t;
    first[i] = span;
    weights.set(
      [(u * u * u) / 6, 2 / 3 - t * t * (1 - t / 2), 2 / 3 - u * u * (1 - u / 2), (t * t * t) / 6],
      4 * i,
    );
  });
  return { first, weights };
}

const evenly = (count: number) =>
  Float64Array.from({ length: count }, (_, i) => (count === 1 ? 0 : i / (count - 1)));

/**
 * The lattice that approximates scattered values, each weighing as it lies to the control points (Lee 1997, IEEE Trans Vis Comput Graph 3:228).
 *
 * @param voxels indices into an array of the given shape. @param values one for each.
 */
export function fitLattice(
  shape: Triple,
  voxels: Uint32Array,
  values: Float64Array,
  spans: Triple,
): SplineLattice {
  const axes = shape.map((size, axis) => axisWeights(evenly(size), spans[axis]));
  const [rows, columns] = [spans[1] + 3, spans[2] + 3];
  const sums = new Float64Array((spans[0] + 3) * rows * columns);
  const totals = new Float64Array(sums.length);
  const [A, B, C] = axes;
  for (let v = 0; v < voxels.length; v++) {
    const voxel = voxels[v];
    const k = voxel % shape[2];
    const j = Math.floor(voxel / shape[2]) % shape[1];
    const i = Math.floor(voxel / (shape[1] * shape[2]));
    const squares = squareSum(A, i) * squareSum(B, j) * squareSum(C, k);
    const value = values[v] / squares;
    for (let a = 0; a < 4; a++) {
      for (let b = 0; b < 4; b++) {
        const outer = A.weights[4 * i + a] * B.weights[4 * j + b];
        const row = ((A.first[i] + a) * rows + B.first[j] + b) * columns + C.first[k];
        for (let c = 0; c < 4; c++) {
          const weight = outer * C.weights[4 * k + c];
          const square = weight * weight;
          sums[row + c] += square * weight * value;
          totals[row + c] += square;
        }
      }
    }
  }
  for (let i = 0; i < sums.length; i++) sums[i] = totals[i] > 0 ? sums[i] / totals[i] : 0;
  return { spans, values: sums };
}

function squareSum({ weights }: AxisWeights, at: number): number {
  let sum = 0;
  for (let a = 0; a < 4; a++) sum += weights[4 * at + a] * weights[4 * at + a];
  return sum;
}

/**
 * The field of a lattice at the points of a box, one axis after the other.
 *
 * @param positions per axis, from 0 at the image's first sample to 1 at its last.
 */
export function latticeField(
  { spans, values }: SplineLattice,
  positions: readonly Float64Array[],
): Float64Array {
  let data = values;
  const shape = [spans[0] + 3, spans[1] + 3, spans[2] + 3];
  for (let axis = 0; axis < 3; axis++) {
    const { first, weights } = axisWeights(positions[axis], spans[axis]);
    const outer = shape.slice(0, axis).reduce((product, n) => product * n, 1);
    const inner = shape.slice(axis + 1).reduce((product, n) => product * n, 1);
    const count = positions[axis].length;
    const result = new Float64Array(outer * count * inner);
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < count; i++) {
        const to = (o * count + i) * inner;
        for (let a = 0; a < 4; a++) {
          const weight = weights[4 * i + a];
          const from = (o * shape[axis] + first[i] + a) * inner;
          for (let n = 0; n < inner; n++) result[to + n] += weight * data[from + n];
        }
      }
    }
    data = result;
    shape[axis] = count;
  }
  return data;
}

/** Positions of the samples of an image of this shape itself. */
export function ownPositions(shape: Triple): readonly Float64Array[] {
  return shape.map(evenly);
}
