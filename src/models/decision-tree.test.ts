import { describe, expect, it } from "vitest";
import recorded from "../../tests/golden/models/trees.json" with { type: "json" };
import { deriveKey, RandomStream, randomKey } from "../domain/random.ts";
import {
  type DecisionTree,
  predictTree,
  TreeGrower,
  type TreeOptions,
  treeImportance,
} from "./decision-tree.ts";
import { sortColumns } from "./sorted-columns.ts";

interface GoldenTree {
  readonly feature: number[];
  readonly threshold: number[];
  readonly value: number[];
  readonly name: string;
  readonly options: Pick<TreeOptions, "minLeafRows" | "maxDepth">;
  readonly x: number[][];
  readonly y: number[];
  readonly weights: number[];
  readonly importance: number[];
  readonly xTest: number[][];
  readonly predictions: number[];
}
const golden = recorded as { cases: GoldenTree[] };

const ALL: TreeOptions = { featuresPerSplit: 1e9, minLeafRows: 1, maxDepth: null, splitter: "best" };
const random = (seed = 1) => new RandomStream(randomKey(seed));
const sorted = (x: readonly number[][]) =>
  sortColumns({ columns: x[0].map((_, c) => `x${c}`), values: Float64Array.from(x.flat()) });
const grow = (
  x: readonly number[][],
  y: readonly number[],
  options: Partial<TreeOptions> = {},
  weights = y.map(() => 1),
) => {
  const grown = new TreeGrower(sorted(x), Float64Array.from(y), { ...ALL, ...options }).grow(
    Float64Array.from(weights),
    random(),
  );
  return { tree: grown.tree, importance: treeImportance(grown, x[0].length) };
};
const predict = (tree: DecisionTree, row: readonly number[]) => predictTree(tree, Float64Array.from(row), 0);

describe("a tree that looks at all columns", () => {
  it.each(golden.cases)("equals scikit-learn's node by node: $name", (reference) => {
    const { tree, importance } = grow(reference.x, reference.y, reference.options, reference.weights);
    expect([...tree.feature]).toEqual(reference.feature);
    expect([...tree.threshold]).toEqual(reference.threshold);
    tree.value.forEach((value, node) => {
      expect(value).toBeCloseTo(reference.value[node], 12);
    });
    reference.importance.forEach((value, c) => {
      expect(importance[c]).toBeCloseTo(value, 10);
    });
    reference.xTest.forEach((row, r) => {
      expect(predict(tree, row)).toBeCloseTo(reference.predictions[r], 12);
    });
  });

  it("leaves as small a sum of squares at every split as trying all splits does, on tied and weighted rows", () => {
    for (let trial = 0; trial < 60; trial++) {
      const draw = new RandomStream(deriveKey(randomKey(5), trial));
      // The large ones reach the sorting of nodes that are a small share of the rows.
      const rows = trial % 20 === 0 ? 500 : 8 + draw.integer(150);
      const distinct = 2 + draw.integer(12);
      const x = Array.from({ length: rows }, () => [0, 1, 2].map(() => draw.integer(distinct) / 4));
      const y = x.map((row) => (draw.bernoulli(0.3) ? 0 : row[0] + draw.normal()));
      const weights = y.map(() => draw.integer(3));
      weights[0] = 1;
      const options = { minLeafRows: 1 + draw.integer(4) };
      const { tree } = grow(x, y, options, weights);
      checkNode(
        tree,
        0,
        [...y.keys()].filter((row) => weights[row] > 0),
        { x, y, weights, ...options },
      );
    }
  });
});

/** The slow twin: at every node tries every column and every value as a split. */
function checkNode(
  tree: DecisionTree,
  node: number,
  rows: number[],
  data: { x: number[][]; y: number[]; weights: number[]; minLeafRows: number },
): void {
  const { x, y, weights, minLeafRows } = data;
  const meanOf = (part: number[]) =>
    part.reduce((sum, row) => sum + weights[row] * y[row], 0) /
    part.reduce((sum, row) => sum + weights[row], 0);
  const squares = (part: number[]) => {
    const mean = meanOf(part);
    return part.reduce((sum, row) => sum + weights[row] * (y[row] - mean) ** 2, 0);
  };
  const divide = (column: number, threshold: number) => [
    rows.filter((row) => x[row][column] <= threshold),
    rows.filter((row) => x[row][column] > threshold),
  ];
  let best = Infinity;
  for (let column = 0; column < x[0].length; column++) {
    for (const row of rows) {
      const [low, high] = divide(column, x[row][column]);
      if (Math.min(low.length, high.length) >= minLeafRows)
        best = Math.min(best, squares(low) + squares(high));
    }
  }
  expect(tree.value[node]).toBeCloseTo(meanOf(rows), 10);
  if (tree.feature[node] < 0) {
    expect(best === Infinity || squares(rows) < 1e-12).toBe(true);
    return;
  }
  const [low, high] = divide(tree.feature[node], tree.threshold[node]);
  expect(Math.min(low.length, high.length)).toBeGreaterThanOrEqual(minLeafRows);
  expect(squares(low) + squares(high)).toBeCloseTo(best, 9);
  checkNode(tree, tree.left[node], low, data);
  checkNode(tree, tree.right[node], high, data);
}

describe("the columns of a split", () => {
  it("are drawn anew at each split, not once per tree", () => {
    const draw = random(2);
    const x = Array.from({ length: 80 }, () => Array.from({ length: 10 }, () => draw.normal()));
    const { tree } = grow(
      x,
      x.map((row) => row[0]),
      { featuresPerSplit: 1 },
    );
    expect(new Set(tree.feature.filter((feature) => feature >= 0)).size).toBe(10);
  });

  it("are drawn with equal chances", () => {
    const draw = random(3);
    const x = Array.from({ length: 10 }, () => Array.from({ length: 4 }, () => draw.normal()));
    const grower = new TreeGrower(
      sorted(x),
      Float64Array.from(x, () => draw.normal()),
      {
        ...ALL,
        featuresPerSplit: 1,
        maxDepth: 1,
      },
    );
    const counts = [0, 0, 0, 0];
    for (let t = 0; t < 4000; t++) counts[grower.grow(new Float64Array(10).fill(1), draw).tree.feature[0]]++;
    // Standard deviation of each count: sqrt(4000 · 1/4 · 3/4) = 27.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(4 * 27);
  });

  it("are drawn on past constant columns until one varies", () => {
    const x = Array.from({ length: 20 }, (_, row) => [1, 1, 1, 1, 1, 1, row]);
    const { tree } = grow(
      x,
      x.map((row) => row[6]),
      { featuresPerSplit: 1, maxDepth: 1 },
    );
    expect([...tree.feature]).toEqual([6, -1, -1]);
    expect(tree.threshold[0]).toBe(9.5);
  });
});

describe("a random splitter", () => {
  it("draws its threshold evenly between the extremes of the node", () => {
    const x = Array.from({ length: 30 }, (_, row) => [row / 29]);
    const grower = new TreeGrower(sorted(x), Float64Array.from(x.flat()), {
      ...ALL,
      maxDepth: 1,
      splitter: "random",
    });
    const draw = random(4);
    const thresholds = Array.from(
      { length: 3000 },
      () => grower.grow(new Float64Array(30).fill(1), draw).tree.threshold[0],
    ).sort((a, b) => a - b);
    // Kolmogorov–Smirnov distance from the uniform distribution; 1.95 / sqrt(n) is its 0.1 % point.
    const distance = Math.max(...thresholds.map((value, i) => Math.abs(value - (i + 0.5) / 3000)));
    expect(distance).toBeLessThan(1.95 / Math.sqrt(3000));
  });

  it("on ranks grows the same tree whatever increasing function the columns go through", () => {
    const draw = random(8);
    const x = Array.from({ length: 60 }, () => [Math.exp(2 * draw.normal()), draw.integer(5)]);
    const y = x.map((row) => Math.log(row[0]) + draw.normal());
    const options = { splitter: "random-rank", minLeafRows: 3 } as const;
    const curved = x.map((row) => row.map((value) => Math.log1p(value) ** 3 - 7));
    const plain = grow(x, y, options).tree;
    const other = grow(curved, y, options).tree;
    expect(plain.feature.length).toBeGreaterThan(5);
    expect(other.feature).toEqual(plain.feature);
    expect(other.value).toEqual(plain.value);
    expect(curved.map((row) => predict(other, row))).toEqual(x.map((row) => predict(plain, row)));
  });

  it("on ranks divides at each gap between distinct values equally often", () => {
    const values = [0, 0, 0, 0, 1, 2, 1000];
    const grower = new TreeGrower(sorted(values.map((value) => [value])), Float64Array.from(values.keys()), {
      ...ALL,
      maxDepth: 1,
      splitter: "random-rank",
    });
    const draw = random(9);
    const counts = new Map<number, number>();
    for (let t = 0; t < 3000; t++) {
      const threshold = grower.grow(new Float64Array(7).fill(1), draw).tree.threshold[0];
      counts.set(threshold, (counts.get(threshold) ?? 0) + 1);
    }
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([0.5, 1.5, 501]);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(4 * 26);
  });

  it("leaves no leaf below the least size", () => {
    const draw = random(6);
    const x = Array.from({ length: 50 }, () => [draw.normal(), draw.normal()]);
    const { tree } = grow(
      x,
      x.map((row) => row[0] * row[1]),
      { splitter: "random", minLeafRows: 7 },
    );
    const sizes = new Map<number, number>();
    for (const row of x) {
      const value = predict(tree, row);
      sizes.set(value, (sizes.get(value) ?? 0) + 1);
    }
    expect(sizes.size).toBeGreaterThan(1);
    expect(Math.min(...sizes.values())).toBeGreaterThanOrEqual(7);
  });
});

describe("degenerate trees", () => {
  it("do not divide a constant target, exactly", () => {
    const { tree, importance } = grow([[1], [2], [3]], [0.1, 0.1, 0.1]);
    expect(tree.feature).toEqual(Int32Array.of(-1));
    expect(tree.value).toEqual(Float64Array.of(0.1));
    expect([...importance]).toEqual([0]);
  });

  it("do not divide where every column is constant", () => {
    expect(
      grow(
        [
          [1, 2],
          [1, 2],
          [1, 2],
        ],
        [1, 2, 6],
      ).tree.value,
    ).toEqual(Float64Array.of(3));
  });

  it("divide adjacent floating-point numbers between which no other lies", () => {
    const above = 1 + Number.EPSILON;
    const { tree } = grow([[1], [above]], [0, 1]);
    expect(predict(tree, [1])).toBe(0);
    expect(predict(tree, [above])).toBe(1);
  });

  it("divide where no single split lessens the error, so that interactions are found", () => {
    const x = [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ];
    const { tree } = grow(x, [0, 1, 1, 0]);
    expect(x.map((row) => predict(tree, row))).toEqual([0, 1, 1, 0]);
  });
});
