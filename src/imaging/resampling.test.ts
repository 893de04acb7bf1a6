import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createGrid, type Grid, type Triple, toWorld, voxelCount } from "../domain/grid.ts";
import type { Volume } from "../domain/volume.ts";
import { gridMapping } from "./grid-mapping.ts";
import { resampleAlongAxes, resampleAtPoints } from "./interpolation.ts";
import { coarseAxis, gridWithShape, gridWithSpacing, resample, resampleLabels } from "./resampling.ts";

const golden = JSON.parse(
  readFileSync(new URL("../../tests/golden/imaging/resampling.json", import.meta.url), "utf8"),
);

const AXES: Grid["direction"] = [
  [0, 0, 1],
  [0, 1, 0],
  [1, 0, 0],
];

function grid(shape: Triple, spacingMm: Triple = [1, 1, 1], direction = AXES): Grid {
  return createGrid({ shape, spacingMm, direction, origin: [10, -20, 30] });
}

/** The image of scripts/golden/imaging_resampling.py. */
function goldenImage(on: Grid): Volume<Float32Array> {
  const [, rows, columns] = on.shape;
  const data = Float32Array.from({ length: voxelCount(on) }, (_, i) => (31 * i * i + 17 * i) % 251);
  for (let slice = 0; slice < on.shape[0]; slice++) {
    data[slice * rows * columns] = 0;
    data[slice * rows * columns + columns + 1] = 250;
  }
  return { grid: on, data };
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i] - b[i]));
  return largest;
}

describe("resample", () => {
  it.each(["nearest", "linear"] as const)(
    "agrees with SimpleITK between oblique grids (%s)",
    (interpolation) => {
      const source = goldenImage(createGrid(golden.oblique.source));
      const target = createGrid(golden.oblique.target);
      const result = resample(source, target, { interpolation, outside: -7 });
      expect(largestDifference(result.data, golden.oblique[interpolation])).toBeLessThan(1e-3);
    },
  );

  it("agrees with scipy's cubic spline at points up to half a voxel beyond the edges", () => {
    const source = goldenImage(grid([5, 6, 7]));
    const { points, values } = golden.splinePoints;
    const found = points.map((point: Triple) => {
      const at = createGrid({ ...source.grid, shape: [1, 1, 1], origin: toWorld(source.grid, point) });
      return resample(source, at, { interpolation: "cubic" }).data[0];
    });
    expect(largestDifference(found, values)).toBeLessThan(1e-3);
  });

  it.each(["nnunetIsotropic", "nnunetSeparate"] as const)("agrees with nnU-Net's resampling (%s)", (name) => {
    const { spacingMm, newSpacingMm, shape, values, labels } = golden[name];
    const source = goldenImage(grid([5, 9, 8], spacingMm));
    const target = gridWithSpacing(source.grid, newSpacingMm);
    expect(target.shape).toEqual(shape);
    const alongCoarseAxis = name === "nnunetSeparate" ? "nearest" : "same";
    const result = resample(source, target, { interpolation: "cubic", alongCoarseAxis });
    expect(largestDifference(result.data, values)).toBeLessThan(1e-3);
    const mask = { grid: source.grid, data: Uint8Array.from(source.data, (value) => (value > 140 ? 1 : 0)) };
    expect([...resampleLabels(mask, target, { alongCoarseAxis }).data]).toEqual(labels);
  });

  it.each(["nearest", "linear", "cubic"] as const)(
    "gives the same axis by axis as point by point on swapped and reversed axes (%s)",
    (interpolation) => {
      const source = goldenImage(grid([6, 7, 8], [2, 1, 0.8]));
      // Slices run along the source's columns, rows along its slices backwards.
      const target = createGrid({
        shape: [9, 5, 6],
        spacingMm: [0.63, 1.7, 1.1],
        direction: [
          [1, 0, 0],
          [0, 0, -1],
          [0, 1, 0],
        ],
        origin: [10.4, -19.7, 39.1],
      });
      const mapping = gridMapping(source.grid, target);
      expect(mapping.axisPairs).toEqual([1, 2, 0]);
      const along = [interpolation, interpolation, interpolation] as const;
      const fast = resampleAlongAxes(source, target.shape, mapping, mapping.axisPairs as Triple, along);
      expect(new Set(fast).size).toBeGreaterThan(60);
      expect(largestDifference(fast, resampleAtPoints(source, target.shape, mapping, along))).toBeLessThan(
        1e-3,
      );
    },
  );

  it("returns the image itself on its own grid, whatever the interpolation", () => {
    const source = goldenImage(grid([4, 5, 6], [3, 1, 0.5]));
    for (const interpolation of ["nearest", "linear", "cubic"] as const) {
      expect(
        largestDifference(resample(source, source.grid, { interpolation }).data, source.data),
      ).toBeLessThan(1e-4);
    }
  });

  it("keeps a linear ramp a ramp in world coordinates on any grid", () => {
    const on = grid([6, 7, 8], [2, 1.3, 0.7]);
    const ramp = (point: Triple) => 3 * point[0] - 2 * point[1] + 0.5 * point[2];
    const values = (of: Grid) => {
      const data = new Float32Array(voxelCount(of));
      for (let i = 0; i < data.length; i++) {
        const [, rows, columns] = of.shape;
        data[i] = ramp(
          toWorld(of, [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns]),
        );
      }
      return data;
    };
    const source = { grid: on, data: values(on) };
    const inner = createGrid({ ...on, shape: [3, 4, 5], spacingMm: [1.1, 0.9, 0.6], origin: [11, -18, 33] });
    expect(largestDifference(resample(source, inner).data, values(inner))).toBeLessThan(1e-4);
  });

  it("fills what lies more than half a voxel outside the source, or continues the edge", () => {
    const source = { grid: grid([1, 1, 4]), data: Float32Array.of(5, 6, 7, 8) };
    const target = createGrid({ ...source.grid, shape: [1, 1, 7], origin: [9, -20, 30] });
    expect([...resample(source, target).data]).toEqual([0, 5, 6, 7, 8, 0, 0]);
    expect([...resample(source, target, { outside: "edge" }).data]).toEqual([5, 5, 6, 7, 8, 8, 8]);
  });
});

describe("resampleLabels", () => {
  it("gives the strongest class where three meet and the nearest one of equal shares", () => {
    const labels = { grid: grid([1, 2, 2]), data: Uint8Array.of(1, 2, 3, 3) };
    const centre = createGrid({ ...labels.grid, shape: [1, 1, 1], origin: [10.5, -19.5, 30] });
    expect([...resampleLabels(labels, centre).data]).toEqual([3]);
    const between = createGrid({ ...labels.grid, shape: [1, 1, 1], origin: [10.5, -20, 30] });
    // Halfway counts as nearest to the later voxel.
    expect([...resampleLabels(labels, between).data]).toEqual([2]);
    const swapped = { grid: labels.grid, data: Uint8Array.of(2, 1, 3, 3) };
    expect([...resampleLabels(swapped, between).data]).toEqual([1]);
  });

  it("leaves background outside the source", () => {
    const labels = { grid: grid([1, 1, 2]), data: Uint8Array.of(7, 7) };
    const target = createGrid({ ...labels.grid, shape: [1, 1, 4], origin: [9, -20, 30] });
    expect([...resampleLabels(labels, target).data]).toEqual([0, 7, 7, 0]);
  });
});

describe("gridWithSpacing", () => {
  it("keeps the outer faces in place and states the spacing that follows", () => {
    const old = grid([10, 11, 12], [2, 1, 0.7]);
    const made = gridWithSpacing(old, [1.5, 1.2, 1]);
    expect(made.shape).toEqual([13, 9, 8]);
    for (const [before, after] of [
      [
        [-0.5, -0.5, -0.5],
        [-0.5, -0.5, -0.5],
      ],
      [
        [9.5, 10.5, 11.5],
        [12.5, 8.5, 7.5],
      ],
    ] as [Triple, Triple][]) {
      expect(largestDifference(toWorld(old, before), toWorld(made, after))).toBeLessThan(1e-9);
    }
  });

  it("is undone by the old shape", () => {
    const old = grid([10, 11, 12], [2, 1, 0.7]);
    const back = gridWithShape(gridWithSpacing(old, [1.5, 1.2, 1]), old.shape);
    expect(largestDifference(back.origin, old.origin)).toBeLessThan(1e-9);
    expect(largestDifference(back.spacingMm, old.spacingMm)).toBeLessThan(1e-9);
  });
});

describe("coarseAxis", () => {
  it("is the one axis more than three times the finest, or none", () => {
    expect(coarseAxis([3.1, 1, 1])).toBe(0);
    expect(coarseAxis([3, 1, 1])).toBeUndefined();
    expect(coarseAxis([4, 1, 4])).toBeUndefined();
  });
});
