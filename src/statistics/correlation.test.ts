import { describe, expect, it } from "vitest";
import golden from "../../tests/golden/statistics/python.json" with { type: "json" };
import { spearman, spearmanInterval } from "./correlation.ts";

describe("Spearman's correlation", () => {
  it("agrees with scipy.stats.spearmanr in ρ and p", () => {
    for (const { x, y, rho, p } of golden.spearman) {
      const result = spearman(x, y)!;
      expect(result.rho).toBeCloseTo(rho, 12);
      expect(result.p / p).toBeCloseTo(1, 8);
    }
  });

  it("depends on order only, and changes sign with either side", () => {
    const { x, y } = golden.spearman[1];
    const result = spearman(x, y)!;
    const grown = x.map((value) => Math.exp(value));
    expect(spearman(grown, y)).toEqual(result);
    const negated = x.map((value) => -value);
    expect(spearman(negated, y)!.rho).toBeCloseTo(-result.rho, 14);
    expect(spearman(y, x)!.rho).toBeCloseTo(result.rho, 14);
  });

  it("is undefined below three cases and for constant values", () => {
    expect(spearman([1, 2], [1, 2])).toBeNull();
    expect(spearman([1, 2, 3], [5, 5, 5])).toBeNull();
  });

  it("is exactly 1 for the same order", () => {
    expect(spearman([1, 2, 2, 9], [0, 3, 3, 4])).toEqual({ n: 4, rho: 1, ci: [1, 1], p: 0 });
  });

  it("refuses values that are not in pairs", () => {
    expect(() => spearman([1, 2, 3], [1, 2])).toThrow(/3 and 2 values/);
  });
});

describe("the interval", () => {
  it("is Fisher's with the standard error of Bonett and Wright", () => {
    // ρ 0.5 of 41 cases: z 0.549306 ± 1.959964 · sqrt(1.125 / 38).
    const [low, high] = spearmanInterval(0.5, 41)!;
    expect(low).toBeCloseTo(Math.tanh(0.5493061443 - 0.337233), 5);
    expect(high).toBeCloseTo(Math.tanh(0.5493061443 + 0.337233), 5);
    expect([low.toFixed(2), high.toFixed(2)]).toEqual(["0.21", "0.71"]);
  });

  it("needs four cases", () => {
    expect(spearmanInterval(0.5, 3)).toBeNull();
  });
});
