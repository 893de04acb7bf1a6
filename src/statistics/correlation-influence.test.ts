import { describe, expect, it } from "vitest";
import { RandomStream, randomKey } from "../domain/random.ts";
import { spearmanOfLevels } from "./correlation.ts";
import { correlationDifference, spearmanInfluence } from "./correlation-influence.ts";
import { normalQuantile } from "./distributions.ts";
import { levelsOf } from "./levels.ts";

const tied = (stream: RandomStream, values: readonly number[], noise: number) =>
  values.map((value) => Math.round(3 * (value + stream.normal(0, noise))));

describe("the influence of a case on Spearman's correlation", () => {
  it("is what one more copy among very many changes, per share of the sample", () => {
    const stream = new RandomStream(randomKey(2));
    const values = Array.from({ length: 25 }, () => stream.normal());
    const [x, y] = [levelsOf(tied(stream, values, 0.5)), levelsOf(tied(stream, values, 0.8))];
    const copies = 20_000;
    const counts = new Uint32Array(25).fill(copies);
    const before = spearmanOfLevels(x, y, counts);
    spearmanInfluence(x, y).forEach((influence, i) => {
      counts[i]++;
      const change = spearmanOfLevels(x, y, counts) - before;
      counts[i]--;
      expect(change * 25 * copies).toBeCloseTo(influence, 3);
    });
  });

  it("tests a true null of correlated predictors with ties about 5 times in 100", () => {
    const simulations = 1500;
    const stream = new RandomStream(randomKey(8));
    let rejections = 0;
    for (let s = 0; s < simulations; s++) {
      const outcome = Array.from({ length: 300 }, () => Math.max(0, stream.normal(1)));
      const levels = levelsOf(outcome);
      const shared = outcome.map((value) => value + stream.normal(0, 0.4));
      const [a, b] = [levelsOf(tied(stream, shared, 0.5)), levelsOf(tied(stream, shared, 0.5))];
      const difference = spearmanOfLevels(b, levels) - spearmanOfLevels(a, levels);
      const test = correlationDifference(
        difference,
        spearmanInfluence(a, levels),
        spearmanInfluence(b, levels),
      );
      if (test!.p < 0.05) rejections++;
    }
    const margin = normalQuantile(0.995) * Math.sqrt((0.05 * 0.95) / simulations);
    expect(Math.abs(rejections / simulations - 0.05)).toBeLessThan(margin);
  });
});

describe("the test of a difference", () => {
  it("finds none between a model and its copy", () => {
    const influence = Float64Array.of(0.5, -0.25, -0.25);
    expect(correlationDifference(0, influence, influence)).toEqual({
      standardError: 0,
      ci: [0, 0],
      z: 0,
      p: 1,
    });
  });

  it("is not made where the difference is not 0 but its variance is", () => {
    const influence = Float64Array.of(0, 0, 0);
    expect(correlationDifference(2, influence, influence)).toBeNull();
  });
});
