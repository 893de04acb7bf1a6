import { describe, expect, it } from "vitest";
import golden from "../../tests/golden/statistics/resampling.json" with { type: "json" };
import { pearson } from "./pearson.ts";

describe("Pearson's correlation", () => {
  it("has SciPy's value, p and interval", () => {
    for (const { x, y, pearson: known } of golden.correlations) {
      const found = pearson(x, y);
      expect(found?.r).toBeCloseTo(known.r, 12);
      expect(found?.p).toBeCloseTo(known.p, 10);
      expect(found?.ci?.[0]).toBeCloseTo(known.ci[0], 10);
      expect(found?.ci?.[1]).toBeCloseTo(known.ci[1], 10);
    }
  });

  it("does not change with units, and turns with the sign", () => {
    const { x, y } = golden.correlations[0];
    const scaled = pearson(
      x.map((value) => 1e6 + 3 * value),
      y.map((value) => -value),
    );
    expect(scaled?.r).toBeCloseTo(-(pearson(x, y)?.r ?? 0), 9);
  });

  it("is undefined for two cases or a constant side, and has no interval with three", () => {
    expect(pearson([1, 2], [2, 1])).toBeNull();
    expect(pearson([1, 1, 1, 1], [2, 1, 3, 4])).toBeNull();
    expect(pearson([1, 2, 4], [2, 1, 3])?.ci).toBeNull();
  });

  it("refuses values that are missing or of another number", () => {
    expect(() => pearson([1, 2, Number.NaN], [1, 2, 3])).toThrow(/case 3/);
    expect(() => pearson([1, 2, 3], [1, 2])).toThrow(/3 and 2 values/);
  });
});
