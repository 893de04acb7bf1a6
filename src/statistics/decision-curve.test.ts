import { describe, expect, it } from "vitest";
import golden from "../../tests/golden/statistics/resampling.json" with { type: "json" };
import { decisionCurve } from "./decision-curve.ts";

describe("a decision curve", () => {
  it("has the net benefits of dcurves", () => {
    const { probabilities, outcome, thresholds, p, all } = golden.decision;
    const curve = decisionCurve(probabilities, outcome.map(Boolean), thresholds);
    curve.forEach(({ model, treatAll, treatNone }, i) => {
      expect(model).toBeCloseTo(p[i], 10);
      expect(treatAll).toBeCloseTo(all[i], 10);
      expect(treatNone).toBe(0);
    });
  });

  it("of perfect probabilities is the prevalence everywhere", () => {
    const curve = decisionCurve([0, 1, 1, 0], [false, true, true, false], [0.2, 0.9]);
    expect(curve.map(({ model }) => model)).toEqual([0.5, 0.5]);
  });

  it("refuses what is no probability", () => {
    expect(() => decisionCurve([0.2, 1.2], [true, false], [0.5])).toThrow(/from 0 to 1/);
    expect(() => decisionCurve([0.2], [true], [1])).toThrow(/between 0 and 1/);
    expect(() => decisionCurve([], [], [0.5])).toThrow(/at least one case/);
  });
});
