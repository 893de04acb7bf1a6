/**
 * Random forests (Breiman 2001, Machine Learning 45:5–32) of regression trees: each tree on a bootstrap of the
 * rows, columns drawn at every split, out-of-bag predictions of the rows that a tree did not see.
 */
import { DataError, UsageError } from "../domain/errors.ts";
import { deriveKey, type RandomKey, RandomStream } from "../domain/random.ts";
import { type DecisionTree, predictTree, TreeGrower, type TreeOptions } from "./decision-tree.ts";
import { fitMedians, impute, type Medians } from "./imputation.ts";
import { type FeatureMatrix, requireColumns, requireMatrix } from "./matrix.ts";
import { type SortedColumns, sortColumns } from "./sorted-columns.ts";

/** How many of `p` columns are drawn at each split; a number is a count and is cut to p. */
export type FeaturesPerSplit = "third" | "square-root" | "all" | number;

export interface ForestOptions extends Omit<TreeOptions, "featuresPerSplit"> {
  readonly trees: number;
  readonly featuresPerSplit: FeaturesPerSplit;
  /** Whether each tree has its own bootstrap of the rows; without it there is nothing out of bag. */
  readonly bootstrap: boolean;
}

/**
 * Defaults for a hundred patients and an RCB score of which a third is exactly 0 (docs/decisions/0061):
 * p/3 columns and leaves of 5, as Breiman proposed for regression.
 */
export const DEFAULT_FOREST_OPTIONS: ForestOptions = {
  trees: 500,
  featuresPerSplit: "third",
  minLeafRows: 5,
  maxDepth: null,
  bootstrap: true,
  splitter: "best",
};

/** Predictions of training rows by the trees that did not see them. */
export interface OutOfBag {
  /** One per training row; `null` where every tree saw the row. */
  readonly predictions: readonly (number | null)[];
  /** Over the rows that have a prediction; `null` where there are fewer than two or the target is constant. */
  readonly rSquared: number | null;
  /** `null` where no row has a prediction. */
  readonly meanSquaredError: number | null;
}

/** A fitted forest: a plain value, JSON-serialisable without loss. */
export interface Forest {
  readonly columns: readonly string[];
  readonly options: ForestOptions;
  readonly trainingRows: number;
  /** What stands for a missing value, learned from the training rows. */
  readonly medians: Medians;
  readonly trees: readonly DecisionTree[];
  /** Mean decrease of the sum of squares by column; sums to 1, or to 0 where no tree divided. */
  readonly importance: readonly number[];
  /** `null` without bootstrap. */
  readonly outOfBag: OutOfBag | null;
}

/**
 * Fits a forest. Tree t draws from `deriveKey(key, "tree", t)` alone, so the result does not depend on the
 * order in which trees are grown. For two classes give the target as 0 and 1: predictions are probabilities.
 * A constant target gives trees of one leaf; a constant column is never asked about.
 *
 * @param x training rows, [rows × columns] row-major, NaN where missing (replaced by the column's median).
 * @param target one finite number per row.
 * @param options those not given are {@link DEFAULT_FOREST_OPTIONS}.
 * @throws {DataError} `forest-rows` for fewer than 3 rows; `forest-target` for a target that is not finite;
 *   `matrix-infinite`.
 * @throws {UsageError} `forest-option` for an option out of range; `forest-target` for a target of another
 *   length; `matrix-shape`.
 */
export function fitForest(
  x: FeatureMatrix,
  target: ArrayLike<number>,
  options: Partial<ForestOptions>,
  key: RandomKey,
): Forest {
  const rows = requireMatrix(x);
  const y = requireTarget(target, rows);
  const chosen = requireOptions({ ...DEFAULT_FOREST_OPTIONS, ...options });
  const medians = fitMedians(x);
  const sorted = sortColumns(impute(x, medians));
  const featuresPerSplit = countFeatures(chosen.featuresPerSplit, x.columns.length);
  const grower = new TreeGrower(sorted, y, { ...chosen, featuresPerSplit });

  const trees: DecisionTree[] = [];
  const importance = new Float64Array(x.columns.length);
  const unseen = new UnseenRows(sorted, y);
  const weights = new Float64Array(rows).fill(1);
  for (let t = 0; t < chosen.trees; t++) {
    const random = new RandomStream(deriveKey(key, "tree", t));
    if (chosen.bootstrap) {
      weights.fill(0);
      for (let i = 0; i < rows; i++) weights[random.integer(rows)]++;
    }
    const grown = grower.grow(weights, random);
    trees.push(grown.tree);
    grown.importance.forEach((decrease, column) => {
      importance[column] += decrease;
    });
    if (chosen.bootstrap) unseen.add(grown.tree, weights);
  }
  const total = importance.reduce((sum, decrease) => sum + decrease, 0);
  return {
    columns: [...x.columns],
    options: chosen,
    trainingRows: rows,
    medians,
    trees,
    importance: Array.from(importance, (decrease) => (total > 0 ? decrease / total : 0)),
    outOfBag: chosen.bootstrap ? unseen.summary() : null,
  };
}

/**
 * Predicts by the mean over the trees.
 *
 * @param x rows with the columns of the training, in the same order; NaN where missing.
 * @returns one finite number per row.
 * @throws {UsageError} `matrix-columns` for other columns; `matrix-shape`.
 * @throws {DataError} `matrix-infinite`.
 */
export function predictForest(forest: Forest, x: FeatureMatrix): Float64Array {
  requireColumns(x, forest.columns);
  const rows = requireMatrix(x);
  const { values } = impute(x, forest.medians);
  const predictions = new Float64Array(rows);
  const trees = forest.trees;
  for (let row = 0; row < rows; row++) {
    const at = row * x.columns.length;
    // The mean of differences from one tree: exact where all trees agree.
    const first = predictTree(trees[0], values, at);
    let sum = 0;
    for (let t = 1; t < trees.length; t++) sum += predictTree(trees[t], values, at) - first;
    predictions[row] = first + sum / trees.length;
  }
  return predictions;
}

/** Collects the out-of-bag predictions while the trees are grown. */
class UnseenRows {
  readonly #x: SortedColumns;
  readonly #target: Float64Array;
  /** Sums of differences from the first target: exact where all targets are equal. */
  readonly #sums: Float64Array;
  readonly #counts: Int32Array;

  constructor(x: SortedColumns, target: Float64Array) {
    this.#x = x;
    this.#target = target;
    this.#sums = new Float64Array(x.rows);
    this.#counts = new Int32Array(x.rows);
  }

  add(tree: DecisionTree, weights: Float64Array): void {
    for (let row = 0; row < this.#x.rows; row++) {
      if (weights[row] > 0) continue;
      this.#sums[row] += predictTree(tree, this.#x.values, row, this.#x.rows) - this.#target[0];
      this.#counts[row]++;
    }
  }

  summary(): OutOfBag {
    const target = this.#target;
    const predictions = Array.from(this.#sums, (sum, row) =>
      this.#counts[row] === 0 ? null : target[0] + sum / this.#counts[row],
    );
    const known = [...predictions.keys()].filter((row) => predictions[row] !== null);
    if (known.length === 0) return { predictions, rSquared: null, meanSquaredError: null };
    const mean = known.reduce((sum, row) => sum + target[row], 0) / known.length;
    const residual = known.reduce((sum, row) => sum + (target[row] - predictions[row]!) ** 2, 0);
    const total = known.reduce((sum, row) => sum + (target[row] - mean) ** 2, 0);
    const isConstant = known.every((row) => target[row] === target[known[0]]);
    return {
      predictions,
      rSquared: isConstant ? null : 1 - residual / total,
      meanSquaredError: residual / known.length,
    };
  }
}

function countFeatures(choice: FeaturesPerSplit, columns: number): number {
  if (typeof choice === "number") return Math.min(choice, columns);
  const rules = {
    // Rounded up: the indicators of one category share the draws, and one draw of five is a random tree.
    third: Math.ceil(columns / 3),
    "square-root": Math.floor(Math.sqrt(columns)),
    all: columns,
  };
  return Math.max(1, rules[choice]);
}

function requireTarget(target: ArrayLike<number>, rows: number): Float64Array {
  if (target.length !== rows) {
    throw new UsageError("forest-target", {
      found: `${target.length} targets for ${rows} rows`,
      expected: "one target per row",
    });
  }
  if (rows < 3) {
    throw new DataError("forest-rows", {
      found: `${rows} training rows`,
      expected: "at least 3 rows with a known outcome",
      remedy: "Add patients, or take a model that needs no training.",
    });
  }
  const y = Float64Array.from(target);
  const wrong = y.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    throw new DataError("forest-target", {
      found: `Target ${y[wrong]} in row ${wrong}`,
      expected: "a finite number",
      remedy: "Leave rows without a known outcome out of the training.",
    });
  }
  return y;
}

function requireOptions(options: ForestOptions): ForestOptions {
  const { trees, featuresPerSplit, minLeafRows, maxDepth } = options;
  const counts = { trees, minLeafRows, ...(maxDepth === null ? {} : { maxDepth }) };
  const checked = typeof featuresPerSplit === "number" ? { ...counts, featuresPerSplit } : counts;
  for (const [name, value] of Object.entries(checked)) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new UsageError("forest-option", {
      found: `${name} ${value}`,
      expected: "a whole number of at least 1",
    });
  }
  return options;
}
