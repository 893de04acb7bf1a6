import fc from "fast-check";
import { expect, it } from "vitest";
import golden from "../../tests/golden/statistics/python.json" with { type: "json" };
import { isConstant, levelsOf, midRankOfLevel, midRanks, negatedLevels, subsetLevels } from "./levels.ts";

const tiedValues = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 30 });

/** The obvious twin: half a rank for every tied case, itself included, and a whole one for every lower case. */
function slowMidRank(values: readonly number[], value: number): number {
  const below = values.filter((other) => other < value).length;
  const tied = values.filter((other) => other === value).length;
  return below + (tied + 1) / 2;
}

it("gives tied values the mean of their ranks, as SciPy does", () => {
  for (const { x, ranksX } of golden.spearman) expect([...midRanks(x)]).toEqual(ranksX);
});

it("agrees with counting lower and tied cases", () => {
  fc.assert(
    fc.property(tiedValues, (values) => {
      expect([...midRanks(values)]).toEqual(values.map((value) => slowMidRank(values, value)));
    }),
  );
});

it("puts -0 and 0 on one level", () => {
  expect([...levelsOf([0, -0, -1]).of]).toEqual([1, 1, 0]);
});

it("reverses the ranks of negated values", () => {
  fc.assert(
    fc.property(tiedValues, (values) => {
      const negated = values.map((value) => -value);
      expect(negatedLevels(levelsOf(values))).toEqual(levelsOf(negated));
    }),
  );
});

it("ranks a subset and a resample as if its cases stood alone", () => {
  fc.assert(
    fc.property(
      tiedValues,
      fc.array(fc.nat({ max: 3 }), { minLength: 30, maxLength: 30 }),
      (values, times) => {
        const levels = levelsOf(values);
        const counts = Uint32Array.from(values, (_, i) => times[i]);
        const drawn = values.flatMap((value, i) => Array.from({ length: counts[i] }, () => value));
        const { rank } = midRankOfLevel(levels, counts);
        values.forEach((value, i) => {
          if (counts[i] > 0) expect(rank[levels.of[i]]).toBe(slowMidRank(drawn, value));
        });
        const rows = Uint32Array.from(counts.keys()).filter((row) => counts[row] > 0);
        const subset = subsetLevels(levels, rows);
        const alone = [...rows].map((row) => values[row]);
        const subsetRank = midRankOfLevel(subset).rank;
        expect([...subset.of].map((level) => subsetRank[level])).toEqual(
          alone.map((value) => slowMidRank(alone, value)),
        );
      },
    ),
  );
});

it("tells constant values from others", () => {
  expect(isConstant(levelsOf([3, 3, 3]))).toBe(true);
  expect(isConstant(levelsOf([3, 3, 3.0000001]))).toBe(false);
});

it.each([Number.NaN, Number.POSITIVE_INFINITY])("refuses %s and says which case holds it", (bad) => {
  expect(() => levelsOf([1, bad, 2])).toThrow(/case 2/);
});
