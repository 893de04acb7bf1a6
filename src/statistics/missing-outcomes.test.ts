import { describe, expect, it } from "vitest";
import golden from "../../tests/golden/statistics/r-models.json" with { type: "json" };
import { deriveKey, RandomStream, randomKey } from "../domain/random.ts";
import { normalQuantile } from "./distributions.ts";
import {
  imputeBinaryOutcome,
  inverseProbabilityWeights,
  poolEstimates,
  weightedAuc,
} from "./missing-outcomes.ts";
import { auc } from "./roc.ts";

const key = randomKey(17);

/** Patients whose outcome is less often known the higher a covariate that also speaks for it. */
function cohort(n: number) {
  const stream = new RandomStream(deriveKey(key, "cohort"));
  const normal = () => normalQuantile((stream.uint32() + 0.5) / 2 ** 32);
  const covariate = Array.from({ length: n }, normal);
  const score = covariate.map((value) => 0.6 * value + normal());
  const truth = covariate.map(
    (value, i) => stream.uniform() < 1 / (1 + Math.exp(-(value + 0.5 * score[i] - 0.5))),
  );
  const known = covariate.map((value) => (stream.uniform() < 1 / (1 + Math.exp(1.2 * value)) ? 1 : 0));
  return { covariate, score, truth, known };
}

describe("measures with missing outcomes", () => {
  it("come nearer the truth than complete cases do, by weighting and by imputing", () => {
    const { covariate, score, truth, known } = cohort(40_000);
    const whole = auc(score, truth);
    const rows = known.flatMap((flag, i) => (flag === 1 ? [i] : []));
    const complete = auc(
      rows.map((i) => score[i]),
      rows.map((i) => truth[i]),
    );
    const weighted = weightedAuc(score, truth, inverseProbabilityWeights([covariate], known));
    const completed = imputeBinaryOutcome(
      [covariate, score],
      truth.map((value, i) => (known[i] === 1 ? value : null)),
      5,
      deriveKey(key, "impute"),
    );
    const imputed = completed.reduce((sum, outcome) => sum + auc(score, outcome) / completed.length, 0);
    expect(Math.abs(complete - whole)).toBeGreaterThan(0.01);
    expect(Math.abs(weighted - whole)).toBeLessThan(0.5 * Math.abs(complete - whole));
    expect(Math.abs(imputed - whole)).toBeLessThan(0.5 * Math.abs(complete - whole));
  });

  it("leave known outcomes as they are and fill in the same ones for the same key", () => {
    const { covariate, truth, known } = cohort(60);
    const outcome = truth.map((value, i) => (known[i] === 1 ? value : null));
    const [first] = imputeBinaryOutcome([covariate], outcome, 2, key);
    outcome.forEach((value, i) => {
      if (value !== null) expect(first[i]).toBe(value);
    });
    expect(imputeBinaryOutcome([covariate], outcome, 2, key)[0]).toEqual(first);
  });

  it("are the unweighted AUC where all weights are equal, ties included", () => {
    const scores = [1, 2, 2, 3, 3, 5];
    const positive = [false, true, false, true, false, true];
    expect(weightedAuc(scores, positive, [2, 2, 2, 2, 2, 2])).toBeCloseTo(auc(scores, positive), 12);
  });

  it("count a case of weight 2 as two cases", () => {
    const scores = [1, 2, 2, 3];
    const positive = [false, true, false, true];
    const doubled = auc([...scores, 2], [...positive, false]);
    expect(weightedAuc(scores, positive, [1, 1, 2, 1])).toBeCloseTo(doubled, 12);
  });

  it("weigh every case alike where nothing is missing", () => {
    expect([...inverseProbabilityWeights([[1, 2, 3]], [1, 1, 1])]).toEqual([1, 1, 1]);
  });

  it("refuse covariates that tell exactly who is missing", () => {
    expect(() => inverseProbabilityWeights([[1, 2, 3, 4]], [0, 0, 1, 1])).toThrow(/overlap/);
  });
});

describe("pooled imputations", () => {
  it("follow Rubin's rules as mice does", () => {
    for (const { estimates, variances, completeDegrees, ...known } of golden.pooled) {
      const found = poolEstimates(estimates, variances, completeDegrees);
      expect(found.estimate).toBeCloseTo(known.estimate, 12);
      expect(found.standardError).toBeCloseTo(known.standardError, 12);
      expect(found.ci[0]).toBeCloseTo(known.ci[0], 8);
      expect(found.ci[1]).toBeCloseTo(known.ci[1], 8);
      expect(found.missingInformation).toBeCloseTo(known.missingInformation, 10);
    }
  });

  it("refuse a single imputation", () => {
    expect(() => poolEstimates([1], [1], 10)).toThrow(/at least two/);
  });
});
