import { describe, expect, it } from "vitest";
import { createGrid, type Triple, voxelCount } from "../domain/grid.ts";
import type { LabelMap } from "../domain/volume.ts";
import { sphericity, surfaceAreaMm2 } from "./sphericity.ts";

function mask(spacingMm: Triple, inside: (mm: Triple) => boolean): LabelMap {
  const shape = spacingMm.map((mm) => Math.ceil(44 / mm)) as unknown as Triple;
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
  const data = Uint8Array.from({ length: voxelCount(grid) }, (_, i) => {
    const at = [Math.floor(i / (shape[1] * shape[2])), Math.floor(i / shape[2]) % shape[1], i % shape[2]];
    return inside(at.map((v, axis) => v * spacingMm[axis] - 21.3) as unknown as Triple) ? 2 : 0;
  });
  return { grid, data };
}

const ellipsoid = (spacingMm: Triple, radiiMm: Triple) =>
  mask(spacingMm, (at) => at.reduce((sum, mm, axis) => sum + (mm / radiiMm[axis]) ** 2, 0) <= 1);

describe("sphericity", () => {
  it.each([
    [[1, 1, 1], 8],
    [[2, 0.7, 0.7], 8],
    [[2.5, 1, 1], 15],
    [[0.8, 0.8, 0.8], 18],
  ] as [Triple, number][])(
    "is 1 and the surface 4πr² for balls, within 3 %% (%j mm, r = %i mm)",
    (spacingMm, r) => {
      const ball = ellipsoid(spacingMm, [r, r, r]);
      expect(Math.abs(surfaceAreaMm2(ball) / (4 * Math.PI * r * r) - 1)).toBeLessThan(0.03);
      expect(Math.abs((sphericity(ball) as number) - 1)).toBeLessThan(0.03);
    },
  );

  it("agrees with the elliptic integral for a long ellipsoid", () => {
    // Prolate spheroid of half-axes 18 and 7 mm: surface 2πb²(1 + a/(b·e)·asin e).
    const [a, b] = [18, 7];
    const e = Math.sqrt(1 - (b * b) / (a * a));
    const area = 2 * Math.PI * b * b * (1 + (a / (b * e)) * Math.asin(e));
    const expected = (Math.cbrt(Math.PI) * (8 * Math.PI * a * b * b) ** (2 / 3)) / area;
    const found = sphericity(ellipsoid([1.5, 0.8, 0.8], [b, a, b]), 2) as number;
    expect(Math.abs(found / expected - 1)).toBeLessThan(0.03);
  });

  it("falls when the same volume is in pieces", () => {
    const pieces = mask([1, 1, 1], (at) => Math.hypot(Math.abs(at[0]) - 9, at[1], at[2]) <= 6);
    // Two equal balls: 2^(−1/3) of one.
    expect(Math.abs((sphericity(pieces) as number) - 2 ** (-1 / 3))).toBeLessThan(0.03);
  });

  it("is null for an empty mask or class", () => {
    expect(sphericity(mask([1, 1, 1], () => false))).toBeNull();
    expect(sphericity(ellipsoid([1, 1, 1], [5, 5, 5]), 1)).toBeNull();
  });
});
