import { describe, expect, it } from "vitest";
import {
  type ProbabilityFigure,
  probabilityFigures,
  thresholdFigures,
} from "../../statistics/threshold-figures.ts";
import { modelStyles } from "../figures/palette.ts";
import { probabilityPart, thresholdTable } from "./threshold-tables.ts";

const outcomes = [true, true, true, false, false, false, false, false, true, false].map((pcr) => ({
  rcbScore: null,
  rcbClass: null,
  pcr,
}));
const cases = {
  outcome: { kind: "rcb" as const, values: outcomes },
  models: [{ name: "a < b", scores: [0.1, 0.3, 0.6, 0.9, 0.8, 0.4, 0.7, 0.9, 0.5, 0.6] }],
};

describe("The table at a fixed threshold", () => {
  it("names the rule, the way of reading and the counts, and escapes model names", () => {
    const area = { axis: "specificity", least: 0.8 } as const;
    const figures = thresholdFigures(cases, cases, { rule: "sensitivity", atLeast: 0.9 }, area);
    const text = thresholdTable(figures)?.markup ?? "";
    expect(text).toContain("a &lt; b");
    expect(text).toContain("≤ 0.60");
    expect(text).toContain("4/4");
    expect(text).toContain("sensitivity of at least 0.9");
    expect(text).toContain("specificity ≥ 0.8");
  });

  it("is left out where no figure was made", () => {
    expect(thresholdTable([])).toBeNull();
    expect(probabilityPart("id", [], modelStyles([]))).toEqual({ body: null, figures: [] });
  });
});

describe("Decision curves", () => {
  const [figure] = probabilityFigures(cases);

  it("draw each model beside all and none, and stop where net benefit no longer matters", () => {
    const { figures, body } = probabilityPart("models-test-fixed", [figure], modelStyles(["a < b"]));
    expect(figures.map(({ name }) => name)).toEqual(["models-test-fixed-pcr-decision-curve"]);
    expect(figures[0].svg).toContain("all as positive");
    expect(figures[0].svg).not.toMatch(/NaN|Infinity/);
    expect(body?.markup).toContain(figures[0].svg);
  });

  it("are drawn of a model that is harmful everywhere", () => {
    const harmful: ProbabilityFigure = {
      ...figure,
      decision: figure.decision.map((point) => ({ ...point, model: -1 })),
    };
    const { figures } = probabilityPart("x", [harmful], modelStyles(["a < b"]));
    expect(figures[0].svg).not.toMatch(/NaN|Infinity/);
  });
});
