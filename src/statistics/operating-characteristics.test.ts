import { describe, expect, it } from "vitest";
import { deriveKey, RandomStream, randomKey } from "../domain/random.ts";
import { delongPaired, placements } from "./delong.ts";
import { permutationTestOfAucs, permutationTestOfCorrelations } from "./permutation.ts";

const key = randomKey(41);
const SIMULATIONS = 400;
/** 99 % of tests that reject at 5 % do so this often in 400 simulations (binomial). */
const [LEAST, MOST] = [9, 32];

/** Two predictions of equal worth, correlated and with ties, of 41 patients of whom a share has no residual burden. */
function drawCohort(stream: RandomStream, mean: number) {
  const burden = Array.from({ length: 41 }, () => Math.max(0, stream.normal(mean, 1.5)));
  const shared = burden.map((value) => value + stream.normal(0, 0.9));
  const predict = () => shared.map((value) => Math.round(2 * (value + stream.normal(0, 0.9))) / 2);
  return { burden, a: predict(), b: predict() };
}

describe.each([
  ["20 %", 1.262],
  ["40 %", 0.38],
])("With 41 patients and %s complete response, under the null", (_rate, mean) => {
  it("each test of a difference rejects at its level", () => {
    const stream = new RandomStream(deriveKey(key, "cohorts", mean));
    const rejections = [0, 0, 0];
    for (let s = 0; s < SIMULATIONS; s++) {
      const { burden, a, b } = drawCohort(stream, mean);
      const residual = burden.map((value) => value > 0);
      const swaps = deriveKey(key, "swaps", s);
      const tests = [
        delongPaired(placements(a, residual), placements(b, residual)),
        permutationTestOfAucs(a, b, Uint8Array.from(residual, Number), 119, swaps),
        permutationTestOfCorrelations(a, b, burden, 119, swaps),
      ];
      tests.forEach((test, i) => {
        if ((test?.p ?? 1) <= 0.05) rejections[i]++;
      });
    }
    for (const count of rejections) {
      expect(count).toBeGreaterThanOrEqual(LEAST);
      expect(count).toBeLessThanOrEqual(MOST);
    }
  });
});
