import { describe, expect, it } from "vitest";
import python from "../../tests/golden/statistics/python.json" with { type: "json" };
import r from "../../tests/golden/statistics/r.json" with { type: "json" };
import { brierScore, calibrationLine, regressionError } from "./calibration.ts";

describe("the calibration line", () => {
  it("agrees with R's lm and confint", () => {
    const { predicted, observed, coefficients, interceptCi, slopeCi } = r.calibration;
    const line = calibrationLine(predicted, observed)!;
    const pairs: [number, number][] = [
      [line.intercept, coefficients[0]],
      [line.slope, coefficients[1]],
      [line.interceptCi[0], interceptCi[0]],
      [line.interceptCi[1], interceptCi[1]],
      [line.slopeCi[0], slopeCi[0]],
      [line.slopeCi[1], slopeCi[1]],
    ];
    for (const [found, expected] of pairs) expect(found).toBeCloseTo(expected, 10);
  });

  it("has intercept 0 and slope 1 for perfect predictions", () => {
    const line = calibrationLine([0, 1, 2, 4], [0, 1, 2, 4])!;
    expect(line.intercept).toBeCloseTo(0, 12);
    expect(line.slope).toBeCloseTo(1, 12);
  });

  it("is undefined for constant predictions and below three cases", () => {
    // The mean of three times 0.1 is not 0.1.
    for (const value of [2, 0.1]) expect(calibrationLine([value, value, value], [1, 2, 3])).toBeNull();
    expect(calibrationLine([1, 2], [1, 2])).toBeNull();
  });
});

describe("errors of predictions", () => {
  it("agree with scikit-learn", () => {
    const { predicted, observed, r2, meanAbsoluteError, rootMeanSquareError } = python.errors;
    const error = regressionError(predicted, observed)!;
    expect(error.r2).toBeCloseTo(r2, 12);
    expect(error.meanAbsoluteError).toBeCloseTo(meanAbsoluteError, 12);
    expect(error.rootMeanSquareError).toBeCloseTo(rootMeanSquareError, 12);
    const { probabilities, positive, score } = python.brier;
    const flags = positive.map((value) => value === 1);
    expect(brierScore(probabilities, flags)).toBeCloseTo(score, 12);
  });

  it("hold the sign of a bias", () => {
    expect(regressionError([2, 3], [1, 2])).toMatchObject({ bias: 1, meanAbsoluteError: 1, r2: -3 });
  });

  it("are undefined without cases, and R² without variance", () => {
    expect(regressionError([], [])).toBeNull();
    expect(brierScore([], [])).toBeNull();
    expect(regressionError([1, 2, 3], [0.1, 0.1, 0.1])!.r2).toBeNull();
  });

  it("refuse missing values, impossible probabilities and unequal lengths", () => {
    expect(() => regressionError([1, Number.NaN], [1, 2])).toThrow(/case 2/);
    expect(() => brierScore([1.2], [true])).toThrow(/probability 1.2/);
    expect(() => calibrationLine([1], [1, 2])).toThrow(/1 predictions and 2 outcomes/);
  });
});
