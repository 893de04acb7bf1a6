/**
 * Importance of a column by what its permutation costs (Breiman 2001). Unlike the decrease of impurity it does not
 * favour columns of many distinct values, and noise has importance 0 in the mean.
 */
import { deriveKey, type RandomKey, RandomStream } from "../domain/random.ts";
import { predictTree } from "./decision-tree.ts";
import { bootstrapOf } from "./forest-growth.ts";
import type { FeatureMatrix } from "./matrix.ts";
import { completeRows, type Forest, predictForest, type TrainingRows } from "./random-forest.ts";

/** Increase of the mean squared error by column. */
export interface PermutationImportance {
  readonly mean: Float64Array;
  /** Standard deviation over the repeats, or over the trees. */
  readonly deviation: Float64Array;
}

/**
 * On rows that the forest has not seen: the whole forest's error after a column was shuffled, less before.
 *
 * @param repeats shuffles of each column, at least 2.
 */
export function permutationImportance(
  forest: Forest,
  x: FeatureMatrix,
  target: ArrayLike<number>,
  repeats: number,
  key: RandomKey,
): PermutationImportance {
  const { rows, values } = completeRows(forest, x);
  const width = x.columns.length;
  const errorOf = (matrix: FeatureMatrix) => {
    const predictions = predictForest(forest, matrix);
    return predictions.reduce((sum, value, row) => sum + (value - target[row]) ** 2, 0) / rows;
  };
  const before = errorOf(x);
  return summarise(width, (column) => {
    const shuffled = values.slice();
    return Array.from({ length: repeats }, (_, repeat) => {
      const order = new RandomStream(deriveKey(key, "column", column, repeat)).shuffled([
        ...Array(rows).keys(),
      ]);
      for (let row = 0; row < rows; row++)
        shuffled[row * width + column] = values[order[row] * width + column];
      return errorOf({ columns: x.columns, values: shuffled }) - before;
    });
  });
}

/**
 * On the training rows: each tree's error on the rows that it did not see, after a column was shuffled among them, less
 * before; the mean over the trees that left a row out.
 *
 * @param training the rows that the forest was fitted on.
 * @returns all 0 where there is no bootstrap.
 */
export function outOfBagImportance(
  forest: Forest,
  { x, target, weights }: TrainingRows,
  key: RandomKey,
): PermutationImportance {
  const { rows, values } = completeRows(forest, x);
  const width = x.columns.length;
  const bag = { weights: Float64Array.from(weights ?? new Float64Array(rows).fill(1)), key: forest.key };
  const unseen = forest.options.bootstrap
    ? forest.trees.map((_, t) => {
        const counts = bootstrapOf(bag, t);
        return [...counts.keys()].filter((row) => counts[row] === 0);
      })
    : [];
  const row = new Float64Array(width);
  return summarise(width, (column) =>
    unseen.flatMap((held, t) => {
      if (held.length === 0) return [];
      const tree = forest.trees[t];
      // A column that the tree does not ask about costs nothing.
      if (!tree.feature.includes(column)) return [0];
      const other = new RandomStream(deriveKey(key, "tree", t, column)).shuffled(held);
      const added = held.reduce((sum, of, i) => {
        row.set(values.subarray(of * width, (of + 1) * width));
        const before = (predictTree(tree, row, 0) - target[of]) ** 2;
        row[column] = values[other[i] * width + column];
        return sum + (predictTree(tree, row, 0) - target[of]) ** 2 - before;
      }, 0);
      return [added / held.length];
    }),
  );
}

function summarise(width: number, costsOf: (column: number) => readonly number[]): PermutationImportance {
  const mean = new Float64Array(width);
  const deviation = new Float64Array(width);
  for (let column = 0; column < width; column++) {
    const costs = costsOf(column);
    if (costs.length === 0) continue;
    mean[column] = costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
    const squares = costs.reduce((sum, cost) => sum + (cost - mean[column]) ** 2, 0);
    deviation[column] = Math.sqrt(squares / Math.max(1, costs.length - 1));
  }
  return { mean, deviation };
}
