import { describe, expect, it } from "vitest";
import golden from "../../tests/golden/statistics/resampling.json" with { type: "json" };
import { RandomStream, randomKey } from "../domain/random.ts";
import { kendall } from "./kendall.ts";

/** τ-b by looking at all pairs. */
function slowTau(x: readonly number[], y: readonly number[]): number {
  let [score, xPairs, yPairs] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    for (let j = 0; j < i; j++) {
      const [dx, dy] = [Math.sign(x[i] - x[j]), Math.sign(y[i] - y[j])];
      score += dx * dy;
      xPairs += dx ** 2;
      yPairs += dy ** 2;
    }
  }
  return score / Math.sqrt(xPairs * yPairs);
}

describe("Kendall's correlation", () => {
  it("has SciPy's τ-b and asymptotic p, ties included", () => {
    for (const { x, y, kendall: known } of golden.correlations) {
      expect(kendall(x, y)?.tau).toBeCloseTo(known.tau, 12);
      expect(kendall(x, y)?.p).toBeCloseTo(known.p, 10);
    }
  });

  it("is what counting all pairs gives", () => {
    const stream = new RandomStream(randomKey(4));
    for (let round = 0; round < 30; round++) {
      const x = Array.from({ length: 25 }, () => stream.integer(6));
      const y = Array.from({ length: 25 }, () => stream.integer(9));
      expect(kendall(x, y)?.tau).toBeCloseTo(slowTau(x, y), 12);
    }
  });

  it("is undefined for two cases or a constant side", () => {
    expect(kendall([1, 2], [2, 1])).toBeNull();
    expect(kendall([1, 2, 3], [5, 5, 5])).toBeNull();
  });

  it("has an interval that holds 95 % of the time with independent values", () => {
    const stream = new RandomStream(randomKey(5));
    let held = 0;
    for (let round = 0; round < 1000; round++) {
      const draw = () => Array.from({ length: 41 }, () => stream.uniform());
      const ci = kendall(draw(), draw())?.ci;
      if (ci && ci[0] <= 0 && ci[1] >= 0) held++;
    }
    // 99 % binomial interval of 1000 at 0.95, widened by the 1 % that the approximation may be off.
    expect(held).toBeGreaterThan(920);
    expect(held).toBeLessThan(980);
  });
});
