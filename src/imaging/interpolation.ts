/** Evaluates an image at the voxels of another grid; axis by axis where the grids are parallel, point by point where not. */
import type { Triple } from "../domain/grid.ts";
import type { Volume, VoxelArray } from "../domain/volume.ts";
import type { GridMapping } from "./grid-mapping.ts";
import {
  type AxisInterpolation,
  clampPosition,
  extendedShape,
  type Interpolation,
  KERNELS,
  MARGIN,
  prepareLine,
} from "./interpolation-weights.ts";

/**
 * The image at the voxels of a grid parallel to its own (axes may be swapped or reversed): one pass per axis.
 *
 * @param axisPairs for each source axis the target axis that runs along it.
 */
export function resampleAlongAxes(
  source: Volume,
  targetShape: Triple,
  { offset, steps }: GridMapping,
  axisPairs: Triple,
  interpolations: AxisInterpolation,
): Float32Array {
  let data: VoxelArray = source.data;
  const shape: [number, number, number] = [...source.grid.shape];
  // The axis that shrinks most goes first: the other passes then have less to do.
  const order = [0, 1, 2].sort(
    (a, b) => targetShape[axisPairs[a]] / shape[a] - targetShape[axisPairs[b]] / shape[b],
  );
  for (const axis of order) {
    const size = targetShape[axisPairs[axis]];
    const step = steps[axisPairs[axis]][axis];
    const positions = Float64Array.from({ length: size }, (_, i) => offset[axis] + i * step);
    data = resampleAxis(data, shape, axis, positions, interpolations[axis]);
    shape[axis] = size;
  }
  return transpose(data as Float32Array, shape, axisPairs);
}

/** One pass: the array with `axis` evaluated at the given positions (in voxels). */
function resampleAxis(
  data: VoxelArray,
  shape: Triple,
  axis: number,
  positions: Float64Array,
  interpolation: Interpolation,
): Float32Array {
  const size = shape[axis];
  const { taps, weigh } = KERNELS[interpolation];
  const margin = MARGIN[interpolation];
  const weights = new Float64Array(positions.length * taps);
  const starts = Int32Array.from(positions, (at, i) => {
    const first = weigh(clampPosition(at, size), weights, i * taps) + margin;
    // Half a voxel beyond the last sample `nearest` rounds up to one that is not there.
    return Math.min(first, size + 2 * margin - taps);
  });
  const outer = shape.slice(0, axis).reduce((product, n) => product * n, 1);
  const inner = shape.slice(axis + 1).reduce((product, n) => product * n, 1);
  const result = new Float32Array(outer * positions.length * inner);
  const line = new Float64Array(size + 2 * margin);
  for (let o = 0; o < outer; o++) {
    for (let n = 0; n < inner; n++) {
      const from = o * size * inner + n;
      for (let i = 0; i < size; i++) line[margin + i] = data[from + i * inner];
      prepareLine(line, size, interpolation);
      const to = o * positions.length * inner + n;
      for (let i = 0; i < positions.length; i++) {
        let sum = 0;
        for (let tap = 0; tap < taps; tap++) sum += weights[i * taps + tap] * line[starts[i] + tap];
        result[to + i * inner] = sum;
      }
    }
  }
  return result;
}

/** Turns an array in the source's axis order into the target's. */
function transpose(data: Float32Array, shape: Triple, axisPairs: Triple): Float32Array {
  if (axisPairs[0] === 0 && axisPairs[1] === 1) return data;
  const strides = [shape[1] * shape[2], shape[2], 1];
  const sourceAxis = [0, 1, 2].map((target) => axisPairs.indexOf(target));
  const [slices, rows, columns] = sourceAxis.map((axis) => shape[axis]);
  const [a, b, c] = sourceAxis.map((axis) => strides[axis]);
  const result = new Float32Array(data.length);
  for (let i = 0, to = 0; i < slices; i++) {
    for (let j = 0; j < rows; j++) {
      for (let k = 0; k < columns; k++, to++) result[to] = data[i * a + j * b + k * c];
    }
  }
  return result;
}

/** The image at the voxels of any grid, point by point. */
export function resampleAtPoints(
  source: Volume,
  targetShape: Triple,
  { offset, steps }: GridMapping,
  interpolations: AxisInterpolation,
): Float32Array {
  const shape = source.grid.shape;
  const extended = extendedShape(shape, interpolations);
  const samples = prepareVolume(source.data, shape, interpolations);
  const [tapsI, tapsJ, tapsK] = interpolations.map((interpolation) => KERNELS[interpolation].taps);
  const [weighI, weighJ, weighK] = interpolations.map((interpolation) => KERNELS[interpolation].weigh);
  const margins = interpolations.map((interpolation) => MARGIN[interpolation]);
  const last = [extended[0] - tapsI, extended[1] - tapsJ, extended[2] - tapsK];
  const weights = new Float64Array(12);
  const [slices, rows, columns] = targetShape;
  const result = new Float32Array(slices * rows * columns);
  for (let i = 0, voxel = 0; i < slices; i++) {
    for (let j = 0; j < rows; j++) {
      for (let k = 0; k < columns; k++, voxel++) {
        const at = (axis: number) =>
          clampPosition(
            offset[axis] + i * steps[0][axis] + j * steps[1][axis] + k * steps[2][axis],
            shape[axis],
          );
        const firstI = Math.min(weighI(at(0), weights, 0) + margins[0], last[0]);
        const firstJ = Math.min(weighJ(at(1), weights, 4) + margins[1], last[1]);
        const firstK = Math.min(weighK(at(2), weights, 8) + margins[2], last[2]);
        let sum = 0;
        for (let a = 0; a < tapsI; a++) {
          for (let b = 0; b < tapsJ; b++) {
            const row = ((firstI + a) * extended[1] + firstJ + b) * extended[2] + firstK;
            let along = 0;
            for (let c = 0; c < tapsK; c++) along += weights[8 + c] * samples[row + c];
            sum += weights[a] * weights[4 + b] * along;
          }
        }
        result[voxel] = sum;
      }
    }
  }
  return result;
}

/** The image extended along every axis, as spline coefficients along cubic ones. */
function prepareVolume(data: VoxelArray, shape: Triple, interpolations: AxisInterpolation): Float32Array {
  const current: [number, number, number] = [...shape];
  let samples: VoxelArray = data;
  for (let axis = 0; axis < 3; axis++) {
    const margin = MARGIN[interpolations[axis]];
    const size = current[axis];
    const length = size + 2 * margin;
    const outer = current.slice(0, axis).reduce((product, n) => product * n, 1);
    const inner = current.slice(axis + 1).reduce((product, n) => product * n, 1);
    const result = new Float32Array(outer * length * inner);
    const line = new Float64Array(length);
    for (let o = 0; o < outer; o++) {
      for (let n = 0; n < inner; n++) {
        for (let i = 0; i < size; i++) line[margin + i] = samples[(o * size + i) * inner + n];
        prepareLine(line, size, interpolations[axis]);
        for (let i = 0; i < length; i++) result[(o * length + i) * inner + n] = line[i];
      }
    }
    samples = result;
    current[axis] = length;
  }
  return samples as Float32Array;
}
