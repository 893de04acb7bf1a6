/** From the index-to-world matrices of file headers to the domain's grid. */
import { DataError } from "../domain/errors.ts";
import { createGrid, type Grid, type Triple } from "../domain/grid.ts";

/** Steps between voxels as a header gives them: one vector in LPS mm per axis (slice, row, column). */
export interface Steps {
  readonly shape: Triple;
  readonly steps: readonly [Triple, Triple, Triple];
  /** LPS, mm. */
  readonly origin: Triple;
}

/** Largest cosine between two axes that is taken for rounding in the header rather than for shear. */
const LARGEST_COSINE = 1e-3;

/**
 * The grid of three step vectors. Axes that rounding has left not quite orthogonal are replaced by the nearest
 * orthonormal ones (polar decomposition), since the domain inverts a direction by transposing it.
 *
 * @throws {DataError} with the given code where the steps are zero, not finite or sheared by more than a cosine of 1e-3.
 */
export function gridOfSteps({ shape, steps, origin }: Steps, code: string, file: string): Grid {
  const lengths = steps.map((step) => Math.hypot(...step)) as unknown as Triple;
  if (!lengths.every((length) => Number.isFinite(length) && length > 0) || !origin.every(Number.isFinite)) {
    throw new DataError(code, {
      file,
      found: `voxel steps of ${lengths.join(", ")} mm from (${origin.join(", ")})`,
      expected: "positive finite steps and a finite origin",
      remedy: "Convert the image again from its source.",
    });
  }
  const axes = steps.map((step, axis) => scaled(step, 1 / lengths[axis])) as unknown as Grid["direction"];
  const cosine = Math.max(
    Math.abs(dot(axes[0], axes[1])),
    Math.abs(dot(axes[1], axes[2])),
    Math.abs(dot(axes[2], axes[0])),
  );
  if (!(cosine < LARGEST_COSINE)) {
    throw new DataError(code, {
      file,
      found: `sheared axes (largest cosine ${cosine.toFixed(4)})`,
      expected: "orthogonal axes",
      remedy: "Resample the image onto a rectangular grid, for instance if the gantry was tilted.",
    });
  }
  return createGrid({ shape, spacingMm: lengths, direction: nearestOrthonormal(axes), origin }, file);
}

/** Newton's iteration for the orthogonal polar factor (Higham 1986): X ← (X + X⁻ᵀ)/2; quadratic near orthogonality. */
function nearestOrthonormal(axes: Grid["direction"]): Grid["direction"] {
  let current = axes;
  for (let iteration = 0; iteration < 4; iteration++) {
    const [a, b, c] = current;
    const volume = dot(a, cross(b, c));
    // Rows of the inverse transpose are the cross products over the determinant.
    const dual = [cross(b, c), cross(c, a), cross(a, b)];
    current = current.map((axis, i) =>
      axis.map((value, j) => (value + dual[i][j] / volume) / 2),
    ) as unknown as Grid["direction"];
  }
  return current;
}

export function dot(a: Triple, b: Triple): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function cross(a: Triple, b: Triple): Triple {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

export function scaled(a: Triple, factor: number): Triple {
  return [a[0] * factor, a[1] * factor, a[2] * factor];
}
