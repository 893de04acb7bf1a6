/** Smooth Gaussian random fields: coarse lattices that are up-sampled axis by axis, and sums of plane waves. */
import type { Triple } from "../../domain/grid.ts";
import { type RandomKey, RandomStream } from "../../domain/random.ts";
import type { Axes } from "./tissues.ts";

/** Normal values on a lattice in space, blended by cubic B-splines. */
export interface Lattice {
  readonly shape: Triple;
  /** Distance between lattice points per axis, in mm. */
  readonly spacingMm: Triple;
  /** Position in mm of lattice point (0, 0, 0). */
  readonly originMm: Triple;
  readonly values: Float32Array;
}

/** Half edge in mm of the cube that every lattice covers, so that a field does not depend on the image's size. */
const HALF_EXTENT_MM = 80;

/** Mean over positions of Σ w² for cubic B-spline weights w: the B-spline of degree 7 at 0. */
const SPLINE_POWER = 151 / 315;

/**
 * A lattice of independent normal values with mean 0, scaled so that the blended field has unit variance.
 *
 * @param spacingMm lattice spacing per axis in mm: features of the field are about twice as wide.
 */
export function noiseLattice(key: RandomKey, spacingMm: Triple): Lattice {
  const stream = new RandomStream(key);
  const shape = spacingMm.map((mm) => Math.ceil((2 * HALF_EXTENT_MM) / mm) + 4) as unknown as Triple;
  const values = new Float32Array(shape[0] * shape[1] * shape[2]);
  const scale = SPLINE_POWER ** -1.5;
  for (let i = 0; i < values.length; i++) values[i] = scale * stream.normal();
  const originMm = shape.map((size, axis) => (-(size - 1) / 2) * spacingMm[axis]) as unknown as Triple;
  return { shape, spacingMm, originMm, values };
}

/**
 * The field of a lattice on a grid of positions.
 *
 * @returns shape [s, r, c], column fastest. Positions outside the lattice take the value at its edge.
 */
export function sampleLattice(lattice: Lattice, axes: Axes): Float32Array {
  let shape: Triple = lattice.shape;
  let values = lattice.values;
  for (const axis of [2, 1, 0] as const) {
    values = upsampleAxis(values, shape, axis, splineWeights(lattice, axis, axes[axis]));
    shape = shape.with(axis, axes[axis].length) as unknown as Triple;
  }
  return values;
}

interface SplineWeights {
  readonly first: Int32Array;
  readonly weights: Float32Array;
}

/** For each position the first of four lattice points and their cubic B-spline weights. */
function splineWeights(lattice: Lattice, axis: number, positions: Float64Array): SplineWeights {
  const size = lattice.shape[axis];
  const first = new Int32Array(positions.length);
  const weights = new Float32Array(4 * positions.length);
  positions.forEach((position, i) => {
    const u = (position - lattice.originMm[axis]) / lattice.spacingMm[axis];
    const inside = Math.min(Math.max(u, 1), size - 2 - 1e-6);
    const base = Math.floor(inside);
    const t = inside - base;
    first[i] = base - 1;
    weights[4 * i] = (1 - t) ** 3 / 6;
    weights[4 * i + 1] = (3 * t ** 3 - 6 * t * t + 4) / 6;
    weights[4 * i + 2] = (-3 * t ** 3 + 3 * t * t + 3 * t + 1) / 6;
    weights[4 * i + 3] = t ** 3 / 6;
  });
  return { first, weights };
}

function upsampleAxis(
  values: Float32Array,
  shape: Triple,
  axis: 0 | 1 | 2,
  { first, weights }: SplineWeights,
): Float32Array {
  const length = first.length;
  const inner = axis === 2 ? 1 : axis === 1 ? shape[2] : shape[1] * shape[2];
  const outer = (shape[0] * shape[1] * shape[2]) / (inner * shape[axis]);
  const result = new Float32Array(outer * length * inner);
  for (let o = 0; o < outer; o++) {
    const source = o * shape[axis] * inner;
    for (let i = 0; i < length; i++) {
      const a = weights[4 * i];
      const b = weights[4 * i + 1];
      const c = weights[4 * i + 2];
      const d = weights[4 * i + 3];
      let from = source + first[i] * inner;
      let to = (o * length + i) * inner;
      for (let k = 0; k < inner; k++, from++, to++) {
        result[to] =
          a * values[from] +
          b * values[from + inner] +
          c * values[from + 2 * inner] +
          d * values[from + 3 * inner];
      }
    }
  }
  return result;
}

/** A stationary field of unit variance that can be taken at any point: √(2/n)·Σ cos(kᵢ·x + φᵢ). */
export interface PlaneWaves {
  /** Wave vectors and phase, four numbers per wave. */
  readonly terms: Float64Array;
}

/**
 * @param frequency length of the wave vectors, in rad per unit of x.
 * @param count number of waves.
 */
export function planeWaves(key: RandomKey, frequency: number, count = 14): PlaneWaves {
  const stream = new RandomStream(key);
  const terms = new Float64Array(4 * count);
  for (let i = 0; i < count; i++) {
    const [x, y, z] = randomDirection(stream);
    const length = frequency * stream.uniform(0.7, 1.3);
    terms.set([x * length, y * length, z * length, stream.uniform(0, 2 * Math.PI)], 4 * i);
  }
  return { terms };
}

/** The field of plane waves at the point (x, y, z). */
export function wavesAt({ terms }: PlaneWaves, x: number, y: number, z: number): number {
  let sum = 0;
  for (let i = 0; i < terms.length; i += 4) {
    sum += Math.cos(terms[i] * x + terms[i + 1] * y + terms[i + 2] * z + terms[i + 3]);
  }
  return sum * Math.sqrt(8 / terms.length);
}

/** A unit vector, uniform on the sphere. */
export function randomDirection(stream: RandomStream): Triple {
  const z = stream.uniform(-1, 1);
  const angle = stream.uniform(0, 2 * Math.PI);
  const radius = Math.sqrt(1 - z * z);
  return [radius * Math.cos(angle), radius * Math.sin(angle), z];
}
