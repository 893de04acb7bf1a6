import { expect, it } from "vitest";
import { RandomStream, randomKey } from "../domain/random.ts";
import { casesToDetect, detectableDifference } from "./detectable-difference.ts";

it("is found by four of five samples", () => {
  const standardError = 0.06;
  const difference = detectableDifference(standardError);
  const stream = new RandomStream(randomKey(3));
  let found = 0;
  for (let i = 0; i < 20_000; i++) {
    if (Math.abs(stream.normal(difference, standardError)) > 1.959964 * standardError) found++;
  }
  expect(found / 20_000).toBeCloseTo(0.8, 2);
});

it("falls with the square root of the cases", () => {
  const now = detectableDifference(0.06);
  expect(casesToDetect(41, 0.06, now)).toBe(41);
  expect(casesToDetect(41, 0.06, now / 2)).toBe(164);
});

it("refuses a difference of 0 and impossible error rates", () => {
  expect(() => casesToDetect(41, 0.06, 0)).toThrow(/not 0/);
  expect(() => detectableDifference(0.06, { alpha: 0, power: 0.8 })).toThrow(/alpha 0/);
});
