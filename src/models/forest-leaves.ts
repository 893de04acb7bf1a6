/**
 * What the leaves of a forest tell beside their means: quantiles of the outcome (Meinshausen 2006, JMLR 7:983–999) and
 * the proximity of patients (Breiman 2001).
 */
import { UsageError } from "../domain/errors.ts";
import { leafOf } from "./decision-tree.ts";
import type { FeatureMatrix } from "./matrix.ts";
import { completeRows, type Forest } from "./random-forest.ts";

/**
 * The leaf of each row in each tree.
 *
 * @param x rows with the columns of the training; NaN where missing.
 * @returns [trees × rows], numbers of nodes. Throws as `predictForest`.
 */
export function forestLeaves(forest: Forest, x: FeatureMatrix): Int32Array {
  const { rows, values } = completeRows(forest, x);
  const leaves = new Int32Array(forest.trees.length * rows);
  forest.trees.forEach((tree, t) => {
    for (let row = 0; row < rows; row++)
      leaves[t * rows + row] = leafOf(tree, values, row * x.columns.length);
  });
  return leaves;
}

/** Where the training rows of a forest lie; quantiles need it beside the forest. */
export interface TrainingLeaves {
  /** [trees × rows]. */
  readonly leaves: Int32Array;
  /** One per training row. */
  readonly target: Float64Array;
}

/**
 * Remembers the leaves of training rows: all rows, whether a tree saw them or not, as Meinshausen does.
 *
 * @param x, target the rows that the forest was fitted on.
 */
export function trainingLeaves(forest: Forest, x: FeatureMatrix, target: ArrayLike<number>): TrainingLeaves {
  return { leaves: forestLeaves(forest, x), target: Float64Array.from(target) };
}

/**
 * Conditional quantiles of the outcome: a training row weighs, in each tree, 1 over the training rows in the leaf of
 * the new row, where it is one of them; the quantile is the least training outcome at which the mean weight reaches q.
 *
 * @param quantiles between 0 and 1.
 * @returns [rows × quantiles]. Throws as `predictForest`.
 * @throws {UsageError} `forest-quantile` for a quantile outside 0 to 1.
 */
export function predictQuantiles(
  forest: Forest,
  training: TrainingLeaves,
  x: FeatureMatrix,
  quantiles: readonly number[],
): Float64Array {
  const wrong = quantiles.find((q) => !(q >= 0 && q <= 1));
  if (wrong !== undefined) {
    throw new UsageError("forest-quantile", { found: `quantile ${wrong}`, expected: "a number from 0 to 1" });
  }
  const leaves = forestLeaves(forest, x);
  const { target } = training;
  const trained = target.length;
  const rows = leaves.length / forest.trees.length;
  const order = [...target.keys()].sort((a, b) => target[a] - target[b]);
  const members = forest.trees.map((_, t) =>
    rowsByLeaf(training.leaves.subarray(t * trained, (t + 1) * trained)),
  );
  const result = new Float64Array(rows * quantiles.length);
  const weights = new Float64Array(trained);
  for (let row = 0; row < rows; row++) {
    weights.fill(0);
    members.forEach((byLeaf, t) => {
      const together = byLeaf.get(leaves[t * rows + row])!;
      for (const other of together) weights[other] += 1 / together.length;
    });
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    quantiles.forEach((q, k) => {
      let sum = 0;
      // Sums of thirds and sevenths miss a whole by some bits; a quantile reached within those is reached.
      const reached = order.find((other) => {
        sum += weights[other];
        return weights[other] > 0 && sum >= (q - 1e-9) * total;
      })!;
      result[row * quantiles.length + k] = target[reached];
    });
  }
  return result;
}

/** The training rows of each leaf. A leaf of only in-bag rows has them all, so none is empty. */
function rowsByLeaf(leaves: Int32Array): ReadonlyMap<number, readonly number[]> {
  const rows = new Map<number, number[]>();
  leaves.forEach((leaf, row) => {
    const together = rows.get(leaf);
    if (together === undefined) rows.set(leaf, [row]);
    else together.push(row);
  });
  return rows;
}

/**
 * Share of the trees in which two rows lie in the same leaf.
 *
 * @returns [rows × rows], symmetric, 1 on the diagonal. Throws as `predictForest`.
 */
export function proximity(forest: Forest, x: FeatureMatrix): Float64Array {
  const leaves = forestLeaves(forest, x);
  const trees = forest.trees.length;
  const rows = leaves.length / trees;
  const result = new Float64Array(rows * rows);
  for (let t = 0; t < trees; t++) {
    for (const together of rowsByLeaf(leaves.subarray(t * rows, (t + 1) * rows)).values()) {
      for (const a of together) for (const b of together) result[a * rows + b] += 1 / trees;
    }
  }
  for (let row = 0; row < rows; row++) result[row * rows + row] = 1;
  return result;
}
