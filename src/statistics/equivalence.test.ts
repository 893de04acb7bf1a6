import { describe, expect, it } from "vitest";
import { equivalenceTest, nonInferiorityTest } from "./equivalence.ts";

describe("tests against a margin", () => {
  it("agree with their interval: p < 5 % where, and only where, the 90 % interval lies within", () => {
    for (const difference of [-0.09, -0.02, 0, 0.013, 0.05, 0.1]) {
      for (const standardError of [0.005, 0.02, 0.04, 0.2]) {
        const { p, ci } = equivalenceTest({ difference, standardError }, 0.05);
        expect(p < 0.05).toBe(ci[0] > -0.05 && ci[1] < 0.05);
        const worse = nonInferiorityTest({ difference, standardError }, 0.05);
        expect(worse.p < 0.05).toBe(worse.ci[0] > -0.05);
      }
    }
  });

  it("have normal tails: two standard errors inside the margin is 2.28 %", () => {
    expect(nonInferiorityTest({ difference: 0, standardError: 0.05 }, 0.1).p).toBeCloseTo(
      0.02275013194817921,
      12,
    );
    expect(equivalenceTest({ difference: 0, standardError: 0.05 }, 0.1).p).toBeCloseTo(
      0.02275013194817921,
      12,
    );
  });

  it("decide by the value alone where there is no error", () => {
    expect(equivalenceTest({ difference: 0, standardError: 0 }, 0.1).p).toBe(0);
    expect(equivalenceTest({ difference: 0.2, standardError: 0 }, 0.1).p).toBe(1);
  });

  it("refuse a margin of 0", () => {
    expect(() => equivalenceTest({ difference: 0, standardError: 1 }, 0)).toThrow(/positive margin/);
  });
});
