import { describe, expect, it } from "vitest";
import { createGrid } from "../../domain/grid.ts";
import {
  composeRigid,
  displacements,
  inverse,
  pointMover,
  type RigidTransform,
  rotationMatrix,
  type SplineTransform,
} from "./transform.ts";
import { coverage, warp, warpCovered, warpLabels } from "./warp.ts";

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

const turn = (angles: readonly [number, number, number], centre: readonly [number, number, number]) =>
  ({
    kind: "rigid",
    matrix: rotationMatrix(...angles),
    centre,
    translationMm: [4, -7, 11],
  }) satisfies RigidTransform;

function moved(transform: Parameters<typeof pointMover>[0], point: readonly [number, number, number]) {
  const result: [number, number, number] = [...point];
  pointMover(transform)(result);
  return result;
}

describe("transforms after each other", () => {
  const first = turn([0.1, -0.2, 0.3], [3, -5, 8]);
  const second = turn([-0.3, 0.05, 0.2], [-20, 4, 1]);

  it("are one rigid motion where both are rigid", () => {
    const one = moved([composeRigid(first, second)], [10, 20, 30]);
    moved([first, second], [10, 20, 30]).forEach((value, i) => {
      expect(one[i]).toBeCloseTo(value, 9);
    });
  });

  it("lead back by their inverse, a deformation too", () => {
    const bent = spline((x, y, z) => Math.sin(x / 9) + 0.8 * Math.cos((y + z) / 7));
    const there = [bent, first, second];
    for (const point of [
      [0, 0, 0],
      [-2, 3, 1],
      [3, 5, 4],
    ] as const) {
      moved([...there, ...inverse(there)], point).forEach((value, i) => {
        expect(value).toBeCloseTo(point[i], 2);
      });
      moved([...inverse(there), ...inverse(inverse(there))], point).forEach((value, i) => {
        expect(value).toBeCloseTo(point[i], 2);
      });
    }
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
    // What lies more than half a voxel beyond the image was not acquired.
    expect(Array.from(warpCovered(moving, [shift], grid).data.slice(0, 8))).toEqual([2, 3, 4, 5, 6, 7, 0, 0]);
    expect(Array.from(coverage(grid, [shift], grid).data.slice(0, 8))).toEqual([1, 1, 1, 1, 1, 1, 0, 0]);
  });

  it("gives each voxel of a mask the class with the largest share, and background beyond it", () => {
    const data = Uint8Array.from({ length: 336 }, (_, i) => [0, 0, 3, 3, 3, 7, 7, 7][i % 8]);
    const shift = (mm: number) =>
      ({
        kind: "rigid",
        matrix: rotationMatrix(0, 0, 0),
        centre: [0, 0, 0],
        translationMm: [mm, 0, 0],
      }) as const;
    expect(Array.from(warpLabels({ grid, data }, [shift(1.3)], grid).data.slice(0, 8))).toEqual([
      0, 3, 3, 3, 7, 7, 7, 0,
    ]);
  });
});
