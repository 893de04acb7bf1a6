import { describe, expect, it } from "vitest";
import { createGrid, type Triple, toWorld, voxelCount } from "../../domain/grid.ts";
import type { LabelMap, Volume } from "../../domain/volume.ts";
import { middleShift, rigidStart } from "./start.ts";
import { pointMover, rotationMatrix } from "./transform.ts";

/** Axial on even voxels for the first image, sagittal on flat ones for the other. */
const axial = createGrid({
  shape: [30, 40, 40],
  spacingMm: [4, 3, 3],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [-60, -60, -60],
});
const sagittal = createGrid({
  shape: [34, 50, 50],
  spacingMm: [4, 3, 3],
  direction: [
    [-1, 0, 0],
    [0, 0, -1],
    [0, 1, 0],
  ],
  origin: [66, -70, 74],
});

const BLOBS = [
  { at: [0, 0, 0], mm: 30, height: 300 },
  { at: [20, -15, 10], mm: 10, height: 400 },
  { at: [-18, 12, -14], mm: 8, height: 500 },
  { at: [5, 22, 20], mm: 7, height: 350 },
] as const;

function blobs(grid: typeof axial, back: (point: [number, number, number]) => void): Volume<Float32Array> {
  const [, R, C] = grid.shape;
  const data = Float32Array.from({ length: voxelCount(grid) }, (_, i) => {
    const point: [number, number, number] = [
      ...(toWorld(grid, [Math.floor(i / (R * C)), Math.floor(i / C) % R, i % C]) as Triple),
    ];
    back(point);
    return BLOBS.reduce((sum, { at, mm, height }) => {
      const square = (point[0] - at[0]) ** 2 + (point[1] - at[1]) ** 2 + (point[2] - at[2]) ** 2;
      return sum + height * Math.exp(-square / (2 * mm * mm));
    }, 0);
  });
  return { grid, data };
}

const still = () => {};
const fixed = blobs(axial, still);
const tissue: LabelMap = { grid: axial, data: Uint8Array.from(fixed.data, (value) => (value > 40 ? 1 : 0)) };

describe("the start of a registration", () => {
  it.each([
    [
      [24, -20, 16],
      [0.1, -0.08, 0.05],
    ],
    [
      [-30, 5, -12],
      [0, 0.1, -0.1],
    ],
  ] as const)(
    "is found to within a coarse voxel over a shift of %s mm and a turn, on another grid",
    (shift, angles) => {
      const there = {
        kind: "rigid",
        matrix: rotationMatrix(angles[0], angles[1], angles[2]),
        centre: [0, 0, 0],
        translationMm: shift,
      } as const;
      const [a, b, c] = there.matrix;
      const moving = blobs(sagittal, (point) => {
        const [x, y, z] = point.map((value, i) => value - shift[i]);
        // The way back: the transpose of the rotation.
        for (let i = 0; i < 3; i++) point[i] = a[i] * x + b[i] * y + c[i] * z;
      });
      const start = rigidStart(fixed, moving, tissue);
      expect(start).toBeDefined();
      for (const { at } of BLOBS) {
        const [wanted, found]: [number, number, number][] = [[...at], [...at]];
        pointMover([there])(wanted);
        pointMover(start === undefined ? [] : [start])(found);
        expect(Math.hypot(...wanted.map((value, i) => value - found[i]))).toBeLessThan(5);
      }
    },
  );

  it("is not moved where the images lie alike, by whatever gain", () => {
    const gained = { grid: axial, data: fixed.data.map((value) => 7 * value) };
    expect(rigidStart(fixed, gained, tissue)).toBeUndefined();
  });

  it("is not moved where there is nothing to see", () => {
    const empty = { grid: axial, data: new Float32Array(voxelCount(axial)) };
    expect(rigidStart(fixed, empty, tissue)).toBeUndefined();
  });
});

it("the middles of two masks tell a shift beyond the search", () => {
  const [, R, C] = sagittal.shape;
  const far = {
    ...sagittal,
    origin: [sagittal.origin[0] + 200, sagittal.origin[1], sagittal.origin[2]] as Triple,
  };
  const data = new Uint8Array(voxelCount(far));
  data[(10 * R + 20) * C + 30] = 1;
  const one = new Uint8Array(voxelCount(sagittal));
  one[(10 * R + 20) * C + 30] = 1;
  const shift = middleShift({ grid: sagittal, data: one }, { grid: far, data });
  expect(shift).toEqual([200, 0, 0]);
});
