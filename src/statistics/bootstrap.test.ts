import { describe, expect, it } from "vitest";
import golden from "../../tests/golden/statistics/python.json" with { type: "json" };
import { RandomStream, randomKey } from "../domain/random.ts";
import { bootstrap, pairedDifferences, quantile, summarise } from "./bootstrap.ts";
import { spearmanOfLevels } from "./correlation.ts";
import { aucVariance, placements } from "./delong.ts";
import { levelsOf, midRanks } from "./levels.ts";
import { aucOfLevels } from "./roc.ts";

const stream = new RandomStream(randomKey(7));
const positive = Uint8Array.from({ length: 60 }, (_, i) => (i < 20 ? 1 : 0));
const scores = Array.from(positive, (value) => Math.round(2 * stream.normal(value)));
const others = scores.map((score) => score + Math.round(stream.normal(0, 2)));

/** The cases of a resample, one by one. */
function drawn(counts: Uint32Array): number[] {
  return [...counts].flatMap((times, row) => Array.from({ length: times }, () => row));
}

describe("counted statistics", () => {
  it("equal the statistics of the cases drawn", () => {
    const levels = levelsOf(scores);
    const otherLevels = levelsOf(others);
    const check = (counts: Uint32Array): number => {
      const rows = drawn(counts);
      const flags = rows.map((row) => positive[row]);
      const alone = levelsOf(rows.map((row) => scores[row]));
      expect(aucOfLevels(levels, positive, counts)).toBeCloseTo(aucOfLevels(alone, flags), 12);
      const x = midRanks(rows.map((row) => scores[row]));
      const y = midRanks(rows.map((row) => others[row]));
      const mean = (rows.length + 1) / 2;
      const sum = (a: Float64Array, b: Float64Array) =>
        a.reduce((total, value, i) => total + (value - mean) * (b[i] - mean), 0);
      const rho = sum(x, y) / Math.sqrt(sum(x, x) * sum(y, y));
      expect(spearmanOfLevels(levels, otherLevels, counts)).toBeCloseTo(rho, 12);
      return rho;
    };
    bootstrap({ cases: 60, key: randomKey(1), resamples: 100 }, [check]);
  });
});

describe("resampling", () => {
  it("keeps the size of each stratum and draws the same cases for every statistic", () => {
    const positivesDrawn = (counts: Uint32Array) =>
      counts.reduce((sum, times, i) => sum + times * positive[i], 0);
    const total = (counts: Uint32Array) => counts.reduce((sum, times) => sum + times, 0);
    const weighted = (counts: Uint32Array) => counts.reduce((sum, times, i) => sum + times * i, 0);
    const plan = { cases: 60, strata: positive, resamples: 200, key: randomKey(3) };
    const [positives, sizes, first, second] = bootstrap(plan, [positivesDrawn, total, weighted, weighted]);
    expect(new Set(positives)).toEqual(new Set([20]));
    expect(new Set(sizes)).toEqual(new Set([60]));
    expect(first).toEqual(second);
    expect(new Set(first).size).toBeGreaterThan(100);
  });

  it("repeats itself with the same key and not with another", () => {
    const first = (counts: Uint32Array) => counts[0];
    const run = (seed: number) => bootstrap({ cases: 60, resamples: 200, key: randomKey(seed) }, [first])[0];
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });

  it("draws every case once on average", () => {
    const each = Array.from({ length: 5 }, (_, row) => (counts: Uint32Array) => counts[row]);
    for (const times of bootstrap({ cases: 5, resamples: 20_000, key: randomKey(9) }, each)) {
      const mean = times.reduce((sum, value) => sum + value, 0) / times.length;
      // The standard error of the mean is sqrt(0.8 / 20,000) = 0.0063.
      expect(Math.abs(mean - 1)).toBeLessThan(0.025);
    }
  });

  it("finds the standard error that DeLong computes", () => {
    const levels = levelsOf(scores);
    const plan = { cases: 60, strata: positive, resamples: 4000, key: randomKey(5) };
    const [areas] = bootstrap(plan, [(counts) => aucOfLevels(levels, positive, counts)]);
    const isPositive = Array.from(positive, (value) => value === 1);
    const delong = Math.sqrt(aucVariance(placements(scores, isPositive))!);
    expect(summarise(areas)!.standardError / delong).toBeCloseTo(1, 1);
  });

  it("refuses fewer than 100 resamples", () => {
    expect(() => bootstrap({ cases: 3, resamples: 50, key: randomKey(1) }, [])).toThrow(/50 bootstrap/);
  });
});

describe("the summary", () => {
  it("interpolates quantiles as NumPy does", () => {
    const { values, probabilities, quantiles } = golden.quantiles;
    probabilities.forEach((probability, i) => {
      expect(quantile(values, probability)).toBeCloseTo(quantiles[i], 12);
    });
  });

  it("inverts the percentile interval: p is below 5 % just where the interval leaves out 0", () => {
    const values = (shift: number) => Float64Array.from({ length: 1999 }, (_, i) => i + shift);
    // 2·(1 + below) / 2000 crosses 0.05 between 48 and 49 values below or at 0.
    expect(summarise(values(-47))!.p).toBeCloseTo(0.049, 12);
    expect(summarise(values(-47))!.ci[0]).toBeGreaterThan(0);
    expect(summarise(values(-52))!.p).toBeGreaterThan(0.05);
    expect(summarise(values(-52))!.ci[0]).toBeLessThan(0);
  });

  it("never claims a p of 0, and gives 1 where all values are 0", () => {
    expect(summarise(new Float64Array(1999).fill(3))!.p).toBeCloseTo(2 / 2000, 12);
    expect(summarise(new Float64Array(1999))).toEqual({
      ci: [0, 0],
      standardError: 0,
      p: 1,
      undefinedResamples: 0,
    });
  });

  it("leaves out undefined resamples, and gives up where they are many", () => {
    const values = Float64Array.from({ length: 1000 }, (_, i) => (i < 50 ? Number.NaN : i));
    expect(summarise(values)!.undefinedResamples).toBe(50);
    expect(summarise(values.fill(Number.NaN, 0, 101))).toBeNull();
  });

  it("is undefined in a difference where either side is", () => {
    const difference = pairedDifferences(
      Float64Array.of(1, Number.NaN, 2),
      Float64Array.of(4, 1, Number.NaN),
    );
    expect([...difference]).toEqual([3, Number.NaN, Number.NaN]);
  });
});
