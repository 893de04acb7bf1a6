import { describe, expect, it } from "vitest";
import { outcomeOfClass, outcomeOfScore, UNKNOWN_OUTCOME } from "../domain/outcome.ts";
import { deriveKey, RandomStream, randomKey } from "../domain/random.ts";
import { combineModels, type FittedModel, fitModel, meanPredictions, predictModel } from "./comparators.ts";
import { encodeRows } from "./encoding.ts";
import { fromModelJson, toModelJson } from "./model-json.ts";
import { fitForest, predictForest } from "./random-forest.ts";
import { richestTarget, type Target, targetOf } from "./target.ts";

const key = randomKey(1);
const draw = new RandomStream(randomKey(2));
const rows = Array.from({ length: 60 }, (_, i) => ({
  volume: 10 * draw.uniform(),
  subtype: ["HER2+", "TN", "luminal"][i % 3],
  grade: draw.bernoulli(0.1) ? null : 1 + draw.integer(3),
}));
const target: Target = {
  kind: "rcb-score",
  values: Float64Array.from(rows, ({ volume, subtype }) =>
    Math.max(0, volume / 3 + (subtype === "luminal" ? 1 : -1)),
  ),
};
const forestSpec = (...columns: string[]) => ({ kind: "forest", columns, options: { trees: 30 } }) as const;

describe("a column model", () => {
  it("is the column itself, without a prediction where that is missing", async () => {
    const model = await fitModel({ kind: "column", column: "grade" }, rows, target, key);
    const { predictions, issues } = predictModel(model, [{ grade: 2 }, { grade: null }]);
    expect([...predictions]).toEqual([2, Number.NaN]);
    expect(issues).toMatchObject([{ code: "prediction-missing", subject: "grade" }]);
  });

  it("takes text as missing, and says so", async () => {
    const model = await fitModel({ kind: "column", column: "subtype" }, rows, target, key);
    expect(model.issues).toMatchObject([{ code: "value-not-numeric", subject: "subtype" }]);
    expect(predictModel(model, rows).predictions.every(Number.isNaN)).toBe(true);
  });
});

describe("a forest model", () => {
  it("is the forest of the encoded rows", async () => {
    const model = await fitModel(forestSpec("volume", "subtype"), rows, target, key);
    if (model.kind !== "forest") throw new Error(model.kind);
    const encoded = encodeRows(model.encoding, rows).value;
    const forest = fitForest({ x: encoded, target: target.values }, { trees: 30 }, deriveKey(key, "forest"));
    expect(predictModel(model, rows).predictions).toEqual(predictForest(forest, encoded));
  });

  it("trains on the rows with a known outcome only, and says how many were not", async () => {
    const holed = { ...target, values: target.values.map((value, i) => (i % 10 === 0 ? Number.NaN : value)) };
    const model = await fitModel(forestSpec("volume"), rows, holed, key);
    const known = [...rows.keys()].filter((row) => row % 10 !== 0);
    const expected = await fitModel(
      forestSpec("volume"),
      known.map((row) => rows[row]),
      { kind: "rcb-score", values: Float64Array.from(known, (row) => target.values[row]) },
      key,
    );
    expect({ ...model, issues: [] }).toEqual({ ...expected, issues: [] });
    expect(model.issues).toMatchObject([{ code: "outcome-missing" }]);
  });

  it("predicts a probability of residual disease where pCR is all that is known", async () => {
    const disease: Target = {
      kind: "residual-disease",
      values: target.values.map((value) => (value > 1 ? 1 : 0)),
    };
    const model = await fitModel(forestSpec("volume", "subtype"), rows, disease, key);
    expect(model.kind === "forest" && model.forest.options.featuresPerSplit).toBe("square-root");
    const { predictions } = predictModel(model, [
      { volume: 0.1, subtype: "TN" },
      { volume: 9.9, subtype: "luminal" },
    ]);
    expect(predictions[0]).toBeGreaterThanOrEqual(0);
    expect(predictions[0]).toBeLessThan(0.2);
    expect(predictions[1]).toBeGreaterThan(0.8);
    expect(predictions[1]).toBeLessThanOrEqual(1);
  });

  it.each([
    { kind: "correlation", maximum: 0.95 },
    { kind: "principal-components", components: 2 },
  ] as const)("survives JSON with a reduction by $kind, and then predicts the same", async (reduction) => {
    const model = await fitModel(
      { ...forestSpec("volume", "subtype", "grade"), reduction },
      rows,
      target,
      key,
    );
    const read = fromModelJson(toModelJson(model)) as FittedModel;
    expect(read).toEqual(model);
    expect(predictModel(read, rows)).toEqual(predictModel(model, rows));
  });

  it("says when the training outcomes are all the same, and predicts that", async () => {
    const constant: Target = { kind: "residual-disease", values: new Float64Array(60).fill(1) };
    const model = await fitModel(forestSpec("volume"), rows, constant, key);
    expect(model.issues).toMatchObject([{ code: "target-constant" }]);
    expect(new Set(predictModel(model, rows).predictions)).toEqual(new Set([1]));
  });

  it("refuses fewer than three known outcomes, and targets of another length", async () => {
    const few = { ...target, values: target.values.map((value, i) => (i < 2 ? value : Number.NaN)) };
    await expect(fitModel(forestSpec("volume"), rows, few, key)).rejects.toMatchObject({
      code: "forest-rows",
    });
    await expect(fitModel(forestSpec("volume"), rows.slice(1), target, key)).rejects.toMatchObject({
      code: "model-rows",
    });
  });
});

describe("a two-part model", () => {
  const parts = { disease: forestSpec("volume", "subtype"), burden: forestSpec("volume", "subtype") };

  it("is the probability of residual disease times the amount expected where there is any", async () => {
    const model = await fitModel({ kind: "two-part", ...parts }, rows, target, key);
    if (model.kind !== "two-part") throw new Error(model.kind);
    const probability = predictModel(model.disease, rows).predictions;
    const amount = predictModel(model.burden, rows).predictions;
    predictModel(model, rows).predictions.forEach((value, row) => {
      expect(probability[row]).toBeGreaterThanOrEqual(0);
      expect(probability[row]).toBeLessThanOrEqual(1);
      expect(value).toBeCloseTo(probability[row] * amount[row], 14);
    });
    // The second part has seen no zero, so it never predicts less than the least residual burden.
    const least = Math.min(...target.values.filter((value) => value > 0));
    expect(Math.min(...amount)).toBeGreaterThanOrEqual(least);
    const read = fromModelJson(toModelJson(model)) as FittedModel;
    expect(predictModel(read, rows)).toEqual(predictModel(model, rows));
  });

  it("has one part only where nothing but pCR is known", async () => {
    const disease: Target = { kind: "residual-disease", values: target.values.map((value) => +(value > 1)) };
    const model = await fitModel({ kind: "two-part", ...parts }, rows, disease, key);
    expect(model.kind).toBe("forest");
  });

  it("is not fitted where fewer than three patients have residual disease", async () => {
    const few = { ...target, values: target.values.map((_, row) => (row < 2 ? 1.5 : 0)) };
    await expect(fitModel({ kind: "two-part", ...parts }, rows, few, key)).rejects.toMatchObject({
      code: "forest-rows",
    });
  });
});

describe("a combined model", async () => {
  const members = [
    await fitModel(forestSpec("volume"), rows, target, key),
    await fitModel(forestSpec("subtype", "grade"), rows, target, key),
  ];

  it("predicts the mean of its members, and reports what each of them met", async () => {
    const model = await fitModel({ kind: "combined", of: members }, rows, target, key);
    const parts = members.map((member) => predictModel(member, rows));
    const { predictions, issues } = predictModel(model, rows);
    predictions.forEach((value, row) => {
      expect(value).toBeCloseTo((parts[0].predictions[row] + parts[1].predictions[row]) / 2, 14);
    });
    expect(issues).toEqual(parts.flatMap((part) => part.issues));
  });

  it.each([
    ["no members", []],
    [
      "a bare column, whose scale is not the outcome's",
      [members[0], await fitModel({ kind: "column", column: "volume" }, rows, target, key)],
    ],
    [
      "members of different targets",
      [
        members[0],
        await fitModel(forestSpec("volume"), rows, { kind: "rcb-class", values: target.values }, key),
      ],
    ],
  ])("refuses %s", (_, of) => {
    expect(() => combineModels(of)).toThrow(expect.objectContaining({ code: "combined-members" }));
  });

  it("is not made of predictions of different rows", async () => {
    expect(() => meanPredictions([new Float64Array(2), new Float64Array(3)])).toThrow(
      expect.objectContaining({ code: "predictions-shape" }),
    );
  });
});

describe("the target", () => {
  it("rises with residual disease in every kind, and is NaN where unknown", async () => {
    const outcomes = [outcomeOfScore(0), outcomeOfScore(2.5), outcomeOfClass("III"), UNKNOWN_OUTCOME];
    expect([...targetOf(outcomes, "rcb-score").values]).toEqual([0, 2.5, Number.NaN, Number.NaN]);
    expect([...targetOf(outcomes, "rcb-class").values]).toEqual([0, 2, 3, Number.NaN]);
    expect([...targetOf(outcomes, "residual-disease").values]).toEqual([0, 1, 1, Number.NaN]);
  });

  it("is the richest kind that at least half of the patients with an outcome know", async () => {
    const pcrOnly = { ...UNKNOWN_OUTCOME, pcr: true };
    expect(richestTarget([outcomeOfScore(1), outcomeOfClass("I")])).toBe("rcb-score");
    expect(richestTarget([outcomeOfScore(1), outcomeOfClass("I"), outcomeOfClass("I")])).toBe("rcb-class");
    expect(richestTarget([pcrOnly, outcomeOfScore(1), pcrOnly])).toBe("residual-disease");
    expect(() => richestTarget([UNKNOWN_OUTCOME])).toThrow(
      expect.objectContaining({ code: "outcome-missing" }),
    );
  });
});
