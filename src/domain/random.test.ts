import { describe, expect, it } from "vitest";
import { deriveKey, RandomStream, randomKey } from "./random.ts";

const draw = (stream: RandomStream, count: number, next: (stream: RandomStream) => number) =>
  Array.from({ length: count }, () => next(stream));

describe("random keys", () => {
  it("give the same numbers for the same path and others for any other path", () => {
    const first = (...path: (string | number)[]) =>
      new RandomStream(deriveKey(randomKey(7), ...path)).uint32();
    expect(first("fold", 1)).toBe(first("fold", 1));
    const paths = [["fold", 1], ["fold", 2], ["fold", "1"], ["fold1"], ["fol", "d", 1], [1, "fold"], []];
    expect(new Set(paths.map((path) => first(...path))).size).toBe(paths.length);
  });

  it("differ for neighbouring seeds in about half of their bits", () => {
    const bits = draw(new RandomStream(randomKey(1)), 500, (s) => s.uint32());
    const others = draw(new RandomStream(randomKey(2)), 500, (s) => s.uint32());
    const flipped = bits.reduce(
      (sum, value, i) => sum + (value ^ others[i]).toString(2).replace(/[^1]/g, "").length,
      0,
    );
    expect(flipped / 500).toBeGreaterThan(12);
  });
});

describe("RandomStream", () => {
  it("has uniform numbers with the moments and bins of the uniform distribution", () => {
    const values = draw(new RandomStream(randomKey(3)), 20_000, (s) => s.uniform());
    const bins = new Array<number>(20).fill(0);
    for (const value of values) bins[Math.floor(value * 20)]++;
    const chiSquared = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquared).toBeLessThan(43.8); // 0.999 quantile, 19 degrees of freedom
  });

  it("has normal numbers with the first four moments of the normal distribution", () => {
    const values = draw(new RandomStream(randomKey(4)), 40_000, (s) => s.normal(2, 3)).map(
      (x) => (x - 2) / 3,
    );
    const moment = (power: number) => values.reduce((sum, x) => sum + x ** power, 0) / values.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.02);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.03);
    expect(Math.abs(moment(3))).toBeLessThan(0.06);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.15);
  });

  it("has integers without bias and refuses an empty range", () => {
    const counts = [0, 0, 0];
    for (const value of draw(new RandomStream(randomKey(5)), 30_000, (s) => s.integer(3))) counts[value]++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(300);
    expect(() => new RandomStream(randomKey(5)).integer(0)).toThrow(RangeError);
  });

  it("shuffles every item to every place equally often and leaves the argument alone", () => {
    const items = ["a", "b", "c"];
    const stream = new RandomStream(randomKey(6));
    const orders = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = stream.shuffled(items).join("");
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect(orders.size).toBe(6);
    for (const count of orders.values()) expect(Math.abs(count - 1000)).toBeLessThan(130);
    expect(items).toEqual(["a", "b", "c"]);
  });
});
