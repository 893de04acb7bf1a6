/**
 * Random forests (Breiman 2001, Machine Learning 45:5–32) of regression trees: each tree on a bootstrap of the
 * rows, columns drawn at every split, out-of-bag predictions of the rows that a tree did not see.
 */
import { DataError, UsageError } from "../domain/errors.ts";
import type { RandomKey } from "../domain/random.ts";
import {
  type DecisionTree,
  type GrownTree,
  predictTree,
  type TreeOptions,
  treeImportance,
} from "./decision-tree.ts";
import { type Growth, growTrees } from "./forest-growth.ts";
import { fitMedians, impute, type Medians } from "./imputation.ts";
import { type FeatureMatrix, requireColumns, requireMatrix } from "./matrix.ts";
import { type OutOfBag, outOfBag } from "./out-of-bag.ts";
import { sortColumns } from "./sorted-columns.ts";

/** How many of `p` columns are drawn at each split: a rule, a whole number that is cut to p, or a share of p. */
export type FeaturesPerSplit = "third" | "square-root" | "all" | number | { readonly share: number };

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

/** A fitted forest: a plain value. */
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
  /** Tells again which rows each tree saw. */
  readonly key: RandomKey;
}

/** Training rows of a forest. */
export interface TrainingRows {
  /** [rows × columns] row-major, NaN where missing (replaced by the column's median). */
  readonly x: FeatureMatrix;
  /** One finite number per row; for two classes 0 and 1, so that predictions are probabilities. */
  readonly target: ArrayLike<number>;
  /** How much each row counts in means and splits, at least 0 and not all 0; by default 1. */
  readonly weights?: ArrayLike<number>;
}

/** Fits a forest, at once or on worker threads; the result is the same. */
export type FitForest = (
  training: TrainingRows,
  options: Partial<ForestOptions>,
  key: RandomKey,
) => Forest | Promise<Forest>;

/**
 * Fits a forest. Tree t draws from `deriveKey(key, "tree", t)` alone, so the result does not depend on the
 * order in which trees are grown, nor on the thread. A constant target gives trees of one leaf; a constant column is
 * never asked about. A row counts once for the least leaf size, whatever its weight; a row of weight 0 not at all.
 *
 * @param options those not given are {@link DEFAULT_FOREST_OPTIONS}.
 * @throws {DataError} `forest-rows` for fewer than 3 rows; `forest-target` for a target that is not finite;
 *   `matrix-infinite`.
 * @throws {UsageError} `forest-option` for an option out of range; `forest-target` or `forest-weights` for targets or
 *   weights of another length, or weights below 0; `matrix-shape`.
 */
export function fitForest(training: TrainingRows, options: Partial<ForestOptions>, key: RandomKey): Forest {
  const planned = planForest(training, options, key);
  return planned.finish(growTrees(planned.growth, 0, planned.trees));
}

/** A forest before its trees are grown. */
export interface PlannedForest {
  readonly growth: Growth;
  readonly trees: number;
  /** Makes the forest of its trees, all of them in order. */
  finish(grown: readonly GrownTree[]): Forest;
}

/** What {@link fitForest} does before the first tree and after the last; throws as it does. */
export function planForest(
  { x, target, weights }: TrainingRows,
  options: Partial<ForestOptions>,
  key: RandomKey,
): PlannedForest {
  const rows = requireMatrix(x);
  const y = requireTarget(target, rows);
  const chosen = requireOptions({ ...DEFAULT_FOREST_OPTIONS, ...options });
  const medians = fitMedians(x);
  const columns = [...x.columns];
  const growth: Growth = {
    x: sortColumns(impute(x, medians)),
    target: y,
    weights: requireWeights(weights, rows),
    options: {
      featuresPerSplit: countFeatures(chosen.featuresPerSplit, columns.length),
      minLeafRows: chosen.minLeafRows,
      maxDepth: chosen.maxDepth,
      splitter: chosen.splitter,
    },
    bootstrap: chosen.bootstrap,
    key,
  };
  return {
    growth,
    trees: chosen.trees,
    finish: (grown) => {
      const trees = grown.map(({ tree }) => tree);
      return {
        columns,
        options: chosen,
        trainingRows: rows,
        medians,
        trees,
        importance: meanImportance(grown, columns.length),
        outOfBag: chosen.bootstrap ? outOfBag(growth, trees) : null,
        key,
      };
    },
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
  const { rows, values } = completeRows(forest, x);
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

/** Rows as a fitted forest reads them: checked, row-major, missing values replaced. Throws as {@link predictForest}. */
export function completeRows(forest: Forest, x: FeatureMatrix): { rows: number; values: Float64Array } {
  requireColumns(x, forest.columns);
  const rows = requireMatrix(x);
  return { rows, values: impute(x, forest.medians).values };
}

function meanImportance(grown: readonly GrownTree[], columns: number): number[] {
  const importance = new Float64Array(columns);
  for (const tree of grown) {
    treeImportance(tree, columns).forEach((share, column) => {
      importance[column] += share;
    });
  }
  const total = importance.reduce((sum, share) => sum + share, 0);
  return Array.from(importance, (share) => (total > 0 ? share / total : 0));
}

function countFeatures(choice: FeaturesPerSplit, columns: number): number {
  if (typeof choice === "number") return Math.min(choice, columns);
  if (typeof choice === "object") return Math.ceil(choice.share * columns);
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

function requireWeights(weights: ArrayLike<number> | undefined, rows: number): Float64Array {
  if (weights === undefined) return new Float64Array(rows).fill(1);
  const checked = Float64Array.from(weights);
  const wrong = checked.find((weight) => !(weight >= 0 && weight < Infinity));
  if (checked.length === rows && wrong === undefined && checked.some((weight) => weight > 0)) return checked;
  throw new UsageError("forest-weights", {
    found:
      wrong === undefined ? `${checked.length} weights for ${rows} rows, or none above 0` : `weight ${wrong}`,
    expected: "one finite weight of at least 0 per row, not all 0",
  });
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
  if (typeof featuresPerSplit === "object" && !(featuresPerSplit.share > 0 && featuresPerSplit.share <= 1)) {
    throw new UsageError("forest-option", {
      found: `a share of ${featuresPerSplit.share} of the columns`,
      expected: "a number above 0 and at most 1",
    });
  }
  return options;
}
