import { describe, expect, it } from "vitest";
import { outcomeOfScore } from "../domain/outcome.ts";
import { RandomStream, randomKey } from "../domain/random.ts";
import { type ComparisonRequest, compareModels } from "./comparison.ts";
import { compareSubgroups } from "./subgroups.ts";

const stream = new RandomStream(randomKey(2));
const scores = Array.from({ length: 60 }, () => Math.max(0, stream.normal(1.5, 1.5)));
const request: ComparisonRequest = {
  outcome: { kind: "rcb", values: scores.map((score) => outcomeOfScore(score)) },
  models: [
    { name: "volume", scores: scores.map((score) => score + stream.normal(0, 1.5)) },
    { name: "deep", scores: scores.map((score) => score + stream.normal(0, 1)) },
  ],
  reference: "volume",
  key: randomKey(1),
  resamples: 200,
};
const centre = scores.map((_, i) => (i < 30 ? "A" : i < 55 ? "B" : "C"));

describe("subgroups", () => {
  it("have the figures of a comparison of their patients alone", () => {
    const { value } = compareSubgroups(request, [{ column: "centre", values: centre }]);
    expect(value.map(({ value: name, patients }) => [name, patients])).toEqual([
      ["A", 30],
      ["B", 25],
    ]);
    const alone = compareModels({
      ...request,
      outcome: { kind: "rcb", values: scores.slice(30, 55).map((score) => outcomeOfScore(score)) },
      models: request.models.map(({ name, scores: all }) => ({ name, scores: all.slice(30, 55) })),
    });
    expect(value[1].endpoints["rcb-auc"]?.models.deep.auc).toBe(alone.endpoints["rcb-auc"]?.models.deep.auc);
    expect(value[1].endpoints["rcb-auc"]?.pairs[0].p).toBe(alone.endpoints["rcb-auc"]?.pairs[0].p);
  });

  it("too small to measure, and patients without a value, are told", () => {
    const values = centre.map((name, i) => (i === 0 ? null : name));
    const { issues } = compareSubgroups(request, [{ column: "centre", values }]);
    expect(issues.map(({ code }) => code)).toEqual(["subgroup-missing", "subgroup-small"]);
  });

  it("of one class only are told, and the positive value stays the same in each", () => {
    const binary: ComparisonRequest = {
      outcome: { kind: "binary", values: scores.map((_, i) => (i < 30 && i % 3 === 0 ? 1 : 0)) },
      models: request.models,
      key: request.key,
      resamples: 200,
    };
    const { value, issues } = compareSubgroups(binary, [{ column: "centre", values: centre }]);
    expect(value.map(({ value: name }) => name)).toEqual(["A"]);
    expect(value[0].endpoints.binary?.positive).toBe(10);
    expect(issues.map(({ code }) => code)).toEqual(["subgroup-unmeasured", "subgroup-small"]);
  });

  it("refuse a grouping of other patients", () => {
    expect(() => compareSubgroups(request, [{ column: "centre", values: ["A"] }])).toThrow(
      /1 values of centre/,
    );
  });
});
