import fc from "fast-check";
import { describe, expect, it } from "vitest";
import python from "../../tests/golden/statistics/python.json" with { type: "json" };
import r from "../../tests/golden/statistics/r.json" with { type: "json" };
import { auc, rocCurve } from "./roc.ts";

const toBoolean = (values: readonly number[]) => values.map((value) => value === 1);

/** Tied scores with at least one case of each class. */
const cases = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.boolean()), { minLength: 2, maxLength: 40 })
  .filter((rows) => rows.some(([, positive]) => positive) && rows.some(([, positive]) => !positive))
  .map((rows) => ({ scores: rows.map(([score]) => score), positive: rows.map(([, positive]) => positive) }));

/** The definition: every positive case against every negative one. */
function slowAuc(scores: readonly number[], positive: readonly boolean[]): number {
  let wins = 0;
  let pairs = 0;
  scores.forEach((score, i) => {
    scores.forEach((other, j) => {
      if (!positive[i] || positive[j]) return;
      pairs++;
      wins += score > other ? 1 : score === other ? 0.5 : 0;
    });
  });
  return wins / pairs;
}

describe("the area under the curve", () => {
  it("is the share of pairs in the right order, ties counting one half", () => {
    fc.assert(
      fc.property(cases, ({ scores, positive }) => {
        expect(auc(scores, positive)).toBeCloseTo(slowAuc(scores, positive), 12);
      }),
    );
  });

  it("agrees with scikit-learn", () => {
    for (const { scores, positive, auc: expected } of python.auc) {
      expect(auc(scores, toBoolean(positive))).toBeCloseTo(expected, 12);
    }
  });

  it("turns into its complement where scores are negated or classes swapped", () => {
    fc.assert(
      fc.property(cases, ({ scores, positive }) => {
        const area = auc(scores, positive);
        const negated = scores.map((score) => -score);
        expect(auc(negated, positive)).toBeCloseTo(1 - area, 12);
        const swapped = positive.map((value) => !value);
        expect(auc(scores, swapped)).toBeCloseTo(1 - area, 12);
      }),
    );
  });

  it("is the area by trapezia under the curve drawn", () => {
    fc.assert(
      fc.property(cases, ({ scores, positive }) => {
        const curve = rocCurve(scores, positive);
        let area = 0;
        for (let i = 1; i < curve.length; i++) {
          const width = curve[i].falsePositiveRate - curve[i - 1].falsePositiveRate;
          area += (width * (curve[i].truePositiveRate + curve[i - 1].truePositiveRate)) / 2;
        }
        expect(auc(scores, positive)).toBeCloseTo(area, 12);
      }),
    );
  });
});

describe("the curve", () => {
  it("has the operating points of pROC, one per distinct score and a corner", () => {
    for (const { a, outcome, curveA } of r.roc) {
      const curve = rocCurve(a, toBoolean(outcome)).reverse();
      expect(curve).toHaveLength(curveA.fpr.length);
      curve.forEach((point, i) => {
        expect(point.falsePositiveRate).toBeCloseTo(curveA.fpr[i], 12);
        expect(point.truePositiveRate).toBeCloseTo(curveA.tpr[i], 12);
      });
    }
  });

  it("calls a case positive from its threshold on", () => {
    expect(rocCurve([1, 2, 2, 3], [false, true, false, true])).toEqual([
      { threshold: null, falsePositiveRate: 0, truePositiveRate: 0 },
      { threshold: 3, falsePositiveRate: 0, truePositiveRate: 0.5 },
      { threshold: 2, falsePositiveRate: 0.5, truePositiveRate: 1 },
      { threshold: 1, falsePositiveRate: 1, truePositiveRate: 1 },
    ]);
  });

  it("refuses one class, and outcomes that do not match the scores", () => {
    expect(() => rocCurve([1, 2], [true, true])).toThrow(/2 positive and 0 negative/);
    expect(() => rocCurve([1, 2], [true])).toThrow(/2 scores and 1 outcomes/);
  });
});
