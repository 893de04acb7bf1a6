/** Out-of-bag predictions (Breiman 1996): each training row by the trees whose bootstrap left it out. */
import { type DecisionTree, predictTree } from "./decision-tree.ts";
import { bootstrapOf, type Growth } from "./forest-growth.ts";

/** Predictions of training rows by the trees that did not see them. */
export interface OutOfBag {
  /** One per training row; `null` where every tree saw the row. */
  readonly predictions: readonly (number | null)[];
  /** Over the rows that have a prediction, by weight; `null` where there are fewer than two or the target is constant. */
  readonly rSquared: number | null;
  /** By weight; `null` where no row has a prediction. */
  readonly meanSquaredError: number | null;
}

/** The out-of-bag predictions of trees 0, 1, … grown from `growth`. */
export function outOfBag(growth: Growth, trees: readonly DecisionTree[]): OutOfBag {
  const { x, target } = growth;
  // Sums of differences from the first target: exact where all targets are equal.
  const sums = new Float64Array(x.rows);
  const counts = new Int32Array(x.rows);
  trees.forEach((tree, t) => {
    const drawn = bootstrapOf(growth, t);
    for (let row = 0; row < x.rows; row++) {
      if (drawn[row] > 0) continue;
      sums[row] += predictTree(tree, x.values, row, x.rows) - target[0];
      counts[row]++;
    }
  });
  const predictions = Array.from(sums, (sum, row) =>
    counts[row] === 0 ? null : target[0] + sum / counts[row],
  );
  return { predictions, ...errors(growth, predictions) };
}

function errors(
  { target, weights }: Growth,
  predictions: readonly (number | null)[],
): Pick<OutOfBag, "rSquared" | "meanSquaredError"> {
  const known = [...predictions.keys()].filter((row) => predictions[row] !== null && weights[row] > 0);
  if (known.length === 0) return { rSquared: null, meanSquaredError: null };
  const sum = (term: (row: number) => number) =>
    known.reduce((total, row) => total + weights[row] * term(row), 0);
  const weight = sum(() => 1);
  const mean = sum((row) => target[row]) / weight;
  const residual = sum((row) => (target[row] - predictions[row]!) ** 2);
  const total = sum((row) => (target[row] - mean) ** 2);
  const isConstant = known.every((row) => target[row] === target[known[0]]);
  return { rSquared: isConstant ? null : 1 - residual / total, meanSquaredError: residual / weight };
}
