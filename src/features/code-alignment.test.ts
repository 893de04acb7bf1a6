import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RandomStream, randomKey } from "../domain/random.ts";
import { alignCodes } from "./code-alignment.ts";

function cost(book: Float32Array, reference: Float32Array, dimensions: number, partners: readonly number[]) {
  return partners.reduce((sum, partner, code) => {
    for (let d = 0; d < dimensions; d++) {
      sum += (book[code * dimensions + d] - reference[partner * dimensions + d]) ** 2;
    }
    return sum;
  }, 0);
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}

describe("alignCodes", () => {
  it("finds the cheapest of all assignments", () => {
    const value = fc.integer({ min: -5, max: 5 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(value, { minLength: 20, maxLength: 20 }),
        (codes, values) => {
          const [book, reference] = [0, 10].map((from) =>
            Float32Array.from(values.slice(from, from + 2 * codes)),
          );
          const found = [...alignCodes(book, reference, 2)];
          expect([...found].sort()).toEqual([...Array(codes).keys()]);
          const all = permutations([...Array(codes).keys()]);
          const least = Math.min(...all.map((partners) => cost(book, reference, 2, partners)));
          expect(cost(book, reference, 2, found)).toBe(least);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("recovers the order of a shuffled codebook whose vectors moved a little", () => {
    const draw = new RandomStream(randomKey(2));
    const order = draw.shuffled([...Array(64).keys()]);
    const reference = Float32Array.from({ length: 64 * 8 }, () => draw.normal());
    const book = new Float32Array(reference.length);
    order.forEach((partner, code) => {
      for (let d = 0; d < 8; d++) book[code * 8 + d] = reference[partner * 8 + d] + draw.normal(0, 0.1);
    });
    expect([...alignCodes(book, reference, 8)]).toEqual(order);
  });

  it("leaves a codebook aligned with itself as it is", () => {
    const draw = new RandomStream(randomKey(3));
    const book = Float32Array.from({ length: 30 }, () => draw.normal());
    expect([...alignCodes(book, book, 3)]).toEqual([...Array(10).keys()]);
  });

  it("refuses codebooks of different size", () => {
    expect(() => alignCodes(new Float32Array(6), new Float32Array(9), 3)).toThrow(
      expect.objectContaining({ code: "codebooks-differ" }),
    );
  });
});
