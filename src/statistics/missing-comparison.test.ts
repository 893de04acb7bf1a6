import { describe, expect, it } from "vitest";
import { RandomStream, randomKey } from "../domain/random.ts";
import { analyseMissingOutcomes, type MissingRequest } from "./missing-comparison.ts";
import { auc } from "./roc.ts";

/**
 * Cases in two groups. A score knows the outcome within each; in the second, where outcomes are mostly missing, it knows less, so that
 * the complete cases flatter it. `all` is the AUC that nobody who lacks the outcomes can see.
 */
function draw(cases: number, seed: number) {
  const stream = new RandomStream(randomKey(seed));
  const group = Array.from({ length: cases }, () => (stream.uniform() < 0.5 ? 0 : 1));
  const truth = group.map(() => stream.uniform() < 0.4);
  const good = truth.map((value, i) => stream.normal((value ? 1 : 0) * (group[i] === 0 ? 2 : 0.2)));
  const noise = truth.map(() => stream.normal());
  const known = group.map((value) => stream.uniform() < (value === 0 ? 0.95 : 0.3));
  const seen = (values: readonly number[]) => values.filter((_, i) => known[i]);
  return {
    group,
    good,
    noise,
    outcome: truth.map((value, i) => (known[i] ? value : null)),
    all: auc(good, truth),
    completeCases: auc(
      seen(good),
      truth.filter((_, i) => known[i]),
    ),
  };
}

const request = (drawn: ReturnType<typeof draw>, method: MissingRequest["method"]): MissingRequest => ({
  method,
  covariates: [{ name: "group", values: drawn.group.map((value) => (value === 0 ? "a" : "b")) }],
  outcome: { kind: "binary", values: drawn.outcome },
  models: [
    { name: "noise", scores: drawn.noise },
    { name: "good", scores: drawn.good },
  ],
  reference: "noise",
  resamples: 200,
  key: randomKey(1),
});

describe("Outcomes missing by a covariate", () => {
  const drawn = draw(4000, 7);

  it("flatter the complete cases; inverse-probability weights take that back", () => {
    const { binary } = analyseMissingOutcomes(request(drawn, "ipw")).endpoints;
    expect(drawn.completeCases - drawn.all).toBeGreaterThan(0.04);
    expect(Math.abs((binary?.models.good.value ?? 0) - drawn.all)).toBeLessThan(0.02);
    const [low, high] = binary?.models.good.ci ?? [0, 0];
    expect(low).toBeLessThan(drawn.all);
    expect(high).toBeGreaterThan(drawn.all);
    expect(high - low).toBeLessThan(0.1);
  });

  it("give differences on the same cases, named by their models", () => {
    const { binary } = analyseMissingOutcomes(request(drawn, "ipw")).endpoints;
    const [pair] = binary?.pairs ?? [];
    expect([pair.a, pair.b]).toEqual(["noise", "good"]);
    expect(pair.value).toBeCloseTo((binary?.models.good.value ?? 0) - (binary?.models.noise.value ?? 0), 12);
  });

  it("are imputed with intervals as wide as what is missing makes them", () => {
    const { binary } = analyseMissingOutcomes(request(drawn, "impute")).endpoints;
    const figure = binary?.models.good;
    // The imputation model has no interaction of score and group, so that it takes back a part only.
    expect(figure?.value).toBeLessThan(drawn.completeCases);
    expect(figure?.missingInformation).toBeGreaterThan(0.05);
    expect(binary?.known).toBe(drawn.outcome.filter((value) => value !== null).length);
  });
});

describe("What cannot be analysed", () => {
  const drawn = draw(60, 3);

  it("is told: covariates that tell who is missing, and outcomes that are all known", () => {
    const separable = { name: "exact", values: drawn.outcome.map((value) => (value === null ? 1 : 0)) };
    const exact = analyseMissingOutcomes({ ...request(drawn, "ipw"), covariates: [separable] });
    expect(exact.endpoints).toEqual({});
    expect(exact.issues.map(({ code }) => code)).toEqual(["missing-outcomes-unusable"]);
    const complete = {
      ...request(drawn, "ipw"),
      outcome: { kind: "binary" as const, values: drawn.outcome.map((value) => value ?? false) },
    };
    expect(analyseMissingOutcomes(complete).issues[0].message).toContain("none is unknown");
  });

  it("is a call without covariates", () => {
    expect(() => analyseMissingOutcomes({ ...request(drawn, "impute"), covariates: [] })).toThrow(
      /without covariates/,
    );
  });

  it("are cases without a covariate, which are counted", () => {
    const holes = { name: "group", values: drawn.group.map((value, i) => (i < 5 ? null : value)) };
    const { issues, endpoints } = analyseMissingOutcomes({ ...request(drawn, "ipw"), covariates: [holes] });
    expect(issues[0]).toMatchObject({ code: "covariates-incomplete" });
    expect(issues[0].message).toMatch(/^5 cases/);
    expect(endpoints.binary?.n).toBe(55);
  });
});
