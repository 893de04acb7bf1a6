import { describe, expect, it } from "vitest";
import { createGrid, type Triple, voxelCount } from "../domain/grid.ts";
import { RandomStream, randomKey } from "../domain/random.ts";
import { gridWithShape, resample } from "./resampling.ts";
import { smoothOnto } from "./smooth-reduction.ts";
import { smooth } from "./smoothing.ts";

describe("smoothOnto", () => {
  it.each<[Triple, Triple, Triple]>([
    [
      [9, 23, 31],
      [0.7, 2.9, 2.2],
      [9, 8, 14],
    ],
    [
      [1, 5, 40],
      [1, 4, 0.5],
      [1, 2, 33],
    ],
  ])("is smoothing and then interpolation, for an image of %j", (shape, sigmas, coarseShape) => {
    const grid = createGrid({
      shape,
      spacingMm: [2, 0.7, 0.9],
      direction: [
        [0, 0, 1],
        [0, 1, 0],
        [1, 0, 0],
      ],
      origin: [3, -4, 5],
    });
    const draw = new RandomStream(randomKey(1));
    const data = Float32Array.from({ length: voxelCount(grid) }, () => draw.normal(20, 10));
    const coarse = gridWithShape(grid, coarseShape);
    const found = smoothOnto({ grid, data }, sigmas, coarse);
    const slow = data.slice();
    smooth(slow, shape, sigmas);
    const expected = resample({ grid, data: slow }, coarse, { outside: "edge" });
    expect(found.grid).toEqual(expected.grid);
    const largest = expected.data.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - found.data[i])),
      0,
    );
    expect(largest).toBeLessThan(1e-4);
  });
});
