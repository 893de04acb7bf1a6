import { describe, expect, it } from "vitest";
import { DataError } from "./errors.ts";
import { type RcbComponents, rcbClassOfScore, rcbScore } from "./rcb.ts";

type Row = readonly [number, number, number, number, number, number];

const components = ([
  d1Mm,
  d2Mm,
  cellularityPercent,
  cisPercent,
  positiveNodes,
  metastasisMm,
]: Row): RcbComponents => ({
  d1Mm,
  d2Mm,
  cellularityPercent,
  cisPercent,
  positiveNodes,
  metastasisMm,
});

describe("rcbScore", () => {
  // The formula of Symmans 2007 evaluated independently (six decimals), and patients published with their score (three decimals).
  it.each<[Row, number, number]>([
    [[20, 20, 30, 0, 0, 0], 1.898514, 6],
    [[20, 15, 20, 10, 1, 5], 3.01325, 6],
    [[30, 20, 10, 5, 0, 0], 1.616158, 6],
    [[0, 0, 0, 0, 1, 0.1], 0.676083, 6],
    [[50, 40, 60, 0, 10, 20], 4.534743, 6],
    [[1, 1, 1, 0, 0, 0], 0.639923, 6],
    [[10, 2, 10, 99, 0, 0], 0.558, 3],
    [[6, 4, 20, 40, 0, 0], 1.279, 3],
    [[5, 3, 40, 0, 0, 0], 1.508, 3],
    [[83, 37, 10, 50, 3, 3], 3.055, 3],
    [[152, 54, 20, 20, 21, 60], 4.743, 3],
  ])("gives the published score of %j: %d", (row, score, digits) => {
    expect(rcbScore(components(row))).toBeCloseTo(score, digits);
  });

  it("is exactly 0 for pure in-situ disease", () => {
    expect(rcbScore(components([10, 10, 5, 100, 0, 0]))).toBe(0);
  });

  it.each<[string, Row]>([
    ["positive nodes without a metastasis", [10, 10, 5, 0, 2, 0]],
    ["a metastasis without positive nodes", [10, 10, 5, 0, 0, 3]],
    ["one dimension only", [10, 0, 5, 0, 0, 0]],
    ["a negative size", [-1, 10, 5, 0, 0, 0]],
    ["a cellularity above 100 %", [10, 10, 101, 0, 0, 0]],
    ["half a node", [10, 10, 5, 0, 0.5, 2]],
    ["a missing value", [10, 10, Number.NaN, 0, 0, 0]],
  ])("refuses %s", (_, row) => {
    expect(() => rcbScore(components(row))).toThrow(DataError);
  });
});

describe("rcbClassOfScore", () => {
  it("has the published bounds, each belonging to the lower class", () => {
    expect([0, 0.01, 1.36, 1.3601, 3.28, 3.2801].map(rcbClassOfScore)).toEqual([
      "0",
      "I",
      "I",
      "II",
      "II",
      "III",
    ]);
  });

  it("refuses what is no score", () => {
    expect(() => rcbClassOfScore(Number.NaN)).toThrow(/from 0/);
    expect(() => rcbClassOfScore(-0.1)).toThrow(DataError);
  });
});
