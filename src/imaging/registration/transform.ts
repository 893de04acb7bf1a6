/**
 * Spatial transforms: where the tissue at a point of the fixed image lies in the moving image. All in LPS mm.
 *
 * `moved(x) = moving(T(x))`, as elastix and ITK have it.
 */
import type { Grid, Triple, WorldPoint } from "../../domain/grid.ts";
import { eachPoint } from "../grid-points.ts";

/** Rows of a matrix. */
export type Rows = readonly [Triple, Triple, Triple];

/** `T(x) = matrix · (x − centre) + centre + translation`. */
export interface RigidTransform {
  readonly kind: "rigid";
  /** Rows of the rotation, over LPS coordinates. */
  readonly matrix: Rows;
  readonly centre: WorldPoint;
  readonly translationMm: Triple;
}

/**
 * Free-form deformation by a lattice of cubic B-splines (Rueckert 1999, IEEE Trans Med Imaging 18:712):
 * `T(x) = x + Σ β³(u − i) c_i`, u the position of x in the lattice. Points whose four control points per axis are not all in the lattice
 * do not move.
 */
export interface SplineTransform {
  readonly kind: "spline";
  /** The control points. */
  readonly lattice: Grid;
  /** Displacement in mm per control point, one array for each LPS coordinate. */
  readonly coefficients: readonly [Float64Array, Float64Array, Float64Array];
}

/** The way back through a spline: the point that it moves to the given one. */
export interface InverseSplineTransform {
  readonly kind: "inverse-spline";
  readonly spline: SplineTransform;
}

type TransformPart = RigidTransform | SplineTransform | InverseSplineTransform;

/** Applied from the first to the last; without any, nothing moves. */
export type SpatialTransform = readonly TransformPart[];

/**
 * The rotation about z, x and y in this order of factors, Rz · Rx · Ry, as itk::Euler3DTransform has it. Angles in radians.
 *
 * @returns its rows.
 */
export function rotationMatrix(x: number, y: number, z: number): Rows {
  const [ca, sa] = [Math.cos(x), Math.sin(x)];
  const [cb, sb] = [Math.cos(y), Math.sin(y)];
  const [cc, sc] = [Math.cos(z), Math.sin(z)];
  return [
    [cc * cb - sc * sa * sb, -sc * ca, cc * sb + sc * sa * cb],
    [sc * cb + cc * sa * sb, cc * ca, sc * sb - cc * sa * cb],
    [-ca * sb, sa, ca * cb],
  ];
}

/** One rigid motion in the place of two: first `first`, then `second`. */
export function composeRigid(first: RigidTransform, second: RigidTransform): RigidTransform {
  const [a, b] = [first.matrix, second.matrix];
  const row = (i: number): Triple =>
    [0, 1, 2].map((j) => dot(b[i], [a[0][j], a[1][j], a[2][j]])) as unknown as Triple;
  // The centre of the first is moved by it to centre + translation, and from there by the second.
  const reached: Point = [0, 1, 2].map((i) => first.centre[i] + first.translationMm[i]) as unknown as Point;
  rigidMover(second)(reached);
  const { centre } = first;
  return {
    kind: "rigid",
    matrix: [row(0), row(1), row(2)],
    centre,
    translationMm: [reached[0] - centre[0], reached[1] - centre[1], reached[2] - centre[2]],
  };
}

function dot(a: Triple, b: Triple): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** A point in place: x, y, z are overwritten. */
type Point = [number, number, number];

/** The transform as a function that moves a point (LPS mm) in its place. */
export function pointMover(transform: SpatialTransform): (point: Point) => void {
  const movers = transform.map(moverOf);
  return (point) => {
    for (const move of movers) move(point);
  };
}

function moverOf(part: TransformPart): (point: Point) => void {
  if (part.kind === "rigid") return rigidMover(part);
  return part.kind === "spline" ? splineMover(part) : inverseSplineMover(part.spline);
}

/** The way back: from points of the moving image to points of the fixed one. A spline must not fold. */
export function inverse(transform: SpatialTransform): SpatialTransform {
  return transform.toReversed().map((part): TransformPart => {
    if (part.kind === "spline") return { kind: "inverse-spline", spline: part };
    if (part.kind === "inverse-spline") return part.spline;
    const [a, b, c] = part.matrix;
    return {
      kind: "rigid",
      matrix: [
        [a[0], b[0], c[0]],
        [a[1], b[1], c[1]],
        [a[2], b[2], c[2]],
      ],
      centre: [0, 1, 2].map((i) => part.centre[i] + part.translationMm[i]) as unknown as Triple,
      translationMm: part.translationMm.map((mm) => -mm) as unknown as Triple,
    };
  });
}

/** Where to look for the point that a spline moves here, until it moves there to within this many mm. */
const INVERSE_TOLERANCE_MM = 1e-3;
const INVERSE_STEPS = 30;

/** Fixed-point iteration, x ← x + (y − T(x)), which converges where the deformation is less than its own wavelength (Chen 2008, Med Phys 35:81). */
function inverseSplineMover(spline: SplineTransform): (point: Point) => void {
  const move = splineMover(spline);
  const moved: Point = [0, 0, 0];
  return (point) => {
    const [x, y, z] = point;
    for (let step = 0; step < INVERSE_STEPS; step++) {
      for (let i = 0; i < 3; i++) moved[i] = point[i];
      move(moved);
      const [dx, dy, dz] = [x - moved[0], y - moved[1], z - moved[2]];
      point[0] += dx;
      point[1] += dy;
      point[2] += dz;
      if (Math.abs(dx) + Math.abs(dy) + Math.abs(dz) < INVERSE_TOLERANCE_MM) return;
    }
  };
}

function rigidMover({ matrix, centre, translationMm }: RigidTransform): (point: Point) => void {
  return (point) => {
    const [x, y, z] = [point[0] - centre[0], point[1] - centre[1], point[2] - centre[2]];
    for (let i = 0; i < 3; i++) {
      const row = matrix[i];
      point[i] = row[0] * x + row[1] * y + row[2] * z + centre[i] + translationMm[i];
    }
  };
}

function splineMover({ lattice, coefficients }: SplineTransform): (point: Point) => void {
  const { shape, spacingMm, direction, origin } = lattice;
  const [cx, cy, cz] = coefficients;
  const weights = new Float64Array(12);
  const first = [0, 0, 0];
  return (point) => {
    const [x, y, z] = [point[0] - origin[0], point[1] - origin[1], point[2] - origin[2]];
    for (let axis = 0; axis < 3; axis++) {
      const d = direction[axis];
      const at = (x * d[0] + y * d[1] + z * d[2]) / spacingMm[axis];
      const cell = Math.floor(at);
      if (cell < 1 || cell + 2 >= shape[axis]) return;
      first[axis] = cell - 1;
      splineWeights(at - cell, weights, 4 * axis);
    }
    let [dx, dy, dz] = [0, 0, 0];
    for (let a = 0; a < 4; a++) {
      for (let b = 0; b < 4; b++) {
        const w = weights[a] * weights[4 + b];
        const row = ((first[0] + a) * shape[1] + first[1] + b) * shape[2] + first[2];
        for (let c = 0; c < 4; c++) {
          const weight = w * weights[8 + c];
          dx += weight * cx[row + c];
          dy += weight * cy[row + c];
          dz += weight * cz[row + c];
        }
      }
    }
    point[0] += dx;
    point[1] += dy;
    point[2] += dz;
  };
}

/** Values of the centred cubic B-spline at t + 1, t, 1 − t, 2 − t. */
function splineWeights(t: number, weights: Float64Array, base: number): void {
  const u = 1 - t;
  weights[base] = (u * u * u) / 6;
  weights[base + 1] = 2 / 3 - t * t * (1 - t / 2);
  weights[base + 2] = 2 / 3 - u * u * (1 - u / 2);
  weights[base + 3] = (t * t * t) / 6;
}

/** Displacement in mm at every voxel centre of a grid: T(x) − x, one array for each LPS coordinate. */
export function displacements(
  transform: SpatialTransform,
  grid: Grid,
): readonly [Float32Array, Float32Array, Float32Array] {
  const count = grid.shape[0] * grid.shape[1] * grid.shape[2];
  const fields = [new Float32Array(count), new Float32Array(count), new Float32Array(count)] as const;
  const move = pointMover(transform);
  const point: Point = [0, 0, 0];
  eachPoint(grid, (voxel, x, y, z) => {
    point[0] = x;
    point[1] = y;
    point[2] = z;
    move(point);
    fields[0][voxel] = point[0] - x;
    fields[1][voxel] = point[1] - y;
    fields[2][voxel] = point[2] - z;
  });
  return fields;
}
