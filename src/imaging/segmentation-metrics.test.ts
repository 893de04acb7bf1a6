import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createGrid, type Triple, voxelCount } from "../domain/grid.ts";
import type { LabelMap } from "../domain/volume.ts";
import { compareMasks } from "./segmentation-metrics.ts";
import { longestDiameterMm, volumeMl } from "./shape.ts";

const golden = JSON.parse(
  readFileSync(new URL("../../tests/golden/imaging/masks.json", import.meta.url), "utf8"),
);
const grid = createGrid({
  shape: golden.shape,
  spacingMm: golden.spacingMm,
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [0, 0, 0],
});
const empty: LabelMap = { grid, data: new Uint8Array(voxelCount(grid)) };

function ellipsoid(name: string, label = 1): LabelMap {
  const { centre, radiiMm } = golden.ellipsoids[name] as { centre: Triple; radiiMm: Triple };
  const [, rows, columns] = grid.shape;
  const data = Uint8Array.from(empty.data, (_, i) => {
    const at = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns];
    const total = at.reduce(
      (sum, v, axis) => sum + (((v - centre[axis]) * grid.spacingMm[axis]) / radiiMm[axis]) ** 2,
      0,
    );
    return total <= 1 ? label : 0;
  });
  return { grid, data };
}

describe("compareMasks", () => {
  it.each(Object.keys(golden.comparisons))("agrees with MONAI on %s", (pair) => {
    const [predicted, reference] = pair.split(" v ").map((name) => ellipsoid(name));
    const expected = golden.comparisons[pair];
    for (const [tolerance, nsd] of Object.entries(expected.nsd)) {
      const found = compareMasks(predicted, reference, 1, { toleranceMm: Number(tolerance) });
      expect(found.dice).toBeCloseTo(expected.dice, 6);
      expect(found.hd95Mm).toBeCloseTo(expected.hd95Mm, 5);
      expect(found.nsd).toBeCloseTo(nsd as number, 6);
    }
  });

  it("is symmetric but for the sign of the volume error", () => {
    const [a, b] = [ellipsoid("a"), ellipsoid("b")];
    const forth = compareMasks(a, b, 1);
    const back = compareMasks(b, a, 1);
    expect(forth.volumeErrorMl).toBeCloseTo(forth.predictedMl - forth.referenceMl, 12);
    expect(back).toEqual({
      ...forth,
      volumeErrorMl: -forth.volumeErrorMl,
      predictedMl: forth.referenceMl,
      referenceMl: forth.predictedMl,
    });
  });

  it("looks at one class only, or at all together", () => {
    const two = ellipsoid("a", 2);
    expect(compareMasks(two, ellipsoid("a"), 1).dice).toBe(0);
    expect(compareMasks(two, ellipsoid("a"), "any").dice).toBe(1);
  });

  it("has no measure of agreement where both masks are empty and no distance where one is", () => {
    expect(compareMasks(empty, empty, 1)).toEqual({
      dice: null,
      hd95Mm: null,
      nsd: null,
      volumeErrorMl: 0,
      predictedMl: 0,
      referenceMl: 0,
    });
    const missed = compareMasks(empty, ellipsoid("a"), 1);
    expect(missed).toMatchObject({ dice: 0, hd95Mm: null, nsd: 0, predictedMl: 0 });
    expect(missed.volumeErrorMl).toBe(-volumeMl(ellipsoid("a")));
  });

  it("refuses masks on different grids", () => {
    const moved = { grid: createGrid({ ...grid, origin: [5, 0, 0] }), data: empty.data };
    expect(() => compareMasks(moved, empty, 1)).toThrow(expect.objectContaining({ code: "grid-mismatch" }));
  });
});

describe("longestDiameterMm", () => {
  it.each(Object.keys(golden.feretMm))("agrees with ITK's Feret diameter (%s)", (name) => {
    expect(longestDiameterMm(ellipsoid(name))).toBeCloseTo(golden.feretMm[name], 6);
  });

  it.each([undefined, 0, 1, 2])("compares all pairs of voxels, within slices across axis %s", (across) => {
    const scattered = { grid, data: empty.data.map((_, i) => ((31 * i * i + 17 * i) % 257 < 9 ? 3 : 0)) };
    const [, rows, columns] = grid.shape;
    const points: number[][] = [];
    scattered.data.forEach((value, i) => {
      if (value !== 0)
        points.push([Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns]);
    });
    let longest = 0;
    for (const a of points) {
      for (const b of points) {
        if (across !== undefined && a[across] !== b[across]) continue;
        longest = Math.max(longest, Math.hypot(...a.map((v, axis) => (v - b[axis]) * grid.spacingMm[axis])));
      }
    }
    expect(longestDiameterMm(scattered, across)).toBeCloseTo(longest, 9);
  });

  it("is null for an empty mask and 0 for one voxel", () => {
    expect(longestDiameterMm(empty)).toBeNull();
    expect(longestDiameterMm({ grid, data: empty.data.map((_, i) => (i === 40 ? 1 : 0)) })).toBe(0);
  });
});
