import { describe, expect, it } from "vitest";
import { createGrid, type Triple, toWorld, voxelCount } from "../domain/grid.ts";
import type { LabelMap } from "../domain/volume.ts";
import { sideBox, sideByEnhancement } from "./breast-side.ts";
import { cropGrid } from "./cropping.ts";

/** Columns to the left, or to the right where mirrored. */
const gridOf = (mirrored: boolean) =>
  createGrid({
    shape: [10, 40, 80],
    spacingMm: [8, 4, 4],
    direction: [
      [0, 0, 1],
      [0, 1, 0],
      [mirrored ? -1 : 1, 0, 0],
    ],
    origin: [mirrored ? 158 : -158, -100, 0],
  });

function mask(
  grid: ReturnType<typeof gridOf>,
  inside: (x: number, y: number, z: number) => boolean,
): LabelMap {
  const [, R, C] = grid.shape;
  const data = Uint8Array.from({ length: voxelCount(grid) }, (_, i) => {
    const index: Triple = [Math.floor(i / (R * C)), Math.floor(i / C) % R, i % C];
    const [x, y, z] = toWorld(grid, index);
    return inside(x, y, z) ? 1 : 0;
  });
  return { grid, data };
}

/** A chest behind y = 0 and two breasts before it, 80 mm beside the midline. */
const torso = (x: number, y: number) => (Math.abs(x) < 150 && y > 0) || Math.hypot(Math.abs(x) - 80, y) < 60;
const tumour = (x: number, y: number) => Math.hypot(x - 80, y + 25) < 12;
const heart = (x: number, y: number) => Math.hypot(x - 30, y - 40) < 25;

describe.each([false, true])("the side of the tumour, columns mirrored: %s", (mirrored) => {
  const grid = gridOf(mirrored);
  const body = mask(grid, torso);

  it("is the one that enhances before the chest; the heart does not count", () => {
    const right = mask(grid, (x, y) => tumour(-x, y) || heart(x, y));
    expect(sideByEnhancement(right, body).side).toBe("right");
    expect(sideByEnhancement(mask(grid, tumour), body)).toEqual({
      side: "left",
      reason: expect.stringContaining("left breast enhances"),
    });
  });

  it("is not known where both enhance alike, or where there is one breast", () => {
    expect(
      sideByEnhancement(
        mask(grid, (x, y) => tumour(Math.abs(x), y)),
        body,
      ).side,
    ).toBeNull();
    const one = mask(grid, (x, y) => x > 20 && torso(x, y));
    expect(sideByEnhancement(mask(grid, tumour), one)).toEqual({
      side: null,
      reason: "the image holds one breast",
    });
  });

  it("gives the half of the image with a strip across the midline", () => {
    const half = cropGrid(grid, sideBox(body, "left"));
    const ends = [0, half.shape[2] - 1]
      .map((column) => toWorld(half, [0, 0, column])[0])
      .sort((a, b) => a - b);
    expect(ends[0]).toBeGreaterThan(-20);
    expect(ends[0]).toBeLessThan(-8);
    expect(ends[1]).toBe(158);
  });
});
