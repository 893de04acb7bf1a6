import { describe, expect, it } from "vitest";
import { deriveKey, RandomStream, randomKey } from "../domain/random.ts";
import { delongPaired, placements } from "./delong.ts";
import { normalQuantile } from "./distributions.ts";
import { permutationTestOfAucs, permutationTestOfCorrelations } from "./permutation.ts";

const key = randomKey(11);

/** Two scores, correlated and tied, of cases of which 30 % are positive. */
function drawScores(stream: RandomStream, n: number, gain: number) {
  const normal = () => normalQuantile((stream.uint32() + 0.5) / 2 ** 32);
  const positive = Array.from({ length: n }, (_, i) => (i < 0.3 * n ? 1 : 0));
  const shared = positive.map((value) => 0.8 * value + normal());
  const score = (extra: number) =>
    shared.map((value, i) => Math.round(4 * (value + extra * positive[i] + 0.7 * normal())));
  return { positive, a: score(0), b: score(gain) };
}

describe("tests by swapping models", () => {
  it("reject at 5 % as often as they say where models are alike, with 41 and 105 cases, ties and correlation", () => {
    const rounds = 300;
    for (const n of [41, 105]) {
      const stream = new RandomStream(deriveKey(key, "null", n));
      let [aucs, correlations] = [0, 0];
      for (let round = 0; round < rounds; round++) {
        const { positive, a, b } = drawScores(stream, n, 0);
        if (permutationTestOfAucs(a, b, positive, 199, deriveKey(key, "swap", n, round)).p <= 0.05) aucs++;
        const outcome = positive.map((value) => value + stream.uniform());
        if (permutationTestOfCorrelations(a, b, outcome, 199, deriveKey(key, "swap", n, round)).p <= 0.05)
          correlations++;
      }
      // 99 % binomial interval of 300 at 0.05: 6 to 26.
      for (const rejected of [aucs, correlations]) {
        expect(rejected).toBeGreaterThanOrEqual(6);
        expect(rejected).toBeLessThanOrEqual(26);
      }
    }
  });

  it("find a difference that DeLong's test finds", () => {
    const { positive, a, b } = drawScores(new RandomStream(deriveKey(key, "gain")), 400, 1);
    const delong = delongPaired(placements(a, positive.map(Boolean)), placements(b, positive.map(Boolean)));
    const test = permutationTestOfAucs(a, b, positive, 999, key);
    expect(test.difference).toBeCloseTo(delong?.difference ?? 0, 12);
    expect(delong?.p).toBeLessThan(0.001);
    expect(test.p).toBe(1 / 1000);
  });

  it("say 1 of a model and itself", () => {
    const { positive, a } = drawScores(new RandomStream(key), 41, 0);
    expect(permutationTestOfAucs(a, a, positive, 199, key)).toEqual({ difference: 0, p: 1 });
  });

  it("refuse too few permutations and scores of other cases", () => {
    expect(() => permutationTestOfAucs([1, 2], [2, 1], [0, 1], 5, key)).toThrow(/from 100/);
    expect(() => permutationTestOfAucs([1, 2], [2], [0, 1], 100, key)).toThrow(/two scores per case/);
  });
});
