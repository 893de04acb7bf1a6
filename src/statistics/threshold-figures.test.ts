import { describe, expect, it } from "vitest";
import { outcomeOfScore, type PathologyOutcome } from "../domain/outcome.ts";
import { probabilityFigures, type ScoredCases, thresholdFigures } from "./threshold-figures.ts";

const AREA = { axis: "specificity", least: 0.8 } as const;
const YOUDEN = { rule: "youden" } as const;

const rcb = (scores: readonly (number | null)[], outcomes: readonly PathologyOutcome[]): ScoredCases => ({
  outcome: { kind: "rcb", values: outcomes },
  models: [{ name: "m", scores }],
});

describe("A threshold fixed on training cases", () => {
  const burdens = [0, 0, 0, 1, 2, 3, 4, 2.5].map(outcomeOfScore);
  const training = rcb([0.1, 0.3, 0.9, 0.8, 1.5, 2, 3, 2.5], burdens);

  it("is read downwards for complete response and upwards for RCB-II or III", () => {
    const figures = thresholdFigures(
      training,
      rcb([0.2, 0.5, 1, 1.2, 0.7, 2.2, 3, 2], burdens),
      YOUDEN,
      AREA,
    );
    const [pcr, groups] = figures;
    // In training, up to 0.9 all 3 complete responses and 1 of 5 others are called; from 1.5 all 4 of RCB-II or III and nobody else.
    expect([pcr.endpoint, pcr.calls, pcr.threshold]).toEqual(["pcr", "at-most", 0.9]);
    expect([groups.endpoint, groups.calls, groups.threshold]).toEqual(["rcb-auc", "at-least", 1.5]);
    expect([pcr.sensitivity.successes, pcr.sensitivity.n]).toEqual([2, 3]);
    expect([pcr.specificity.successes, pcr.specificity.n]).toEqual([4, 5]);
    expect([groups.sensitivity.successes, groups.sensitivity.n]).toEqual([3, 4]);
    expect([groups.specificity.successes, groups.specificity.n]).toEqual([4, 4]);
    expect([groups.positivePredictiveValue.value, groups.negativePredictiveValue.value]).toEqual([1, 0.8]);
  });

  it("does not move with the test cases' outcomes", () => {
    const scores = [0.2, 0.5, 1, 1.2, 0.7, 2.2, 3, 2];
    const turned = thresholdFigures(training, rcb(scores, [...burdens].reverse()), YOUDEN, AREA);
    const straight = thresholdFigures(training, rcb(scores, burdens), YOUDEN, AREA);
    expect(turned.map(({ threshold }) => threshold)).toEqual(straight.map(({ threshold }) => threshold));
    expect(turned[0].sensitivity.value).not.toBe(straight[0].sensitivity.value);
  });

  it("keeps an asked specificity on the training cases, and calls nobody where none is high enough", () => {
    const rule = { rule: "specificity", atLeast: 1 } as const;
    const worst = rcb([9, 9, 9, 1, 2, 3, 4, 5], burdens);
    const [, none] = thresholdFigures(worst, training, rule, AREA);
    expect(none.threshold).toBeNull();
    expect(none.sensitivity.successes).toBe(0);
    expect(none.positivePredictiveValue.value).toBeNull();
    const [, kept] = thresholdFigures(training, training, rule, AREA);
    expect(kept.specificity.value).toBe(1);
  });

  it("leaves out a model that lacks a class in either set", () => {
    const onlyComplete = rcb([1, 2], [0, 0].map(outcomeOfScore));
    expect(thresholdFigures(training, onlyComplete, YOUDEN, AREA)).toEqual([]);
    expect(
      thresholdFigures(
        rcb(
          burdens.map(() => null),
          burdens,
        ),
        training,
        YOUDEN,
        AREA,
      ),
    ).toEqual([]);
  });
});

describe("Probabilities of residual disease", () => {
  const outcomes = [true, true, false, false, true, false, false, false, false, false].map(
    (pcr): PathologyOutcome => ({ rcbScore: null, rcbClass: null, pcr }),
  );

  it("are turned into those of complete response", () => {
    const [figure] = probabilityFigures(rcb([0.2, 0.4, 0.9, 0.8, 0.6, 0.7, 0.9, 0.5, 0.8, 0.3], outcomes));
    const complete = [0.8, 0.6, 0.1, 0.2, 0.4, 0.3, 0.1, 0.5, 0.2, 0.7];
    const brier =
      complete.reduce((sum, p, i) => sum + (p - (outcomes[i].pcr ? 1 : 0)) ** 2, 0) / complete.length;
    expect(figure.brier).toBeCloseTo(brier, 12);
    // At 50 %, two of three responses and two others are called.
    const half = figure.decision.find(({ threshold }) => threshold === 0.5);
    expect(half?.model).toBeCloseTo((2 - 2) / 10, 12);
    expect(half?.treatAll).toBeCloseTo((3 - 7) / 10, 12);
    expect(figure.groups.map(({ observed }) => observed.n)).toEqual([5, 5]);
  });
});
