import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createGrid, type Triple, voxelCount } from "../domain/grid.ts";
import type { LabelMap } from "../domain/volume.ts";
import { dilateMm, distanceToMask, erodeMm, rim } from "./distance.ts";

const golden = JSON.parse(
  readFileSync(new URL("../../tests/golden/imaging/masks.json", import.meta.url), "utf8"),
);

function mask(shape: Triple, spacingMm: Triple, inside: (voxel: number) => boolean): LabelMap {
  const grid = createGrid({
    shape,
    spacingMm,
    direction: [
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
    ],
    origin: [0, 0, 0],
  });
  return { grid, data: Uint8Array.from({ length: voxelCount(grid) }, (_, i) => (inside(i) ? 1 : 0)) };
}

/** The definition: for every voxel the least distance to any voxel of the mask. */
function bruteForceDistances({ grid: { shape, spacingMm }, data }: LabelMap): number[] {
  const position = (voxel: number) => [
    Math.floor(voxel / (shape[1] * shape[2])) * spacingMm[0],
    (Math.floor(voxel / shape[2]) % shape[1]) * spacingMm[1],
    (voxel % shape[2]) * spacingMm[2],
  ];
  return Array.from(data, (_, from) => {
    let least = Infinity;
    for (let to = 0; to < data.length; to++) {
      if (data[to] === 0) continue;
      const [a, b] = [position(from), position(to)];
      least = Math.min(least, Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]));
    }
    return least;
  });
}

const masks = fc
  .record({
    shape: fc.tuple(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 7 }),
    ),
    spacingMm: fc.tuple(...[0, 1, 2].map(() => fc.constantFrom(0.3, 0.7, 1, 2.5))),
    bits: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 210, maxLength: 210 }),
  })
  .map(({ shape, spacingMm, bits }) => mask(shape, spacingMm as unknown as Triple, (i) => bits[i] === 0));

describe("distanceToMask", () => {
  it("agrees with scipy on an anisotropic grid", () => {
    const sparse = mask(golden.shape, golden.spacingMm, (i) => (31 * i * i + 17 * i) % 257 < 4);
    const distances = distanceToMask(sparse).data;
    golden.distanceToSparse.forEach((mm: number, i: number) => {
      expect(Math.abs(distances[i] - mm)).toBeLessThan(2e-5);
    });
  });

  it("is the least distance to any voxel of the mask, and infinite where there is none", () => {
    fc.assert(
      fc.property(masks, (some) => {
        const expected = bruteForceDistances(some);
        const found = distanceToMask(some).data;
        return expected.every((mm, i) => mm === found[i] || Math.abs(mm - found[i]) < 1e-5);
      }),
      { numRuns: 200, seed: 11 },
    );
  });
});

describe("dilateMm, erodeMm and rim", () => {
  it("follow from the distances for any mask and radius", () => {
    fc.assert(
      fc.property(masks, fc.constantFrom(0.5, 1, 2.5), (some, radius) => {
        const distances = bruteForceDistances(some);
        const outside = { grid: some.grid, data: some.data.map((v) => 1 - v) };
        const depth = bruteForceDistances(outside);
        const grown = dilateMm(some, radius).data;
        const around = rim(some, radius).data;
        const shrunk = erodeMm(some, radius).data;
        return distances.every(
          (mm, i) =>
            grown[i] === (mm <= radius + 1e-6 ? 1 : 0) &&
            around[i] === (mm > 0 && mm <= radius + 1e-6 ? 1 : 0) &&
            shrunk[i] === (some.data[i] === 1 && depth[i] > radius + 1e-6 ? 1 : 0),
        );
      }),
      { numRuns: 200, seed: 12 },
    );
  });

  it("reaches equally far in mm along axes of different spacing", () => {
    const point = mask([9, 9, 9], [2, 1, 0.5], (i) => i === 4 * 81 + 4 * 9 + 4);
    expect(dilateMm(point, 2).data.reduce((a, b) => a + b, 0)).toBe(
      bruteForceDistances(point).filter((mm) => mm <= 2).length,
    );
  });
});
