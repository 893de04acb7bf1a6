import { expect, test } from "vitest";
import { distributionOf } from "./distribution.ts";

test("quartiles interpolate as NumPy 2.3 percentile and R 4.5 quantile do by default", () => {
  // numpy.percentile([7, 1, 3, 10, 4, 4.5], [25, 50, 75]) = [3.25, 4.25, 6.375]
  expect(distributionOf([7, 1, 3, null, 10, 4, 4.5, Number.NaN])).toEqual({
    n: 6,
    mean: 29.5 / 6,
    min: 1,
    q1: 3.25,
    median: 4.25,
    q3: 6.375,
    max: 10,
  });
});

test("a single value is its own quartiles, and no value has no distribution", () => {
  expect(distributionOf([2])).toEqual({ n: 1, mean: 2, min: 2, q1: 2, median: 2, q3: 2, max: 2 });
  expect(distributionOf([null, Number.NaN])).toBeNull();
});
