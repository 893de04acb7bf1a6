import fc from "fast-check";
import { describe, expect, it } from "vitest";
import r from "../../tests/golden/statistics/r.json" with { type: "json" };
import { RandomStream, randomKey } from "../domain/random.ts";
import { aucCovariance, aucInterval, delongPaired, delongUnpaired, placements } from "./delong.ts";
import { normalQuantile } from "./distributions.ts";

const goldenCases = r.roc.map((golden) => {
  const positive = golden.outcome.map((value) => value === 1);
  return { golden, a: placements(golden.a, positive), b: placements(golden.b, positive) };
});

/** DeLong's definition: the kernel of every pair, averaged by case, then sample covariances. */
function slowCovariance(a: readonly number[], b: readonly number[], positive: readonly boolean[]): number {
  const kernel = (x: number, y: number) => (x > y ? 1 : x === y ? 0.5 : 0);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const components = (scores: readonly number[]) => {
    const high = scores.filter((_, i) => positive[i]);
    const low = scores.filter((_, i) => !positive[i]);
    return {
      ofPositives: high.map((x) => mean(low.map((y) => kernel(x, y)))),
      ofNegatives: low.map((y) => mean(high.map((x) => kernel(x, y)))),
    };
  };
  const sampleCovariance = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + (value - mean(x)) * (y[i] - mean(y)), 0) / (x.length - 1);
  const [ofA, ofB] = [components(a), components(b)];
  return (
    sampleCovariance(ofA.ofPositives, ofB.ofPositives) / ofA.ofPositives.length +
    sampleCovariance(ofA.ofNegatives, ofB.ofNegatives) / ofA.ofNegatives.length
  );
}

const twoScores = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 }), fc.boolean()), {
    minLength: 4,
    maxLength: 30,
  })
  .filter((rows) => {
    const positives = rows.filter(([, , positive]) => positive).length;
    return positives >= 2 && rows.length - positives >= 2;
  })
  .map((rows) => ({
    a: rows.map(([score]) => score),
    b: rows.map(([, score]) => score),
    positive: rows.map(([, , positive]) => positive),
  }));

describe("DeLong's variance", () => {
  it.each(goldenCases)("agrees with pROC: $golden.name", ({ golden, a, b }) => {
    const [[varianceA, covariance], [, varianceB]] = aucCovariance([a, b])!;
    expect(a.auc).toBeCloseTo(golden.aucA, 12);
    expect(b.auc).toBeCloseTo(golden.aucB, 12);
    expect(varianceA).toBeCloseTo(golden.varianceA, 12);
    expect(varianceB).toBeCloseTo(golden.varianceB, 12);
    expect(covariance).toBeCloseTo(golden.covariance, 12);
    const ci = aucInterval(a)!;
    expect(ci[0]).toBeCloseTo(golden.ciA[0], 10);
    expect(ci[1]).toBeCloseTo(golden.ciA[1], 10);
  });

  it("is the covariance of the kernel's means by case", () => {
    fc.assert(
      fc.property(twoScores, ({ a, b, positive }) => {
        const [[, fast]] = aucCovariance([placements(a, positive), placements(b, positive)])!;
        expect(fast).toBeCloseTo(slowCovariance(a, b, positive), 12);
      }),
    );
  });

  it("is unknown where a class has one case", () => {
    const one = placements([1, 2, 3], [true, false, false]);
    expect(aucCovariance([one])).toBeNull();
    expect(aucInterval(one)).toBeNull();
    expect(delongPaired(one, one)).toBeNull();
  });
});

describe("the interval of an AUC", () => {
  it("is clipped by Wald and stays inside by logit", () => {
    const near = placements([1, 2, 3, 4, 5, 6, 7, 8], [false, false, false, true, false, true, true, true]);
    expect(aucInterval(near, "wald")![1]).toBe(1);
    const [low, high] = aucInterval(near, "logit")!;
    expect(high).toBeLessThan(1);
    expect(low).toBeGreaterThan(0);
    // On the logit scale the interval is symmetric about the estimate.
    const logit = (p: number) => Math.log(p / (1 - p));
    expect(logit(high) - logit(near.auc)).toBeCloseTo(logit(near.auc) - logit(low), 10);
  });

  it("has no width where the classes are apart", () => {
    expect(aucInterval(placements([1, 2, 3, 4], [false, false, true, true]), "logit")).toEqual([1, 1]);
  });
});

describe("the paired test", () => {
  it.each(goldenCases)("agrees with pROC: $golden.name", ({ golden, a, b }) => {
    const test = delongPaired(a, b)!;
    expect(test.difference).toBeCloseTo(golden.aucB - golden.aucA, 12);
    expect(test.z).toBeCloseTo(-golden.z, 10);
    expect(test.p).toBeCloseTo(golden.p, 10);
  });

  it("only changes sign where the models are swapped, and all scores may be transformed", () => {
    fc.assert(
      fc.property(twoScores, ({ a, b, positive }) => {
        const forward = delongPaired(placements(a, positive), placements(b, positive))!;
        const backward = delongPaired(placements(b, positive), placements(a, positive))!;
        expect(backward.p).toBe(forward.p);
        expect(backward.difference).toBeCloseTo(-forward.difference, 14);
        const transformed = a.map((score) => Math.exp(score));
        const again = delongPaired(placements(transformed, positive), placements(b, positive))!;
        expect(again).toEqual(forward);
      }),
    );
  });

  it("gives z 0 and p 1 for curves with equal placements", () => {
    fc.assert(
      fc.property(twoScores, ({ a, positive }) => {
        const same = placements(
          a.map((score) => 3 * score - 1),
          positive,
        );
        const expected = { difference: 0, standardError: 0, ci: [0, 0], z: 0, p: 1 };
        expect(delongPaired(placements(a, positive), same)).toEqual(expected);
      }),
    );
  });

  it("claims no test where the difference is not 0 but its variance is", () => {
    const positive = [false, false, true, true];
    const test = delongPaired(placements([4, 3, 2, 1], positive), placements([1, 2, 3, 4], positive));
    expect(test).toEqual({ difference: 1, standardError: 0, ci: [1, 1], z: null, p: null });
  });

  it("refuses scores of different cases", () => {
    const a = placements([1, 2, 3, 4], [true, false, true, false]);
    const b = placements([1, 2, 3, 4], [false, true, true, false]);
    expect(() => delongPaired(a, b)).toThrow(/same cases/);
  });

  it.each([
    { n: 41, simulations: 2000 },
    { n: 105, simulations: 2000 },
  ])(
    "rejects a true null about 5 times in 100 with $n cases, correlated scores and ties",
    ({ n, simulations }) => {
      const stream = new RandomStream(randomKey(n));
      const positive = Array.from({ length: n }, (_, i) => i < Math.round(0.3 * n));
      let rejections = 0;
      for (let s = 0; s < simulations; s++) {
        const shared = positive.map((value) => stream.normal(value ? 1 : 0));
        const score = () => shared.map((value) => Math.round(2 * (value + stream.normal(0, 0.7))));
        const test = delongPaired(placements(score(), positive), placements(score(), positive))!;
        if (test.p! < 0.05) rejections++;
      }
      const margin = normalQuantile(0.995) * Math.sqrt((0.05 * 0.95) / simulations);
      expect(Math.abs(rejections / simulations - 0.05)).toBeLessThan(margin);
    },
  );
});

describe("the unpaired test", () => {
  it.each(goldenCases)("has the statistic of pROC: $golden.name", ({ golden, a, b }) => {
    expect(delongUnpaired(a, b)!.z).toBeCloseTo(-golden.unpairedStatistic, 10);
  });
});
