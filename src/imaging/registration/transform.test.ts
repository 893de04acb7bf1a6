import { describe, expect, it } from "vitest";
import { createGrid } from "../../domain/grid.ts";
import { displacements, pointMover, type SplineTransform } from "./transform.ts";
import { warp } from "./warp.ts";

const grid = createGrid({
  shape: [6, 7, 8],
  spacingMm: [2, 1.5, 1],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [-3, -4, -5],
});

/** A lattice that covers the grid, with a displacement at each control point. */
function spline(displacement: (x: number, y: number, z: number) => number): SplineTransform {
  const lattice = createGrid({
    shape: [8, 8, 8],
    spacingMm: [4, 4, 4],
    direction: grid.direction,
    origin: [-13, -13, -13],
  });
  const along = Float64Array.from({ length: 512 }, (_, i) => {
    const [s, r, c] = [Math.floor(i / 64), Math.floor(i / 8) % 8, i % 8];
    return displacement(-13 + 4 * c, -13 + 4 * r, -13 + 4 * s);
  });
  const still = new Float64Array(512);
  return { kind: "spline", lattice, coefficients: [along, still, still] };
}

describe("a spatial transform", () => {
  it("turns about its centre and then shifts", () => {
    const point: [number, number, number] = [2, 1, 7];
    pointMover([
      {
        kind: "rigid",
        // A quarter turn about z: x to y.
        matrix: [
          [0, -1, 0],
          [1, 0, 0],
          [0, 0, 1],
        ],
        centre: [1, 1, 0],
        translationMm: [0, 0, -2],
      },
    ])(point);
    expect(point).toEqual([1, 2, 5]);
  });

  it("reproduces a displacement that is linear in space exactly, as cubic splines do", () => {
    const [x, y, z] = displacements([spline((px, py) => 0.1 * px - 0.2 * py + 0.5)], grid);
    const at = (2 * 7 + 3) * 8 + 5;
    const [px, py] = [-3 + 5, -4 + 4.5];
    expect(x[at]).toBeCloseTo(0.1 * px - 0.2 * py + 0.5, 6);
    expect([y[at], z[at]]).toEqual([0, 0]);
  });

  it("does not move what its lattice does not hold", () => {
    const point: [number, number, number] = [50, 0, 0];
    pointMover([spline(() => 3)])(point);
    expect(point).toEqual([50, 0, 0]);
  });
});

describe("warp", () => {
  it("shifts an image by whole voxels, and goes on with the edge", () => {
    const moving = { grid, data: Int16Array.from({ length: 336 }, (_, i) => i) };
    const identity = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ] as const;
    const shift = { kind: "rigid", matrix: identity, centre: [0, 0, 0], translationMm: [2, 0, 0] } as const;
    const { data } = warp(moving, [shift], grid);
    expect(Array.from(data.slice(0, 8))).toEqual([2, 3, 4, 5, 6, 7, 7, 7]);
  });
});
