/** The growing of a forest's trees: each from its own key, so in any order, on any thread, with the same result. */
import { deriveKey, type RandomKey, RandomStream } from "../domain/random.ts";
import { type GrownTree, TreeGrower, type TreeOptions } from "./decision-tree.ts";
import type { SortedColumns } from "./sorted-columns.ts";

/** All that the trees of a forest are grown from; can be sent to a thread. */
export interface Growth {
  readonly x: SortedColumns;
  /** One finite number per row. */
  readonly target: Float64Array;
  /** Weight of each row, at least 0. */
  readonly weights: Float64Array;
  readonly options: TreeOptions;
  readonly bootstrap: boolean;
  readonly key: RandomKey;
}

/** Grows trees `from` (included) to `to` (not included). */
export function growTrees(growth: Growth, from: number, to: number): GrownTree[] {
  const { x, target, weights, options, key } = growth;
  const grower = new TreeGrower(x, target, options);
  const grown: GrownTree[] = [];
  for (let t = from; t < to; t++) {
    const random = new RandomStream(deriveKey(key, "tree", t));
    const counts = growth.bootstrap ? drawBootstrap(weights, random) : null;
    const inBag = counts === null ? weights : counts.map((count, row) => count * weights[row]);
    grown.push(grower.grow(inBag, random));
  }
  return grown;
}

/** How often each row is in the bootstrap of tree `tree`. */
export function bootstrapOf({ weights, key }: Pick<Growth, "weights" | "key">, tree: number): Float64Array {
  return drawBootstrap(weights, new RandomStream(deriveKey(key, "tree", tree)));
}

/** As many rows as there are, drawn with replacement; drawn again in the rare case that none of them has a weight. */
function drawBootstrap(weights: Float64Array, random: RandomStream): Float64Array {
  const rows = weights.length;
  const counts = new Float64Array(rows);
  for (let total = 0; total === 0; ) {
    counts.fill(0);
    for (let i = 0; i < rows; i++) {
      const row = random.integer(rows);
      counts[row]++;
      total += weights[row];
    }
  }
  return counts;
}
