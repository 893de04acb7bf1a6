import { describe, expect, it } from "vitest";
import { RandomStream, randomKey } from "../domain/random.ts";
import { fitModel, predictModel } from "./comparators.ts";
import type { Target } from "./target.ts";
import { candidateGrid, tune } from "./tuning.ts";

const key = randomKey(1);

describe("the grid", () => {
  const values = { minLeafRows: [5, 1, 20], maxDepth: [null, 3] };
  it("has every combination, the first values of all first", () => {
    expect(candidateGrid(values, undefined, key)).toEqual([
      { minLeafRows: 5, maxDepth: null },
      { minLeafRows: 5, maxDepth: 3 },
      { minLeafRows: 1, maxDepth: null },
      { minLeafRows: 1, maxDepth: 3 },
      { minLeafRows: 20, maxDepth: null },
      { minLeafRows: 20, maxDepth: 3 },
    ]);
  });

  it("gives as many different draws as are asked for, the first combination among them", () => {
    const drawn = candidateGrid(values, 4, key);
    expect(new Set(drawn.map((candidate) => JSON.stringify(candidate))).size).toBe(4);
    expect(drawn[0]).toEqual({ minLeafRows: 5, maxDepth: null });
    expect(drawn).not.toEqual(candidateGrid(values, 4, randomKey(2)));
  });
});

describe("tuning", () => {
  it("takes the candidate of least squared error over inner folds that hold each row out once", async () => {
    const target = Array.from({ length: 12 }, (_, row) => row);
    const held = new Set<number>();
    const tuned = await tune(
      { candidates: [{ minLeafRows: 1 }, { minLeafRows: 2 }], folds: 3, trees: 10 },
      target,
      async (train, rows, _fold, options) => {
        expect(options.map(({ trees }) => trees)).toEqual([10, 10]);
        for (const row of rows) {
          expect(train).not.toContain(row);
          expect(held.has(row)).toBe(false);
          held.add(row);
        }
        return [rows.map((row) => row + 2), rows.map((row) => row + 1)];
      },
      key,
    );
    expect(held.size).toBe(12);
    expect(tuned!.chosen).toEqual({ minLeafRows: 2 });
    expect(tuned!.errors[0]).toBeCloseTo(4, 12);
    expect(tuned!.errors[1]).toBeCloseTo(1, 12);
  });

  const draw = new RandomStream(randomKey(3));
  const rows = Array.from({ length: 90 }, () => ({ a: draw.normal(), b: draw.normal() }));
  const target: Target = {
    kind: "rcb-score",
    values: Float64Array.from(rows, ({ a }) => a + 3 * draw.normal()),
  };
  const spec = (leaves: number[], folds = 3) =>
    ({
      kind: "forest",
      columns: ["a", "b"],
      options: { trees: 40 },
      tuning: { candidates: leaves.map((minLeafRows) => ({ minLeafRows })), folds, trees: 30 },
    }) as const;

  it("finds that noisy outcomes want large leaves, and fits the final forest with them", async () => {
    const model = await fitModel(spec([1, 25]), rows, target, key);
    if (model.kind !== "forest") throw new Error(model.kind);
    expect(model.tuned!.chosen).toEqual({ minLeafRows: 25 });
    expect(model.forest.options).toMatchObject({ minLeafRows: 25, trees: 40 });
    const plain = await fitModel(
      { kind: "forest", columns: ["a", "b"], options: { trees: 40, minLeafRows: 25 } },
      rows,
      target,
      key,
    );
    expect(predictModel(model, rows)).toEqual(predictModel(plain, rows));
  });

  it("is skipped, with an issue, where an inner fold would leave too few rows", async () => {
    const few = { ...target, values: target.values.map((value, i) => (i < 4 ? value : Number.NaN)) };
    const model = await fitModel(spec([1, 2], 2), rows, few, key);
    expect(model.issues).toMatchObject([{ code: "outcome-missing" }, { code: "tuning-skipped" }]);
  });

  it("wants a candidate and two folds", async () => {
    for (const wrong of [spec([]), spec([1], 1)]) {
      await expect(fitModel(wrong, rows, target, key)).rejects.toMatchObject({ code: "tuning-option" });
    }
  });
});
