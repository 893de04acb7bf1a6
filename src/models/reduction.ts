/**
 * Fewer columns before a forest, learned from the training rows without looking at the outcome. Optional: a
 * forest does without (docs/decisions/0062).
 */
import { UsageError } from "../domain/errors.ts";
import { symmetricEigen } from "./eigen.ts";
import { fitMedians, impute, type Medians } from "./imputation.ts";
import { type FeatureMatrix, requireColumns } from "./matrix.ts";

export type ReductionOptions =
  | { readonly kind: "none" }
  /** Drops columns whose variance, in the square of their unit, is not above `minimum`. */
  | { readonly kind: "variance"; readonly minimum: number }
  /** Drops constant columns, and each column whose |r| with an earlier kept one exceeds `maximum` (0 to 1). */
  | { readonly kind: "correlation"; readonly maximum: number }
  /** Scores on the first principal components of the standardised columns; fewer where the rank is less. */
  | { readonly kind: "principal-components"; readonly components: number }
  /** One after the other. */
  | { readonly kind: "steps"; readonly steps: readonly ReductionOptions[] };

/** A fitted reduction; JSON-serialisable. */
export type Reduction =
  | { readonly kind: "none" }
  /** Some of the columns, as they are. */
  | { readonly kind: "selection"; readonly columns: readonly string[]; readonly kept: readonly number[] }
  | { readonly kind: "steps"; readonly steps: readonly Reduction[] }
  | {
      readonly kind: "principal-components";
      readonly columns: readonly string[];
      readonly medians: Medians;
      readonly means: readonly number[];
      /** One weight per component and column, for the column less its mean. */
      readonly weights: readonly (readonly number[])[];
      /** Share of the total variance per component. */
      readonly explained: readonly number[];
    };

/** Columns standardised to mean 0 and sum of squares 1; a constant column is all 0. Column-major. */
interface Standardised {
  readonly means: Float64Array;
  /** Root of the sum of squares about the mean; 0 for a constant column. */
  readonly norms: Float64Array;
  readonly values: Float64Array;
}

/**
 * Learns a reduction. Missing values count as the median of their column.
 *
 * @param x training rows, [rows × columns].
 * @throws {UsageError} `reduction-option` for a limit outside 0 to 1 or a number of components below 1.
 */
export function fitReduction(x: FeatureMatrix, options: ReductionOptions): Reduction {
  requireOptions(options);
  if (options.kind === "none") return options;
  if (options.kind === "steps") return fitSteps(x, options.steps);
  const medians = fitMedians(x);
  const standardised = standardise(impute(x, medians));
  const columns = [...x.columns];
  if (options.kind === "principal-components") {
    return { kind: "principal-components", columns, medians, ...principalComponents(standardised, options) };
  }
  const kept =
    options.kind === "variance"
      ? keepVarying(standardised, columns.length, options.minimum)
      : keepUncorrelated(standardised, columns.length, options.maximum);
  return { kind: "selection", columns, kept };
}

function fitSteps(x: FeatureMatrix, options: readonly ReductionOptions[]): Reduction {
  const steps: Reduction[] = [];
  let reduced = x;
  for (const step of options) {
    const fitted = fitReduction(reduced, step);
    steps.push(fitted);
    reduced = applyReduction(fitted, reduced);
  }
  return { kind: "steps", steps };
}

/**
 * Applies a reduction. Kept columns stay as they are, missing values included; components are named `pc00`, ….
 *
 * @throws {UsageError} `matrix-columns` for other columns than in training.
 */
export function applyReduction(reduction: Reduction, x: FeatureMatrix): FeatureMatrix {
  if (reduction.kind === "none") return x;
  if (reduction.kind === "steps") return reduction.steps.reduce((now, step) => applyReduction(step, now), x);
  requireColumns(x, reduction.columns);
  const width = x.columns.length;
  const rows = x.values.length / width;
  if (reduction.kind === "selection") {
    const { kept } = reduction;
    const values = new Float64Array(rows * kept.length);
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < kept.length; k++) values[row * kept.length + k] = x.values[row * width + kept[k]];
    }
    return { columns: kept.map((column) => x.columns[column]), values };
  }
  const { medians, means, weights } = reduction;
  const complete = impute(x, medians).values;
  const values = new Float64Array(rows * weights.length);
  for (let row = 0; row < rows; row++) {
    weights.forEach((weight, k) => {
      let score = 0;
      for (let c = 0; c < width; c++) score += weight[c] * (complete[row * width + c] - means[c]);
      values[row * weights.length + k] = score;
    });
  }
  return { columns: weights.map((_, k) => `pc${String(k).padStart(2, "0")}`), values };
}

function requireOptions(options: ReductionOptions): void {
  if (options.kind === "variance" && !(options.minimum >= 0)) {
    throw new UsageError("reduction-option", {
      found: `variance limit ${options.minimum}`,
      expected: "a number of at least 0",
    });
  }
  if (options.kind === "correlation" && !(options.maximum >= 0 && options.maximum <= 1)) {
    throw new UsageError("reduction-option", {
      found: `correlation limit ${options.maximum}`,
      expected: "a number from 0 to 1",
    });
  }
  if (
    options.kind === "principal-components" &&
    !(Number.isInteger(options.components) && options.components >= 1)
  ) {
    throw new UsageError("reduction-option", {
      found: `${options.components} principal components`,
      expected: "a whole number of at least 1",
    });
  }
}

function standardise({ columns, values }: FeatureMatrix): Standardised {
  const width = columns.length;
  const rows = values.length / width;
  const means = new Float64Array(width);
  const norms = new Float64Array(width);
  const result = new Float64Array(values.length);
  for (let c = 0; c < width; c++) {
    const column = result.subarray(c * rows, (c + 1) * rows);
    let isConstant = true;
    for (let row = 0; row < rows; row++) {
      column[row] = values[row * width + c];
      means[c] += column[row] / rows;
      if (column[row] !== column[0]) isConstant = false;
    }
    for (let row = 0; row < rows; row++) column[row] -= means[c];
    norms[c] = isConstant ? 0 : Math.sqrt(dot(column, column));
    for (let row = 0; row < rows; row++) column[row] = norms[c] === 0 ? 0 : column[row] / norms[c];
  }
  return { means, norms, values: result };
}

/** All are kept where none varies enough: a model needs a column. */
function keepVarying({ norms, values }: Standardised, width: number, minimum: number): number[] {
  const freedom = Math.max(1, values.length / width - 1);
  const kept = [...norms.keys()].filter((c) => norms[c] ** 2 / freedom > minimum);
  return kept.length > 0 ? kept : [...norms.keys()];
}

/** The first column that varies is always kept, so the result is empty only where none varies: then all are kept. */
function keepUncorrelated({ norms, values }: Standardised, width: number, maximum: number): number[] {
  const rows = values.length / width;
  const column = (c: number) => values.subarray(c * rows, (c + 1) * rows);
  const kept: number[] = [];
  for (let c = 0; c < width; c++) {
    if (norms[c] === 0) continue;
    const candidate = column(c);
    if (kept.every((other) => Math.abs(dot(candidate, column(other))) <= maximum)) kept.push(c);
  }
  return kept.length > 0 ? kept : [...norms.keys()];
}

/** By the eigenvectors of the rows' inner products: there are fewer rows than columns where this is of use. */
function principalComponents({ means, norms, values }: Standardised, options: { components: number }) {
  const width = means.length;
  const rows = values.length / width;
  const products = new Float64Array(rows * rows);
  for (let c = 0; c < width; c++) {
    const base = c * rows;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < rows; j++) products[i * rows + j] += values[base + i] * values[base + j];
    }
  }
  const eigen = symmetricEigen(products, rows);
  const total = eigen.values.reduce((sum, value) => sum + Math.max(0, value), 0);
  const rank = eigen.values.filter((value) => value > 1e-10 * total).length;
  const count = Math.min(options.components, rank);
  // One component of weight 0 stands for columns none of which varies.
  const weights = Array.from({ length: Math.max(1, count) }, (_, k) => {
    const vector = eigen.vectors.subarray(k * rows, (k + 1) * rows);
    const loading = Float64Array.from(
      norms,
      (_norm, c) => dot(values.subarray(c * rows, (c + 1) * rows), vector) / Math.sqrt(eigen.values[k] || 1),
    );
    const largest = loading.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    // Columns in units of their standard deviation; the sign is such that the largest loading is positive.
    const scale = Math.sqrt(rows - 1) * (largest < 0 ? -1 : 1);
    return Array.from(loading, (value, c) => (norms[c] === 0 ? 0 : (scale * value) / norms[c]));
  });
  const explained = weights.map((_, k) => (total === 0 ? 0 : Math.max(0, eigen.values[k]) / total));
  return { means: [...means], weights, explained };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
