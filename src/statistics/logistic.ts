/** Logistic regression by maximum likelihood, for the few parameters of calibration and of missingness. */
import { UsageError } from "../domain/errors.ts";

export interface LogisticFit {
  /** Intercept first, then one per column. */
  readonly coefficients: readonly number[];
  /** Inverse of the information matrix, row by row, in the same order. */
  readonly covariance: readonly (readonly number[])[];
  /** `false` where the classes can be separated (nearly) and the coefficients have no finite value. */
  readonly converged: boolean;
}

const MOST_ITERATIONS = 50;
/** Change of the log likelihood, per case, below which it stands still. */
const STILL = 1e-12;
/** Log likelihood, per case, above which the fit is without error: the classes are separated. */
const SEPARATED = -1e-6;

/**
 * Fits P(positive) = 1 / (1 + exp(−(b₀ + offset + Σ bⱼ·xⱼ))) by Newton's method (iteratively reweighted least squares; McCullagh &
 * Nelder 1989, ch. 4).
 *
 * @param columns predictors, one finite value per case. @param offset added to the linear predictor, one per case; 0 where absent
 * @throws {UsageError} `length-mismatch` for no case or columns of another length
 */
export function fitLogistic(
  columns: readonly ArrayLike<number>[],
  positive: ArrayLike<boolean>,
  offset?: ArrayLike<number>,
): LogisticFit {
  const n = positive.length;
  if (
    n === 0 ||
    columns.some((column) => column.length !== n) ||
    (offset !== undefined && offset.length !== n)
  ) {
    throw new UsageError("length-mismatch", {
      found: `${n} outcomes and columns of ${columns.map(({ length }) => length).join(", ")} values`,
      expected: "one value per outcome, for at least one case",
    });
  }
  const size = columns.length + 1;
  const value = (i: number, j: number) => (j === 0 ? 1 : columns[j - 1][i]);
  let coefficients = new Array<number>(size).fill(0);
  let covariance: number[][] = [];
  let likelihood = Number.NEGATIVE_INFINITY;
  for (let iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
    const score = new Array<number>(size).fill(0);
    const information = Array.from({ length: size }, () => new Array<number>(size).fill(0));
    let next = 0;
    for (let i = 0; i < n; i++) {
      let linear = offset === undefined ? 0 : offset[i];
      for (let j = 0; j < size; j++) linear += coefficients[j] * value(i, j);
      const probability = 1 / (1 + Math.exp(-linear));
      next -= Math.log1p(Math.exp(positive[i] ? -linear : linear));
      const weight = probability * (1 - probability);
      for (let j = 0; j < size; j++) {
        score[j] += ((positive[i] ? 1 : 0) - probability) * value(i, j);
        for (let k = 0; k < size; k++) information[j][k] += weight * value(i, j) * value(i, k);
      }
    }
    const inverse = inverseOf(information);
    if (inverse === null || Number.isNaN(next)) return { coefficients, covariance, converged: false };
    covariance = inverse;
    if (next > SEPARATED * n) return { coefficients, covariance, converged: false };
    if (Math.abs(next - likelihood) <= STILL * n) return { coefficients, covariance, converged: true };
    likelihood = next;
    coefficients = coefficients.map(
      (b, j) => b + inverse[j].reduce((sum, entry, k) => sum + entry * score[k], 0),
    );
  }
  return { coefficients, covariance, converged: false };
}

/** The inverse by Gauss–Jordan elimination with pivots; `null` where the matrix is singular to rounding. */
function inverseOf(matrix: readonly (readonly number[])[]): number[][] | null {
  const size = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let i = column + 1; i < size; i++) {
      if (Math.abs(rows[i][column]) > Math.abs(rows[pivot][column])) pivot = i;
    }
    if (!(Math.abs(rows[pivot][column]) > 1e-12 * Math.abs(matrix[column][column]) + 1e-300)) return null;
    [rows[column], rows[pivot]] = [rows[pivot], rows[column]];
    const scale = rows[column][column];
    rows[column] = rows[column].map((entry) => entry / scale);
    for (let i = 0; i < size; i++) {
      if (i === column) continue;
      const factor = rows[i][column];
      rows[i] = rows[i].map((entry, j) => entry - factor * rows[column][j]);
    }
  }
  return rows.map((row) => row.slice(size));
}
