import { describe, expect, it } from "vitest";
import r from "../../tests/golden/statistics/r.json" with { type: "json" };
import { RandomStream, randomKey } from "../domain/random.ts";
import { spearman } from "./correlation.ts";
import { mengTest, steigerTest, williamsTest, zouInterval } from "./dependent-correlations.ts";
import { type Interval, normalQuantile } from "./distributions.ts";

const TESTS = { williams: williamsTest, meng: mengTest, steiger: steigerTest };

/** Fisher's interval of Pearson's r, which Zou's paper uses. */
function fisher(correlation: number, n: number): Interval {
  const margin = normalQuantile(0.975) / Math.sqrt(n - 3);
  return [Math.tanh(Math.atanh(correlation) - margin), Math.tanh(Math.atanh(correlation) + margin)];
}

describe("tests of dependent correlations", () => {
  it("give Williams's t of the psych package", () => {
    for (const { n, first, second, between, t, p } of r.williams) {
      const test = williamsTest({ n, first, second, between });
      expect(test.statistic).toBeCloseTo(t, 10);
      expect(test.p).toBeCloseTo(p, 10);
    }
  });

  it("give Meng's published form its known value", () => {
    expect(mengTest({ n: 100, first: 0.2, second: 0.45, between: 0.8 }).statistic).toBeCloseTo(-4.1448, 4);
  });

  it.each(Object.entries(TESTS))("%s: swapping the predictors changes the sign only", (_, test) => {
    const forward = test({ n: 50, first: 0.3, second: 0.5, between: 0.4 });
    const backward = test({ n: 50, first: 0.5, second: 0.3, between: 0.4 });
    expect(backward.statistic).toBeCloseTo(-forward.statistic, 12);
    expect(backward.p).toBeCloseTo(forward.p, 12);
  });

  it.each(Object.entries(TESTS))("%s: a predictor does not differ from itself", (_, test) => {
    expect(test({ n: 50, first: 0.5, second: 0.5, between: 1 })).toEqual({ statistic: 0, p: 1 });
  });

  it.each(Object.entries(TESTS))("%s: refuses three cases", (_, test) => {
    expect(() => test({ n: 3, first: 0.5, second: 0.4, between: 0.5 })).toThrow(/3 cases/);
  });

  it.each(Object.entries(TESTS))("%s: rejects a true null on ranks about 5 times in 100", (_, test) => {
    const simulations = 2000;
    const n = 105;
    const stream = new RandomStream(randomKey(11));
    let rejections = 0;
    for (let s = 0; s < simulations; s++) {
      const outcome = Array.from({ length: n }, () => stream.normal());
      const predictor = () => outcome.map((value) => 0.6 * value + stream.normal());
      const [a, b] = [predictor(), predictor()];
      const first = spearman(a, outcome)!.rho;
      const second = spearman(b, outcome)!.rho;
      if (test({ n, first, second, between: spearman(a, b)!.rho }).p < 0.05) rejections++;
    }
    // These tests are approximations on ranks: within 1.5 points beyond the error of the simulation.
    expect(Math.abs(rejections / simulations - 0.05)).toBeLessThan(0.015 + 0.0126);
  });
});

describe("Zou's interval of a difference", () => {
  it("gives the example of Zou 2007", () => {
    const correlations = { n: 66, first: 0.396, second: 0.179, between: 0.088 };
    const [low, high] = zouInterval(correlations, fisher(0.396, 66), fisher(0.179, 66));
    expect(low).toBeCloseTo(-0.093, 3);
    expect(high).toBeCloseTo(0.517, 3);
  });

  it("mirrors where the predictors are swapped", () => {
    const [low, high] = zouInterval(
      { n: 40, first: 0.5, second: 0.2, between: 0.3 },
      [0.2, 0.7],
      [-0.1, 0.5],
    );
    const mirror = zouInterval({ n: 40, first: 0.2, second: 0.5, between: 0.3 }, [-0.1, 0.5], [0.2, 0.7]);
    expect(mirror[0]).toBeCloseTo(-high, 12);
    expect(mirror[1]).toBeCloseTo(-low, 12);
  });
});
