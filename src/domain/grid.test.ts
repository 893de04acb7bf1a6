import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DataError } from "./errors.ts";
import { createGrid, type Grid, sameGrid, toVoxel, toWorld, voxelVolumeMm3 } from "./grid.ts";

/** A sagittal grid: slices to the patient's left, rows downwards, columns to posterior. */
const SAGITTAL: Grid = {
  shape: [60, 256, 256],
  spacingMm: [2, 0.7, 0.7],
  direction: [
    [1, 0, 0],
    [0, 0, -1],
    [0, 1, 0],
  ],
  origin: [10, -80, 90],
};

describe("Grid", () => {
  it("places each axis where its direction and spacing say", () => {
    expect(toWorld(SAGITTAL, [0, 0, 0])).toEqual([10, -80, 90]);
    const [x, y, z] = toWorld(SAGITTAL, [3, 10, 20]);
    expect([x, y, z].map((value) => Number(value.toFixed(9)))).toEqual([16, -66, 83]);
    expect(voxelVolumeMm3(SAGITTAL)).toBeCloseTo(0.98, 12);
  });

  it("goes from voxel to world and back for any oblique grid", () => {
    const angle = fc.double({ min: -3, max: 3, noNaN: true });
    const index = fc.tuple(fc.double({ min: -50, max: 50, noNaN: true }), angle, angle);
    fc.assert(
      fc.property(angle, angle, index, (yaw, pitch, voxel) => {
        const grid = createGrid({
          ...SAGITTAL,
          direction: [
            [Math.cos(yaw), Math.sin(yaw), 0],
            [-Math.sin(yaw) * Math.cos(pitch), Math.cos(yaw) * Math.cos(pitch), Math.sin(pitch)],
            [Math.sin(yaw) * Math.sin(pitch), -Math.cos(yaw) * Math.sin(pitch), Math.cos(pitch)],
          ],
        });
        const back = toVoxel(grid, toWorld(grid, voxel));
        for (let axis = 0; axis < 3; axis++) expect(back[axis]).toBeCloseTo(voxel[axis], 9);
      }),
    );
  });

  it.each<[string, Partial<Grid>]>([
    ["a zero spacing", { spacingMm: [0, 1, 1] }],
    ["a spacing that is no number", { spacingMm: [Number.NaN, 1, 1] }],
    ["a fractional size", { shape: [1.5, 2, 2] }],
    ["a size beyond one array", { shape: [65535, 65535, 10] }],
    [
      "sheared axes",
      {
        direction: [
          [1, 0, 0],
          [0.1, 0.995, 0],
          [0, 0, 1],
        ],
      },
    ],
    [
      "an axis that is no unit vector",
      {
        direction: [
          [2, 0, 0],
          [0, 1, 0],
          [0, 0, 1],
        ],
      },
    ],
  ])("refuses %s", (_, change) => {
    expect(() => createGrid({ ...SAGITTAL, ...change })).toThrow(DataError);
  });

  it("counts grids as the same up to a hundredth of a voxel", () => {
    expect(sameGrid(SAGITTAL, { ...SAGITTAL, origin: [10.001, -80, 90] })).toBe(true);
    expect(sameGrid(SAGITTAL, { ...SAGITTAL, origin: [10.1, -80, 90] })).toBe(false);
    expect(sameGrid(SAGITTAL, { ...SAGITTAL, spacingMm: [2, 0.7, 0.71] })).toBe(false);
    expect(sameGrid(SAGITTAL, { ...SAGITTAL, shape: [60, 256, 255] })).toBe(false);
  });
});
