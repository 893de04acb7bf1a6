import { describe, expect, it } from "vitest";
import { deriveKey, RandomStream, randomKey } from "../domain/random.ts";
import { casesForAucDifference, hanleyMcNeilError, powerOfAucDifference } from "./auc-design.ts";
import { delongPaired, placements } from "./delong.ts";
import { normalQuantile } from "./distributions.ts";

describe("the size of a comparison of AUCs", () => {
  it("uses the standard errors of Hanley & McNeil's own example: AUC 0.893 of 51 and 58 cases, 0.032", () => {
    expect(Math.abs(hanleyMcNeilError(0.893, 51, 58) - 0.032)).toBeLessThan(0.001);
  });

  it("is the fewest cases with the power asked for", () => {
    const design = { aucA: 0.7, aucB: 0.8, correlation: 0.5, prevalence: 0.3 };
    const cases = casesForAucDifference(design);
    expect(powerOfAucDifference(design, cases)).toBeGreaterThanOrEqual(0.8);
    expect(powerOfAucDifference(design, cases - 1)).toBeLessThan(0.8);
  });

  it("is what simulated studies show", () => {
    // Scores of different cases' noise: correlation 0 between the estimates is not had in one sample, so it is measured first.
    const stream = new RandomStream(deriveKey(randomKey(3), "studies"));
    const normal = () => normalQuantile((stream.uint32() + 0.5) / 2 ** 32);
    const [n, positives, rounds] = [120, 40, 600];
    const separation = (auc: number) => Math.SQRT2 * normalQuantile(auc);
    const positive = Array.from({ length: n }, (_, i) => i < positives);
    const aucs: [number, number][] = [];
    let found = 0;
    for (let round = 0; round < rounds; round++) {
      const noise = positive.map(normal);
      const score = (auc: number) =>
        positive.map(
          (value, i) => (value ? separation(auc) : 0) + Math.SQRT1_2 * noise[i] + Math.SQRT1_2 * normal(),
        );
      const [a, b] = [placements(score(0.7), positive), placements(score(0.82), positive)];
      aucs.push([a.auc, b.auc]);
      if ((delongPaired(a, b)?.p ?? 1) < 0.05) found++;
    }
    const correlation = correlationOf(aucs);
    const power = powerOfAucDifference({ aucA: 0.7, aucB: 0.82, correlation, prevalence: positives / n }, n);
    expect(found / rounds).toBeGreaterThan(power - 0.06);
    expect(found / rounds).toBeLessThan(power + 0.1);
  });

  it("refuses what is no design", () => {
    const design = { aucA: 0.7, aucB: 0.7, correlation: 0.5, prevalence: 0.3 };
    expect(() => casesForAucDifference(design)).toThrow(/different AUCs/);
    expect(() => powerOfAucDifference({ ...design, prevalence: 1 }, 50)).toThrow(/prevalence of 1/);
  });
});

function correlationOf(pairs: readonly (readonly [number, number])[]): number {
  const mean = (index: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[index] / pairs.length, 0);
  const [a, b] = [mean(0), mean(1)];
  let [aa, bb, ab] = [0, 0, 0];
  for (const [x, y] of pairs) {
    aa += (x - a) ** 2;
    bb += (y - b) ** 2;
    ab += (x - a) * (y - b);
  }
  return ab / Math.sqrt(aa * bb);
}
