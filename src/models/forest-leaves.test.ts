import { describe, expect, it } from "vitest";
import { RandomStream, randomKey } from "../domain/random.ts";
import { predictTree } from "./decision-tree.ts";
import { forestLeaves, predictQuantiles, proximity, trainingLeaves } from "./forest-leaves.ts";
import { fitForest, predictForest } from "./random-forest.ts";

/** An outcome whose spread grows with the first column. */
function sample(rows: number, seed: number) {
  const draw = new RandomStream(randomKey(seed));
  const values = new Float64Array(rows * 3).map(() => draw.uniform());
  const target = Float64Array.from({ length: rows }, (_, i) => 3 * values[3 * i] * (1 + 0.5 * draw.normal()));
  return { x: { columns: ["a", "b", "c"], values }, target };
}
const training = sample(60, 1);
const forest = fitForest(training, { trees: 40 }, randomKey(3));
const leaves = trainingLeaves(forest, training.x, training.target);
const fresh = sample(20, 2);

/** The slow twin: weights of Meinshausen's equation (5), then the distribution function. */
function slowQuantile(row: number, q: number): number {
  const leafIn = (values: Float64Array, at: number, tree: (typeof forest.trees)[number]) =>
    predictTree({ ...tree, value: Float64Array.from(tree.value.keys()) }, values, 3 * at);
  const weights = new Float64Array(training.target.length);
  for (const tree of forest.trees) {
    const leaf = leafIn(fresh.x.values, row, tree);
    const together = [...weights.keys()].filter((other) => leafIn(training.x.values, other, tree) === leaf);
    for (const other of together) weights[other] += 1 / together.length / forest.trees.length;
  }
  const candidates = [...training.target].sort((a, b) => a - b);
  return candidates.find(
    (y) => weights.reduce((sum, w, i) => sum + (training.target[i] <= y ? w : 0), 0) >= q - 1e-9,
  )!;
}

describe("quantiles of a forest", () => {
  it("are those of the weighted training outcomes", () => {
    const quantiles = [0.05, 0.5, 0.95];
    const found = predictQuantiles(forest, leaves, fresh.x, quantiles);
    for (let row = 0; row < 20; row++) {
      expect([...found.subarray(3 * row, 3 * row + 3)]).toEqual(quantiles.map((q) => slowQuantile(row, q)));
    }
  });

  it("are the extremes of what a row's leaves hold at 0 and 1, and of all outcomes in a forest of one leaf", () => {
    const stump = fitForest(training, { trees: 3, minLeafRows: 60 }, randomKey(1));
    const all = trainingLeaves(stump, training.x, training.target);
    const [low, high] = predictQuantiles(stump, all, fresh.x, [0, 1]);
    expect([low, high]).toEqual([Math.min(...training.target), Math.max(...training.target)]);
    expect(() => predictQuantiles(forest, leaves, fresh.x, [1.1])).toThrow(
      expect.objectContaining({ code: "forest-quantile" }),
    );
  });

  it("hold about nine of ten new outcomes between 5 % and 95 %, and are wider where the outcome is", () => {
    const many = sample(400, 5);
    const learned = fitForest(many, { trees: 200 }, randomKey(6));
    const test = sample(1000, 7);
    const bounds = predictQuantiles(
      learned,
      trainingLeaves(learned, many.x, many.target),
      test.x,
      [0.05, 0.95],
    );
    const inside = [...test.target.keys()].filter(
      (row) => test.target[row] >= bounds[2 * row] && test.target[row] <= bounds[2 * row + 1],
    );
    // Means over neighbours are wider than the truth, so a forest's intervals hold somewhat more than their name.
    expect(inside.length).toBeGreaterThan(870);
    expect(inside.length).toBeLessThan(985);
    const width = (of: (value: number) => boolean) => {
      const rows = [...test.target.keys()].filter((row) => of(test.x.values[3 * row]));
      return rows.reduce((sum, row) => sum + bounds[2 * row + 1] - bounds[2 * row], 0) / rows.length;
    };
    expect(width((value) => value > 0.8)).toBeGreaterThan(2 * width((value) => value < 0.2));
  });
});

describe("leaves", () => {
  it("give the forest's predictions by the values of their nodes", () => {
    const found = forestLeaves(forest, fresh.x);
    predictForest(forest, fresh.x).forEach((value, row) => {
      const mean = forest.trees.reduce((sum, tree, t) => sum + tree.value[found[t * 20 + row]], 0) / 40;
      expect(value).toBeCloseTo(mean, 12);
    });
  });
});

describe("proximity", () => {
  it("is the share of trees in which two rows lie in one leaf", () => {
    const found = proximity(forest, fresh.x);
    const lie = forestLeaves(forest, fresh.x);
    for (let a = 0; a < 20; a++) {
      expect(found[a * 20 + a]).toBe(1);
      for (let b = 0; b < 20; b++) {
        const together = forest.trees.filter((_, t) => lie[t * 20 + a] === lie[t * 20 + b]).length;
        expect(found[a * 20 + b]).toBeCloseTo(together / 40, 12);
      }
    }
  });

  it("is greater between rows of like columns that matter", () => {
    const learned = fitForest(
      sample(300, 9),
      { trees: 100, featuresPerSplit: "all", maxDepth: 3 },
      randomKey(1),
    );
    const x = { columns: ["a", "b", "c"], values: Float64Array.of(0.1, 0, 0, 0.12, 1, 1, 0.9, 0, 0) };
    const found = proximity(learned, x);
    expect(found[1]).toBeGreaterThan(found[2]);
  });
});
