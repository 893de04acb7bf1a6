import { describe, expect, it } from "vitest";
import type { Triple } from "../domain/grid.ts";
import { deriveKey, RandomStream, randomKey } from "../domain/random.ts";
import { createCodeCounter, perplexity } from "./code-histogram.ts";
import { createPooler } from "./pooling.ts";

const CODES = 5;

function examination(seed: number) {
  const draw = new RandomStream(deriveKey(randomKey(3), seed));
  const imageShape: Triple = [6, 9, 14];
  const layout = { imageShape, windowShape: [4, 8, 12] as Triple, bottleneckShape: [2, 2, 3] as Triple };
  const region = () => Float32Array.from({ length: 756 }, () => draw.uniform());
  const starts: Triple[] = [
    [0, 0, 0],
    [2, 1, 2],
    [-2, -3, 5],
  ];
  const windows = starts.map((start) => ({
    start,
    codes: Float32Array.from({ length: 12 }, () => draw.integer(CODES)),
  }));
  return { layout, regions: { tumour: region(), breast: region() }, windows };
}

describe("code histogram", () => {
  it("is the pooled mean of the codes as one-hot channels", () => {
    for (let seed = 0; seed < 5; seed++) {
      const { layout, regions, windows } = examination(seed);
      const counter = createCodeCounter({ ...layout, codes: CODES, regions });
      const pooler = createPooler({ ...layout, channels: CODES, regions, statistics: ["mean"] });
      for (const { start, codes } of windows) {
        counter.add(start, codes);
        const oneHot = Array.from({ length: CODES }, (_, code) =>
          Array.from(codes, (c) => Number(c === code)),
        );
        pooler.add(start, Float32Array.from(oneHot.flat()));
      }
      const { columns, values, issues } = counter.finish();
      const slow = pooler.finish();
      expect(issues).toEqual([]);
      expect(columns).toEqual(slow.columns.map((column) => column.replace(".mean.c", ".code.k")));
      slow.values.forEach((share, i) => {
        expect(values[i], columns[i]).toBeCloseTo(share, 12);
      });
    }
  });

  it("adds up to 1 in each region, and is missing, with an issue, where the region has no weight", () => {
    const { layout, regions, windows } = examination(7);
    const nothing = new Float32Array(756);
    const counter = createCodeCounter({
      ...layout,
      codes: CODES,
      regions: { nothing, tumour: regions.tumour },
    });
    for (const { start, codes } of windows) counter.add(start, codes);
    const { values, issues } = counter.finish();
    expect(Array.from(values.slice(0, CODES)).every(Number.isNaN)).toBe(true);
    expect(values.slice(CODES).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(issues).toMatchObject([{ code: "region-empty", subject: "nothing" }]);
  });

  it.each([
    ["too few codes", [1, 2]],
    ["a code that there is not", Array(12).fill(CODES)],
    ["a number that is no code", Array(12).fill(0.5)],
  ])("refuses %s", (_, codes) => {
    const { layout, regions } = examination(0);
    const counter = createCodeCounter({ ...layout, codes: CODES, regions });
    expect(() => counter.add([0, 0, 0], codes)).toThrow(expect.objectContaining({ code: "pool-codes" }));
  });
});

describe("perplexity", () => {
  it("is the number of codes used equally, and 1 where one is used alone", () => {
    expect(perplexity([0.25, 0.25, 0, 0.25, 0.25])).toBeCloseTo(4, 12);
    expect(perplexity([0, 1, 0])).toBe(1);
    expect(perplexity([0.9, 0.1])).toBeCloseTo(Math.exp(-0.9 * Math.log(0.9) - 0.1 * Math.log(0.1)), 12);
  });
});
