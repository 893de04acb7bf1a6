import { describe, expect, it } from "vitest";
import { createGrid, toWorld } from "../../domain/grid.ts";
import { gridOfSteps, type Steps } from "../affine.ts";
import { shearOf, straightened } from "./shear.ts";

/** A quantity that is linear in the patient, so that linear interpolation has no error. */
const truth = ([x, y, z]: readonly number[]) => 3 * x - 2 * y + 0.5 * z + 100;

/** Slices as stored: each where the steps lead. */
function stored({ shape, steps, origin }: Steps): Float32Array {
  const values = new Float32Array(shape[0] * shape[1] * shape[2]);
  for (let at = 0; at < values.length; at++) {
    const index = [
      Math.floor(at / (shape[1] * shape[2])),
      Math.floor(at / shape[2]) % shape[1],
      at % shape[2],
    ];
    values[at] = truth(
      origin.map((value, i) => value + index.reduce((sum, k, axis) => sum + k * steps[axis][i], 0)),
    );
  }
  return values;
}

const tilted = (rowShiftMm: number, columnShiftMm: number): Steps => ({
  shape: [5, 9, 12],
  steps: [
    [columnShiftMm, rowShiftMm, 2.5],
    [0, 0.8, 0],
    [0.7, 0, 0],
  ],
  origin: [-4, 6, 10],
});

describe("a tilted gantry", () => {
  it.each([
    [0.9, 0],
    [-0.9, 0],
    [0.31, -0.5],
  ])("shifted by %d and %d mm per slice: every slice comes to lie where it was taken", (rows, columns) => {
    const steps = tilted(rows, columns);
    const shear = shearOf(steps, "x");
    if (shear === undefined) throw new Error("no shear found");
    const values = stored(steps);
    const result = straightened(values, shear);
    const grid = createGrid(gridOfSteps(shear.steps, "x", "x"));
    const lowest = Math.min(...values);
    let covered = 0;
    for (let at = 0; at < result.length; at++) {
      if (result[at] === Math.fround(lowest)) continue;
      covered += 1;
      const [, height, width] = grid.shape;
      const place = toWorld(grid, [
        Math.floor(at / (height * width)),
        Math.floor(at / width) % height,
        at % width,
      ]);
      expect(result[at]).toBeCloseTo(truth(place), 3);
    }
    // At most one row and one column of each slice fall between the voxels.
    expect(covered).toBeGreaterThanOrEqual(5 * 8 * 11 - 1);
  });

  it("is not seen in slices that rounding alone has moved", () => {
    expect(shearOf(tilted(0.002, 0), "x")).toBeUndefined();
  });
});
