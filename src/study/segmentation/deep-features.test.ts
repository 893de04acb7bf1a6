import { describe, expect, it } from "vitest";
import { createGrid } from "../../domain/grid.ts";
import { type FeatureOptions, poolDeepFeatures } from "./deep-features.ts";

const grid = createGrid({
  shape: [2, 2, 8],
  spacingMm: [1, 1, 1],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [0, 0, 0],
});
const prepared = {
  grid,
  channels: [new Float32Array(32)],
  sourceGrid: grid,
  croppedGrid: grid,
  box: { start: [0, 0, 0], size: grid.shape } as const,
};
/** A value for each of the eight columns of every row of the image. */
const byColumn = (values: readonly number[]) => Float32Array.from({ length: 32 }, (_, i) => values[i % 8]);
const tumour = byColumn([0.9, 0.9, 0, 0, 0, 0, 0, 0]);
const window = {
  fold: 0,
  start: [0, 0, 0] as const,
  patchSize: grid.shape,
  // One cell for every two columns.
  bottleneck: Float32Array.of(5, -6, 7, 8),
  shape: [1, 1, 1, 4],
  captured: { codes: { shape: [1, 1, 1, 4], data: Float32Array.of(0, 1, 1, 2) } },
};
const options: FeatureOptions = {
  regions: ["tumour", "rim", "breast"],
  statistics: ["mean", "maximum"],
  rimMm: 2,
  codeHistogram: true,
};
const pool = (body: readonly number[], changed: Partial<FeatureOptions> = {}) => {
  const { columns, rows, issues } = poolDeepFeatures({
    prepared,
    prediction: {
      classes: 2,
      probabilities: Float32Array.from([...tumour.map((p) => 1 - p), ...tumour]),
      labels: new Uint8Array(32),
    },
    windows: [window],
    networks: [{ codeNumbers: Int32Array.of(2, 0, 1) }],
    options: { ...options, ...changed },
    body: Uint8Array.from(byColumn(body)),
  });
  return { values: Object.fromEntries(columns.map((column, i) => [column, rows[0][i]])), issues };
};

describe("deep features", () => {
  it("are pooled over the tumour's probability, the rim beside it, and all of the body", () => {
    const { values, issues } = pool([0, 0, 0, 0, 1, 1, 0, 0]);
    expect(issues).toEqual([]);
    expect(values).toMatchObject({
      "tumour.mean.c000": 5,
      "rim.mean.c000": -6,
      "breast.mean.c000": 7,
      "breast.maximum.c000": 7,
    });
    const { values: whole } = pool([1, 1, 1, 1, 1, 1, 0, 0]);
    expect(whole["breast.maximum.c000"]).toBe(7);
    expect(whole["breast.mean.c000"]).toBeLessThan(7);
  });

  it("count codes by their common numbers", () => {
    const { values } = pool([0, 0, 0, 0, 1, 1, 1, 1]);
    expect(values).toMatchObject({
      "tumour.code.k000": 0,
      "tumour.code.k002": 1,
      "rim.code.k000": 1,
      "breast.code.k002": 0,
    });
    expect(Number(values["breast.code.k000"]) + Number(values["breast.code.k001"])).toBeCloseTo(1, 6);
  });

  it("have the columns that are asked for, and miss those of an empty region, with an issue", () => {
    const { values, issues } = pool(Array(8).fill(0), {
      regions: ["breast", "tumour"],
      statistics: ["mean"],
      codeHistogram: false,
    });
    expect(values).toEqual({ "breast.mean.c000": null, "tumour.mean.c000": 5 });
    expect(issues).toMatchObject([{ code: "region-empty", subject: "breast" }]);
  });
});
