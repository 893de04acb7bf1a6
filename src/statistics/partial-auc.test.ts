import { describe, expect, it } from "vitest";
import golden from "../../tests/golden/statistics/r-models.json" with { type: "json" };
import { partialAuc } from "./partial-auc.ts";
import { auc } from "./roc.ts";

describe("a partial area under the ROC curve", () => {
  it.each(["specificity", "sensitivity"] as const)(
    "at a %s of at least 0.8 is pROC's, raw and corrected",
    (axis) => {
      for (const { outcome, scores, ...known } of golden.partial) {
        const found = partialAuc(scores, outcome.map(Boolean), { axis, least: 0.8 });
        expect(found.area).toBeCloseTo(known[axis][0], 10);
        expect(found.standardised).toBeCloseTo(known[axis][1], 10);
      }
    },
  );

  it("is the whole area from 0", () => {
    for (const { outcome, scores } of golden.partial) {
      const positive = outcome.map(Boolean);
      const whole = auc(scores, positive);
      expect(partialAuc(scores, positive, { axis: "specificity", least: 0 }).area).toBeCloseTo(whole, 12);
      expect(partialAuc(scores, positive, { axis: "sensitivity", least: 0 }).area).toBeCloseTo(whole, 12);
    }
  });

  it("is 1 where the score is perfect and one half where it is constant, once rescaled", () => {
    const part = { axis: "specificity", least: 0.9 } as const;
    expect(partialAuc([1, 2, 3, 4], [false, false, true, true], part).standardised).toBe(1);
    expect(partialAuc([1, 1, 1, 1], [false, false, true, true], part).standardised).toBeCloseTo(0.5, 12);
  });

  it("refuses a part without width", () => {
    expect(() => partialAuc([1, 2], [true, false], { axis: "specificity", least: 1 })).toThrow(
      /from 0 to below 1/,
    );
  });
});
