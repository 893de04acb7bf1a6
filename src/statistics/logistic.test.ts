import { describe, expect, it } from "vitest";
import golden from "../../tests/golden/statistics/r-models.json" with { type: "json" };
import { fitLogistic } from "./logistic.ts";
import { calibrationCurve, probabilityCalibration } from "./probability-calibration.ts";

const { probabilities, outcome, other, ...known } = golden.calibration;
const positive = outcome.map(Boolean);

describe("logistic regression", () => {
  it("has R's coefficients and covariances", () => {
    const logits = probabilities.map((p) => Math.log(p / (1 - p)));
    const fit = fitLogistic([logits, other], positive);
    expect(fit.converged).toBe(true);
    fit.coefficients.forEach((value, j) => {
      expect(value).toBeCloseTo(known.coefficients[j], 8);
      fit.covariance[j].forEach((entry, k) => {
        expect(entry).toBeCloseTo(known.covariance[j][k], 8);
      });
    });
  });

  it("says so where the classes can be separated", () => {
    expect(fitLogistic([[1, 2, 3, 4]], [false, false, true, true]).converged).toBe(false);
    expect(fitLogistic([], [true, true]).converged).toBe(false);
  });
});

describe("calibration of probabilities", () => {
  it("has R's intercept and slope with their Wald intervals", () => {
    const found = probabilityCalibration(probabilities, positive);
    expect(found.intercept).toBeCloseTo(known.intercept, 8);
    expect(found.slope).toBeCloseTo(known.slope, 8);
    for (const side of [0, 1]) {
      expect(found.interceptCi?.[side]).toBeCloseTo(known.interceptCi[side], 6);
      expect(found.slopeCi?.[side]).toBeCloseTo(known.slopeCi[side], 6);
    }
  });

  it("is undefined, not wrong, for one class", () => {
    expect(probabilityCalibration([0.2, 0.4], [true, true])).toMatchObject({ intercept: null, slope: null });
  });

  it("is drawn in groups that hold every case once and keep equal predictions together", () => {
    const curve = calibrationCurve(
      [0.1, 0.1, 0.1, 0.3, 0.5, 0.9],
      [false, false, true, false, true, true],
      3,
    );
    expect(curve.map(({ observed }) => [observed.successes, observed.n])).toEqual([
      [1, 3],
      [0, 1],
      [2, 2],
    ]);
    expect(curve[2].meanPredicted).toBeCloseTo(0.7, 12);
  });
});
