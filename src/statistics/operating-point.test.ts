import { describe, expect, it } from "vitest";
import golden from "../../tests/golden/statistics/resampling.json" with { type: "json" };
import { chooseThreshold, operatingPoint, proportion } from "./operating-point.ts";

const scores = [0.1, 0.2, 0.35, 0.4, 0.4, 0.6, 0.7, 0.9];
const positive = [false, false, true, false, true, false, true, true];

describe("a threshold", () => {
  it("by Youden's rule has the greatest sensitivity and specificity of all", () => {
    const threshold = chooseThreshold(scores, positive, { rule: "youden" });
    const worth = (t: number) => {
      const { sensitivity, specificity } = operatingPoint(scores, positive, t);
      return (sensitivity.value ?? 0) + (specificity.value ?? 0);
    };
    for (const other of scores) expect(worth(threshold)).toBeGreaterThanOrEqual(worth(other));
  });

  it("keeps the rate that is asked for, and the best of the other", () => {
    const sensitive = operatingPoint(
      scores,
      positive,
      chooseThreshold(scores, positive, { rule: "sensitivity", atLeast: 0.75 }),
    );
    expect(sensitive.sensitivity).toMatchObject({ successes: 3, n: 4 });
    expect(sensitive.specificity).toMatchObject({ successes: 2, n: 4 });
    const specific = operatingPoint(
      scores,
      positive,
      chooseThreshold(scores, positive, { rule: "specificity", atLeast: 1 }),
    );
    expect(specific.specificity.value).toBe(1);
    expect(specific.sensitivity).toMatchObject({ successes: 2, n: 4 });
  });

  it("above all scores calls nobody positive, and the predictive value is then unknown", () => {
    const point = operatingPoint(
      [1, 2],
      [true, false],
      chooseThreshold([1, 2], [true, false], { rule: "specificity", atLeast: 1 }),
    );
    expect(point.sensitivity.value).toBe(0);
    expect(point.positivePredictiveValue).toEqual({ successes: 0, n: 0, value: null, ci: null });
  });

  it("refuses a rate outside 0 to 1", () => {
    expect(() => chooseThreshold(scores, positive, { rule: "sensitivity", atLeast: 2 })).toThrow(/at most 1/);
  });
});

describe("a proportion", () => {
  it("has SciPy's Wilson interval", () => {
    for (const { successes, n, ci } of golden.proportions) {
      const found = proportion(successes, n);
      expect(found.ci?.[0]).toBeCloseTo(ci[0], 10);
      expect(found.ci?.[1]).toBeCloseTo(ci[1], 10);
    }
  });
});
