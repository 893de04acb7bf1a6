import { describe, expect, it } from "vitest";
import recorded from "../../tests/golden/models/forests.json" with { type: "json" };
import { deriveKey, RandomStream, randomKey } from "../domain/random.ts";
import { predictTree } from "./decision-tree.ts";
import { fromModelJson, toModelJson } from "./model-json.ts";
import { outOfBagImportance, permutationImportance } from "./permutation-importance.ts";
import { type Forest, type ForestOptions, fitForest, predictForest } from "./random-forest.ts";

interface Distribution<T> {
  readonly mean: T;
  readonly sd: T;
}
interface GoldenForest {
  readonly name: string;
  readonly options: Partial<ForestOptions>;
  readonly x: number[][];
  readonly y: number[];
  readonly xTest: number[][];
  readonly yTest: number[];
  readonly oobMse?: Distribution<number>;
  readonly testMse: Distribution<number>;
  readonly importance: Distribution<number[]>;
  readonly predictions: Distribution<number[]>;
  readonly permutation?: Distribution<number[]>;
}
const golden = recorded as { seeds: number; trees: number; cases: GoldenForest[] };

const matrix = (x: readonly (readonly number[])[]) => ({
  columns: x[0].map((_, c) => `x${c}`),
  values: Float64Array.from(x.flat()),
});
const squaredError = (a: ArrayLike<number>, b: readonly number[]) =>
  b.reduce((sum, value, i) => sum + (a[i] - value) ** 2, 0) / b.length;

function sampleForest(options: Partial<ForestOptions> = {}, seed = 1): Forest {
  const { x, y } = sample();
  return fitForest({ x: matrix(x), target: y }, { trees: 20, ...options }, randomKey(seed));
}
function sample(rows = 40) {
  const draw = new RandomStream(randomKey(9));
  const x = Array.from({ length: rows }, () => Array.from({ length: 6 }, () => draw.normal()));
  return { x, y: x.map((row) => row[0] + row[1] ** 2 + 0.3 * draw.normal()) };
}

describe.each(golden.cases)("a forest agrees with scikit-learn's in distribution: $name", (reference) => {
  const forests = Array.from({ length: golden.seeds }, (_, seed) =>
    fitForest(
      { x: matrix(reference.x), target: reference.y },
      { trees: golden.trees, ...reference.options },
      deriveKey(randomKey(2026), "golden", seed),
    ),
  );
  const predictions = forests.map((forest) => predictForest(forest, matrix(reference.xTest)));

  /** Difference of two means over the seeds, in standard errors. */
  function zOf(values: number[], { mean, sd }: Distribution<number>): number {
    const ours = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - ours) ** 2, 0) / (values.length - 1);
    return (ours - mean) / Math.sqrt((variance + sd ** 2) / values.length);
  }

  it("mean error on new rows", () => {
    const errors = predictions.map((predicted) => squaredError(predicted, reference.yTest));
    expect(Math.abs(zOf(errors, reference.testMse))).toBeLessThan(3.5);
  });

  // There is nothing out of bag without bootstrap.
  const { oobMse } = reference;
  if (oobMse !== undefined) {
    it("mean out-of-bag error", () => {
      const errors = forests.map((forest) => forest.outOfBag!.meanSquaredError!);
      expect(Math.abs(zOf(errors, oobMse))).toBeLessThan(3.5);
    });
  }

  it("mean importance of each column", () => {
    reference.importance.mean.forEach((mean, c) => {
      const z = zOf(
        forests.map((forest) => forest.importance[c]),
        { mean, sd: reference.importance.sd[c] },
      );
      expect(Math.abs(z), `column ${c}`).toBeLessThan(4);
    });
  });

  const { permutation } = reference;
  // One case is enough for a measure that asks nothing of how the trees were grown, and takes its time.
  if (permutation !== undefined && reference === golden.cases[0]) {
    it("mean cost of permuting each column among new rows", () => {
      const costs = forests.map((forest, seed) =>
        permutationImportance(forest, matrix(reference.xTest), reference.yTest, 4, randomKey(seed)),
      );
      permutation.mean.forEach((mean, c) => {
        const z = zOf(
          costs.map((cost) => cost.mean[c]),
          { mean, sd: permutation.sd[c] },
        );
        expect(Math.abs(z), `column ${c}`).toBeLessThan(4);
      });
    });
  }

  it("mean prediction of each new row, without excess over chance", () => {
    const scores = reference.predictions.mean.map((mean, row) =>
      zOf(
        predictions.map((predicted) => predicted[row]),
        { mean, sd: reference.predictions.sd[row] },
      ),
    );
    expect(Math.max(...scores.map(Math.abs))).toBeLessThan(4.5);
    // Under agreement the mean of z² is 1; rows share forests, so the bound is wide.
    expect(scores.reduce((sum, z) => sum + z * z, 0) / scores.length).toBeLessThan(2);
  });
});

describe("a forest's randomness", () => {
  it("is fixed by its key", () => {
    expect(sampleForest()).toEqual(sampleForest());
    expect(sampleForest({}, 2).trees).not.toEqual(sampleForest({}, 1).trees);
  });

  it("is each tree's own, so that more trees leave the first ones as they are", () => {
    expect(sampleForest({ trees: 30 }).trees.slice(0, 20)).toEqual(sampleForest({ trees: 20 }).trees);
  });
});

describe("out-of-bag predictions", () => {
  it("are the means over the trees whose bootstrap left the row out", () => {
    const { x, y } = sample();
    const key = randomKey(3);
    const forest = fitForest({ x: matrix(x), target: y }, { trees: 15 }, key);
    const expected = y.map((_, row) => {
      const unseen = forest.trees.filter((_tree, t) => {
        const draw = new RandomStream(deriveKey(key, "tree", t));
        return !Array.from({ length: y.length }, () => draw.integer(y.length)).includes(row);
      });
      const values = unseen.map((tree) => predictTree(tree, Float64Array.from(x[row]), 0));
      return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
    });
    expected.forEach((value, row) => {
      if (value === null) expect(forest.outOfBag!.predictions[row]).toBeNull();
      else expect(forest.outOfBag!.predictions[row]).toBeCloseTo(value, 12);
    });
    const mean = y.reduce((sum, value) => sum + value, 0) / y.length;
    expect(expected).not.toContain(null);
    const error = squaredError(expected as number[], y);
    expect(forest.outOfBag!.meanSquaredError).toBeCloseTo(error, 12);
    expect(forest.outOfBag!.rSquared).toBeCloseTo(1 - error / squaredError(Array(40).fill(mean), y), 12);
  });

  it("are unknown for rows that every tree saw, and absent without bootstrap", () => {
    const single = sampleForest({ trees: 1 }).outOfBag!;
    expect(single.predictions).toContain(null);
    expect(single.meanSquaredError).toBeGreaterThan(0);
    expect(sampleForest({ bootstrap: false }).outOfBag).toBeNull();
  });
});

describe("out-of-bag importance", () => {
  it("is the mean over the trees of what permuting the rows they did not see costs them", () => {
    const { x, y } = sample(150);
    const training = { x: matrix(x), target: y };
    const forest = fitForest(training, { trees: 200 }, randomKey(4));
    const { mean, deviation } = outOfBagImportance(forest, training, randomKey(5));
    // Columns 0 and 1 make the outcome; the others are noise, whose cost is 0 in the mean.
    for (const c of [2, 3, 4, 5]) expect(Math.abs(mean[c])).toBeLessThan(mean[0] / 4);
    for (const c of [2, 3, 4, 5]) expect(deviation[c]).toBeLessThan(deviation[0]);
    const constant = { x: matrix(x), target: Array(150).fill(2) };
    const flat = fitForest(constant, { trees: 5 }, randomKey(4));
    expect([...outOfBagImportance(flat, constant, randomKey(5)).mean]).toEqual(Array(6).fill(0));
  });
});

describe("sample weights", () => {
  it("count a row as often as copies of it do, where there is no bootstrap", () => {
    const { x, y } = sample();
    const options = { trees: 3, bootstrap: false, featuresPerSplit: "all", minLeafRows: 1 } as const;
    const weights = y.map((_, i) => 1 + (i % 3));
    const repeat = <T>(items: T[]) => items.flatMap((item, i) => Array<T>(weights[i]).fill(item));
    const weighted = fitForest({ x: matrix(x), target: y, weights }, options, randomKey(1));
    const copied = fitForest({ x: matrix(repeat(x)), target: repeat(y) }, options, randomKey(1));
    const predicted = predictForest(weighted, matrix(x));
    predictForest(copied, matrix(x)).forEach((value, row) => {
      expect(predicted[row]).toBeCloseTo(value, 10);
    });
  });

  it("leave rows of weight 0 out, bootstrap or not", () => {
    const { x, y } = sample();
    const weights = y.map((_, i) => (i < 20 ? 1 : 0));
    const spoilt = y.map((value, i) => (i < 20 ? value : 1e6));
    const forest = fitForest({ x: matrix(x), target: spoilt, weights }, { trees: 20 }, randomKey(1));
    expect(Math.max(...predictForest(forest, matrix(x)))).toBeLessThan(100);
    expect(forest.outOfBag!.meanSquaredError).toBeLessThan(100);
  });
});

describe("a third of the columns", () => {
  it("is rounded up, so that a table of four or five columns compares two of them at each split", () => {
    const grow = (width: number, featuresPerSplit: "third" | number) => {
      const { x, y } = sample();
      const narrow = x.map((row) => row.slice(0, width));
      return fitForest({ x: matrix(narrow), target: y }, { trees: 5, featuresPerSplit }, randomKey(1)).trees;
    };
    expect(grow(4, "third")).toEqual(grow(4, 2));
    expect(grow(4, "third")).not.toEqual(grow(4, 1));
    expect(grow(3, "third")).toEqual(grow(3, 1));
  });
});

describe("a fitted forest", () => {
  it("predicts the same after a journey through JSON", () => {
    const { x } = sample();
    const forest = sampleForest();
    const read: Forest = fromModelJson(toModelJson(forest)) as Forest;
    expect(read).toEqual(forest);
    expect(predictForest(read, matrix(x))).toEqual(predictForest(forest, matrix(x)));
  });

  it("takes the training median for a missing value", () => {
    const { x, y } = sample(41);
    x[5][0] = Number.NaN;
    const forest = fitForest({ x: matrix(x), target: y }, { trees: 20 }, randomKey(1));
    const observed = x
      .map((row) => row[0])
      .filter((value) => !Number.isNaN(value))
      .sort((a, b) => a - b);
    const median = (observed[19] + observed[20]) / 2;
    expect(forest.medians[0]).toBeCloseTo(median, 14);
    const row = [Number.NaN, 1, 0, 0, 0, 0];
    expect(predictForest(forest, matrix([row]))).toEqual(
      predictForest(forest, matrix([[forest.medians[0]!, 1, 0, 0, 0, 0]])),
    );
  });

  it("never asks about a column without training values, whatever it later holds", () => {
    const { x, y } = sample();
    const holed = x.map((row) => [Number.NaN, ...row]);
    const forest = fitForest({ x: matrix(holed), target: y }, { trees: 20 }, randomKey(1));
    expect(forest.medians[0]).toBeNull();
    expect(forest.importance[0]).toBe(0);
    const withValue = predictForest(forest, matrix([[1e9, ...x[0]]]));
    expect(withValue).toEqual(predictForest(forest, matrix([[Number.NaN, ...x[0]]])));
  });

  it("predicts a constant target exactly and claims no share of variance", () => {
    const { x } = sample();
    const forest = fitForest({ x: matrix(x), target: Array(40).fill(1.3) }, { trees: 10 }, randomKey(1));
    expect([...predictForest(forest, matrix(x.slice(0, 3)))]).toEqual([1.3, 1.3, 1.3]);
    expect(forest.outOfBag).toMatchObject({ rSquared: null, meanSquaredError: 0 });
    expect(forest.importance).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it("predicts the mean where all columns are constant", () => {
    const forest = fitForest(
      { x: matrix([[1], [1], [1], [1]]), target: [0, 1, 2, 3] },
      { trees: 5, bootstrap: false },
      randomKey(1),
    );
    expect([...predictForest(forest, matrix([[1], [7]]))]).toEqual([1.5, 1.5]);
  });
});

describe("a forest refuses", () => {
  const { x, y } = sample();
  const grow = (rows: number[][], target: number[], options: Partial<ForestOptions> = {}) =>
    fitForest({ x: matrix(rows), target }, options, randomKey(1));
  it.each([
    ["fewer than three rows", "forest-rows", () => grow(x.slice(0, 2), [0, 1])],
    ["a target of another length", "forest-target", () => grow(x, [0, 1])],
    ["a target that is not finite", "forest-target", () => grow(x, [Number.NaN, ...y.slice(1)])],
    ["infinite values", "matrix-infinite", () => grow([[Infinity, 1], ...x.slice(1).map(() => [0, 1])], y)],
    ["no trees", "forest-option", () => grow(x, y, { trees: 0 })],
    ["half a column per split", "forest-option", () => grow(x, y, { featuresPerSplit: 0.5 })],
    ["a share of no column", "forest-option", () => grow(x, y, { featuresPerSplit: { share: 0 } })],
    [
      "weights below 0",
      "forest-weights",
      () => fitForest({ x: matrix(x), target: y, weights: y.map(() => -1) }, {}, randomKey(1)),
    ],
    [
      "weights of which none is above 0",
      "forest-weights",
      () => fitForest({ x: matrix(x), target: y, weights: y.map(() => 0) }, {}, randomKey(1)),
    ],
    ["leaves without rows", "forest-option", () => grow(x, y, { minLeafRows: 0 })],
    [
      "a table without columns",
      "matrix-shape",
      () => fitForest({ x: { columns: [], values: new Float64Array(0) }, target: [] }, {}, randomKey(1)),
    ],
    [
      "columns of another name",
      "matrix-columns",
      () =>
        predictForest(sampleForest(), {
          columns: ["a", "b", "c", "d", "e", "f"],
          values: new Float64Array(6),
        }),
    ],
  ])("%s", (_, code, act) => {
    expect(act).toThrow(expect.objectContaining({ code }));
  });
});
