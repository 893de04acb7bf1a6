import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RandomStream, randomKey } from "../domain/random.ts";
import { intraclassCorrelation } from "./intraclass.ts";

const golden = JSON.parse(
  readFileSync(new URL("../../tests/golden/features/icc.json", import.meta.url), "utf8"),
) as { cases: { name: string; table: number[][]; icc: number }[] };

function measured(seed: number, subjects: number, noise: number): number[][] {
  const draw = new RandomStream(randomKey(seed));
  return Array.from({ length: subjects }, () => {
    const own = draw.normal();
    return Array.from({ length: 3 }, () => own + draw.normal(0, noise));
  });
}

describe("intraclassCorrelation", () => {
  it.each(golden.cases)("agrees with pingouin: $name", ({ table, icc }) => {
    const found = intraclassCorrelation({ subjects: table });
    expect(found.icc).toBeCloseTo(icc, 8);
    expect(found.n).toBe(table.length);
  });

  it("is the ratio of variances that the measurements were drawn with, also where groups differ", () => {
    const subjects = measured(4, 4000, 0.5).map((row, i) => row.map((value) => value + 100 * (i % 4)));
    const groups = subjects.map((_, i) => i % 4);
    expect(intraclassCorrelation({ subjects, groups }).icc).toBeCloseTo(1 / 1.25, 2);
    expect(intraclassCorrelation({ subjects }).icc).toBeGreaterThan(0.999);
  });

  it("does not see what differs between groups, nor units", () => {
    const subjects = measured(5, 30, 0.8);
    const groups = subjects.map((_, i) => i % 3);
    const { icc } = intraclassCorrelation({ subjects, groups });
    const moved = subjects.map((row, i) => row.map((value) => 7 * value + 40 * groups[i]));
    expect(intraclassCorrelation({ subjects: moved, groups }).icc).toBeCloseTo(icc, 10);
  });

  it("counts bias between conditions against agreement", () => {
    const subjects = measured(6, 50, 0.1);
    const biased = subjects.map(([a, b, c]) => [a, b + 2, c]);
    expect(intraclassCorrelation({ subjects }).icc).toBeGreaterThan(0.95);
    expect(intraclassCorrelation({ subjects: biased }).icc).toBeLessThan(0.6);
  });

  it("leaves out subjects with a missing value, and groups of one", () => {
    const subjects = measured(7, 10, 0.3);
    const { icc } = intraclassCorrelation({ subjects });
    const more = [...subjects, [1, Number.NaN, 3], [50, 60, 70]];
    const groups = more.map((_, i) => (i === 11 ? 1 : 0));
    expect(intraclassCorrelation({ subjects: more, groups })).toEqual({ icc, n: 10 });
  });

  it("is undefined where nothing varies or nobody is complete", () => {
    expect(intraclassCorrelation({ subjects: Array(5).fill([0.1, 0.1, 0.1]) })).toEqual({
      icc: Number.NaN,
      n: 5,
    });
    expect(intraclassCorrelation({ subjects: [[1, 2]] })).toEqual({ icc: Number.NaN, n: 0 });
    expect(intraclassCorrelation({ subjects: [] })).toEqual({ icc: Number.NaN, n: 0 });
  });

  it("refuses a single condition", () => {
    expect(() => intraclassCorrelation({ subjects: [[1], [2]] })).toThrow(
      expect.objectContaining({ code: "icc-conditions" }),
    );
  });
});
