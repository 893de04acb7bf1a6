import { describe, expect, it } from "vitest";
import golden from "../../tests/golden/statistics/resampling.json" with { type: "json" };
import { bcaInterval } from "./bca.ts";

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("the BCa interval", () => {
  it("is SciPy's on the same resamples", () => {
    for (const { values, resampled, ci } of golden.bca) {
      const jackknife = values.map((_, i) => mean(values.filter((_, j) => j !== i)));
      const found = bcaInterval(mean(values), Float64Array.from(resampled), jackknife);
      expect(found?.[0]).toBeCloseTo(ci[0], 8);
      expect(found?.[1]).toBeCloseTo(ci[1], 8);
    }
  });

  it("is the percentile interval where resamples are symmetric and no case weighs more than another", () => {
    const resampled = Float64Array.from({ length: 2001 }, (_, i) => (i - 1000) / 1000);
    const found = bcaInterval(0, resampled, [1, -1, 1, -1]);
    expect(found?.[0]).toBeCloseTo(-0.95, 3);
    expect(found?.[1]).toBeCloseTo(0.95, 3);
  });

  it("does not exist where all resamples lie on one side, or too many are undefined", () => {
    expect(bcaInterval(0, Float64Array.of(1, 2, 3), [1, 2])).toBeNull();
    expect(bcaInterval(1, Float64Array.of(0, 2, Number.NaN), [1, 2])).toBeNull();
  });
});
