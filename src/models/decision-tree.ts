/**
 * Regression trees by exact search of squared-error splits (Breiman, Friedman, Olshen & Stone 1984), and the
 * random splits of extremely randomised trees (Geurts, Ernst & Wehenkel 2006).
 *
 * The same tree serves two classes coded 0 and 1: their Gini impurity 2·p·(1−p) is twice the variance of the
 * code, so the splits are the same and the mean of a leaf is the probability of class 1.
 */
import type { RandomStream } from "../domain/random.ts";
import type { SortedColumns } from "./sorted-columns.ts";

/** A fitted tree as parallel arrays over its nodes; node 0 is the root, and a node stands before those below it. */
export interface DecisionTree {
  /** Column that the node asks about; −1 in a leaf. */
  readonly feature: Int32Array;
  /** Rows whose value is at most this go left; 0 in a leaf. */
  readonly threshold: Float64Array;
  /** Node on either side; −1 in a leaf. */
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** Mean target of the training rows of the node. */
  readonly value: Float64Array;
}

export interface TreeOptions {
  /** Columns drawn, without replacement, at each split. */
  readonly featuresPerSplit: number;
  /** Least number of distinct training rows in a leaf; a row drawn twice counts once, as in scikit-learn. */
  readonly minLeafRows: number;
  /** Greatest number of questions from root to leaf; `null` is no limit. */
  readonly maxDepth: number | null;
  /**
   * `best`: the best threshold of each drawn column. `random`: one threshold, drawn evenly between the extremes of the
   * column in the node. `random-rank`: one, drawn evenly among the gaps between its distinct values, so that the tree is
   * the same for any increasing transformation of the column (docs/decisions/0067).
   */
  readonly splitter: "best" | "random" | "random-rank";
}

export interface GrownTree {
  readonly tree: DecisionTree;
  /** Decrease of the sum of squares by the question of each node; 0 in a leaf. */
  readonly decrease: Float64Array;
}

/** Below this many rows a node's rows are sorted by insertion. */
const INSERTION_LIMIT = 32;
/** A node with more than this share of all rows is sorted by filtering the sorted column. */
const FILTER_SHARE = 1 / 6;

interface Split {
  feature: number;
  /** Rank of the largest value on the left, in `feature`. */
  rank: number;
  threshold: number;
  /** Decrease of the sum of squares divided by the weight of the node; any valid split has at least 0. */
  score: number;
}

/** Grows trees on one set of rows; owns the working memory that they share. */
export class TreeGrower {
  readonly #x: SortedColumns;
  readonly #target: Float64Array;
  readonly #options: TreeOptions;
  readonly #samples: Int32Array;
  readonly #sorted: Int32Array;
  readonly #keys: Float64Array;
  readonly #inNode: Uint8Array;
  /** Weight, and weight times target less the node's mean, of the rows of the present node. */
  readonly #weight: Float64Array;
  readonly #moment: Float64Array;
  readonly #features: Int32Array;

  /** @param x columns to split, @param target one number per row, finite. */
  constructor(x: SortedColumns, target: Float64Array, options: TreeOptions) {
    this.#x = x;
    this.#target = target;
    this.#options = options;
    this.#samples = new Int32Array(x.rows);
    this.#sorted = new Int32Array(x.rows + 1);
    this.#keys = new Float64Array(x.rows);
    this.#inNode = new Uint8Array(x.rows);
    this.#weight = new Float64Array(x.rows);
    this.#moment = new Float64Array(x.rows);
    this.#features = new Int32Array(x.columns);
  }

  /**
   * Grows one tree on the rows of positive weight.
   *
   * @param weights how much each row counts, one number of at least 0 per row, not all 0.
   * @param random draws the columns of each split, and the thresholds of a random splitter.
   */
  grow(weights: Float64Array, random: RandomStream): GrownTree {
    const { rows, columns, rank } = this.#x;
    const samples = this.#samples;
    let inBag = 0;
    for (let row = 0; row < rows; row++) if (weights[row] > 0) samples[inBag++] = row;
    for (let column = 0; column < columns; column++) this.#features[column] = column;

    const feature: number[] = [];
    const threshold: number[] = [];
    const left: number[] = [];
    const right: number[] = [];
    const value: number[] = [];
    const decrease: number[] = [];
    const { minLeafRows, maxDepth } = this.#options;

    const growNode = (start: number, end: number, depth: number): number => {
      const node = feature.length;
      const { mean, weight, pure } = this.#enterNode(start, end, weights);
      feature.push(-1);
      threshold.push(0);
      left.push(-1);
      right.push(-1);
      value.push(mean);
      decrease.push(0);
      const mayDivide = !pure && end - start >= 2 * minLeafRows && (maxDepth === null || depth < maxDepth);
      const split = mayDivide ? this.#findSplit(start, end, weight, random) : undefined;
      this.#leaveNode(start, end);
      if (split === undefined) return node;

      const base = split.feature * rows;
      let middle = start;
      for (let i = start; i < end; i++) {
        const row = samples[i];
        if (rank[base + row] > split.rank) continue;
        samples[i] = samples[middle];
        samples[middle++] = row;
      }
      feature[node] = split.feature;
      threshold[node] = split.threshold;
      decrease[node] = split.score * weight;
      left[node] = growNode(start, middle, depth + 1);
      right[node] = growNode(middle, end, depth + 1);
      return node;
    };
    growNode(0, inBag, 0);

    const tree = {
      feature: Int32Array.from(feature),
      threshold: Float64Array.from(threshold),
      left: Int32Array.from(left),
      right: Int32Array.from(right),
      value: Float64Array.from(value),
    };
    return { tree, decrease: Float64Array.from(decrease) };
  }

  #enterNode(start: number, end: number, weights: Float64Array) {
    const samples = this.#samples;
    const target = this.#target;
    const first = target[samples[start]];
    let weight = 0;
    // Sums of differences from the first target: exact where all targets are equal.
    let sum = 0;
    let pure = true;
    for (let i = start; i < end; i++) {
      const row = samples[i];
      weight += weights[row];
      sum += weights[row] * (target[row] - first);
      if (target[row] !== first) pure = false;
    }
    const mean = first + sum / weight;
    for (let i = start; i < end; i++) {
      const row = samples[i];
      this.#inNode[row] = 1;
      this.#weight[row] = weights[row];
      this.#moment[row] = weights[row] * (target[row] - mean);
    }
    return { mean, weight, pure };
  }

  #leaveNode(start: number, end: number): void {
    for (let i = start; i < end; i++) this.#inNode[this.#samples[i]] = 0;
  }

  /**
   * Draws columns until `featuresPerSplit` have been looked at and one of them was not constant in the node
   * (as scikit-learn does), and returns the best split, or nothing where no allowed split exists.
   */
  #findSplit(start: number, end: number, weight: number, random: RandomStream): Split | undefined {
    const { columns } = this.#x;
    const { featuresPerSplit, splitter } = this.#options;
    const best: Split = { feature: -1, rank: -1, threshold: 0, score: -1 };
    let foundVarying = false;
    for (let drawn = 0; drawn < columns && (drawn < featuresPerSplit || !foundVarying); drawn++) {
      const pick = drawn + random.integer(columns - drawn);
      const feature = this.#features[pick];
      this.#features[pick] = this.#features[drawn];
      this.#features[drawn] = feature;
      const varies =
        splitter === "best"
          ? this.#tryBest(feature, start, end, weight, best)
          : this.#tryRandom(feature, start, end, weight, random, best);
      foundVarying ||= varies;
    }
    return best.feature < 0 ? undefined : best;
  }

  /** Tries all thresholds of a column and says whether the column varies in the node. */
  #tryBest(feature: number, start: number, end: number, weight: number, best: Split): boolean {
    const { rows, values, rank } = this.#x;
    const { minLeafRows } = this.#options;
    const base = feature * rows;
    const count = end - start;
    this.#sortNode(base, start, end);
    const sorted = this.#sorted;
    if (rank[base + sorted[0]] === rank[base + sorted[count - 1]]) return false;

    const weights = this.#weight;
    const moments = this.#moment;
    const last = count - minLeafRows;
    let bestScore = best.score;
    let bestAt = -1;
    let weightLeft = 0;
    let momentLeft = 0;
    let nextRank = rank[base + sorted[0]];
    for (let i = 0; i < last; i++) {
      const row = sorted[i];
      weightLeft += weights[row];
      momentLeft += moments[row];
      const here = nextRank;
      nextRank = rank[base + sorted[i + 1]];
      if (here === nextRank || i + 1 < minLeafRows) continue;
      // Moments are centred on the node, so those of the two sides are opposite and one is enough.
      const score = (momentLeft * momentLeft) / (weightLeft * (weight - weightLeft));
      if (score > bestScore) {
        bestScore = score;
        bestAt = i;
      }
    }
    if (bestAt >= 0) {
      const below = values[base + sorted[bestAt]];
      const above = values[base + sorted[bestAt + 1]];
      best.feature = feature;
      best.rank = rank[base + sorted[bestAt]];
      best.threshold = between(below, above);
      best.score = bestScore;
    }
    return true;
  }

  /** Puts the rows of the node into `#sorted` in ascending order of the column that begins at `base`. */
  #sortNode(base: number, start: number, end: number): void {
    const { rows, order, rank } = this.#x;
    const sorted = this.#sorted;
    const samples = this.#samples;
    const count = end - start;
    if (count > rows * FILTER_SHARE) {
      const inNode = this.#inNode;
      let kept = 0;
      for (let i = base; i < base + rows; i++) {
        const row = order[i];
        sorted[kept] = row;
        kept += inNode[row];
      }
    } else if (count <= INSERTION_LIMIT) {
      for (let i = 0; i < count; i++) {
        const row = samples[start + i];
        const key = rank[base + row];
        let j = i;
        for (; j > 0 && rank[base + sorted[j - 1]] > key; j--) sorted[j] = sorted[j - 1];
        sorted[j] = row;
      }
    } else {
      const keys = this.#keys.subarray(0, count);
      for (let i = 0; i < count; i++) keys[i] = rank[base + samples[start + i]] * rows + samples[start + i];
      keys.sort();
      for (let i = 0; i < count; i++) sorted[i] = keys[i] % rows;
    }
  }

  /** A threshold between two neighbouring distinct values, drawn among the gaps between the ranks of two rows. */
  #drawRankThreshold(base: number, lowest: number, highest: number, random: RandomStream): number {
    const { rows, values, order, rank } = this.#x;
    const low = rank[base + lowest];
    const drawn = low + random.integer(rank[base + highest] - low);
    // The first place in the sorted column whose rank is above the drawn one.
    let first = 0;
    let last = rows - 1;
    while (first < last) {
      const middle = (first + last) >> 1;
      if (rank[base + order[base + middle]] > drawn) last = middle;
      else first = middle + 1;
    }
    return between(values[base + order[base + first - 1]], values[base + order[base + first]]);
  }

  /** Tries one threshold drawn between the extremes of a column and says whether the column varies. */
  #tryRandom(
    feature: number,
    start: number,
    end: number,
    weight: number,
    random: RandomStream,
    best: Split,
  ): boolean {
    const { rows, values, rank } = this.#x;
    const { minLeafRows } = this.#options;
    const samples = this.#samples;
    const base = feature * rows;
    let lowest = samples[start];
    let highest = samples[start];
    for (let i = start; i < end; i++) {
      const row = samples[i];
      if (values[base + row] < values[base + lowest]) lowest = row;
      if (values[base + row] > values[base + highest]) highest = row;
    }
    const low = values[base + lowest];
    const high = values[base + highest];
    if (low === high) return false;
    const drawn =
      this.#options.splitter === "random"
        ? random.uniform(low, high)
        : this.#drawRankThreshold(base, lowest, highest, random);
    const threshold = drawn < high ? drawn : low;
    let rowsLeft = 0;
    let weightLeft = 0;
    let momentLeft = 0;
    let rankLeft = -1;
    for (let i = start; i < end; i++) {
      const row = samples[i];
      if (values[base + row] > threshold) continue;
      rowsLeft++;
      weightLeft += this.#weight[row];
      momentLeft += this.#moment[row];
      rankLeft = Math.max(rankLeft, rank[base + row]);
    }
    if (rowsLeft < minLeafRows || end - start - rowsLeft < minLeafRows) return true;
    const score = (momentLeft * momentLeft) / (weightLeft * (weight - weightLeft));
    if (score > best.score) {
      best.feature = feature;
      best.rank = rankLeft;
      best.threshold = threshold;
      best.score = score;
    }
    return true;
  }
}

/** The middle of two numbers, at least the lower and below the upper one. */
function between(below: number, above: number): number {
  const middle = below / 2 + above / 2;
  return middle < above ? Math.max(middle, below) : below;
}

/**
 * The leaf that a row falls into.
 *
 * @param values numbers without NaN, the row's at `offset + column · stride`.
 */
export function leafOf(tree: DecisionTree, values: Float64Array, offset: number, stride = 1): number {
  const { feature, threshold, left, right } = tree;
  let node = 0;
  while (feature[node] >= 0) {
    node = values[offset + feature[node] * stride] <= threshold[node] ? left[node] : right[node];
  }
  return node;
}

/** The value of the leaf that a row falls into; arguments as of {@link leafOf}. */
export function predictTree(tree: DecisionTree, values: Float64Array, offset: number, stride = 1): number {
  return tree.value[leafOf(tree, values, offset, stride)];
}

/** Share of each column in the decrease of the sum of squares; sums to 1, or to 0 in a tree of one leaf. */
export function treeImportance({ tree, decrease }: GrownTree, columns: number): Float64Array {
  const importance = new Float64Array(columns);
  let total = 0;
  for (let node = 0; node < decrease.length; node++) {
    if (tree.feature[node] < 0) continue;
    importance[tree.feature[node]] += decrease[node];
    total += decrease[node];
  }
  return total > 0 ? importance.map((value) => value / total) : importance;
}
