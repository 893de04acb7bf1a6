import { expect, test } from "vitest";
import { count, fixed, interval, list, MISSING, pSentence, pValue, share, signed, slug } from "./format.ts";

test("numbers have fixed decimals, a true minus sign, and no negative zero", () => {
  expect([fixed(0.505, 2), fixed(-1.25, 1), fixed(-0.001), fixed(3, 0)]).toEqual([
    "0.51",
    "−1.3",
    "0.00",
    "3",
  ]);
  expect([signed(0.1), signed(-0.1), signed(0.001), signed(-0.001)]).toEqual([
    "+0.10",
    "−0.10",
    "0.00",
    "0.00",
  ]);
});

test("what is undefined is a dash, never NaN", () => {
  for (const value of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(fixed(value)).toBe(MISSING);
    expect(signed(value)).toBe(MISSING);
    expect(pValue(value)).toBe(MISSING);
  }
  expect(interval(null)).toBe(MISSING);
  expect(interval([0, Number.NaN])).toBe(MISSING);
});

test("intervals stand in brackets", () => {
  expect(interval([0.58, 0.9])).toBe("[0.58, 0.90]");
  expect(interval([-0.1, 0.14], signed)).toBe("[−0.10, +0.14]");
});

test("p values are never 0 or 1 and keep three decimals near the level", () => {
  expect([0, 0.0009, 0.0496, 0.1, 0.76, 0.996, 1].map(pValue)).toEqual([
    "<0.001",
    "<0.001",
    "0.050",
    "0.10",
    "0.76",
    ">0.99",
    ">0.99",
  ]);
  expect([pSentence(0.0001), pSentence(0.03)]).toEqual(["p\u00a0<\u00a00.001", "p\u00a0=\u00a00.030"]);
});

test("counts, shares, lists and file names", () => {
  expect(count(1234567)).toBe("1\u2009234\u2009567");
  expect([share(12, 41), share(0, 0)]).toEqual(["12 (29 %)", "0"]);
  expect([list([]), list(["a"]), list(["a", "b"]), list(["a", "b", "c"])]).toEqual([
    "",
    "a",
    "a and b",
    "a, b and c",
  ]);
  expect([slug("deep(nnunet)"), slug("../É/"), slug("+")]).toEqual(["deep-nnunet", "unnamed", "unnamed"]);
});
