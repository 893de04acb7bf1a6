import { describe, expect, it } from "vitest";
import { createGrid, type Triple, toWorld } from "../domain/grid.ts";
import { crop, cropGrid, expandBox, maskBox, nonZeroBox, pad, paste, unionBox } from "./cropping.ts";

const grid = createGrid({
  shape: [3, 4, 5],
  spacingMm: [3, 1, 0.5],
  direction: [
    [0, 0.6, 0.8],
    [0, 0.8, -0.6],
    [-1, 0, 0],
  ],
  origin: [1, 2, 3],
});
const counted = { grid, data: Int16Array.from({ length: 60 }, (_, i) => i + 1) };

function maskOf(...voxels: number[]) {
  const data = new Uint8Array(60);
  voxels.forEach((voxel, i) => {
    data[voxel] = i + 1;
  });
  return { grid, data };
}

describe("boxes", () => {
  it("hold every non-zero voxel of any channel, and no more", () => {
    const box = nonZeroBox([maskOf(27).data, maskOf(33).data], grid.shape);
    expect(box).toEqual({ start: [1, 1, 2], size: [1, 2, 2] });
    expect(nonZeroBox([new Uint8Array(60)], grid.shape)).toBeUndefined();
  });

  it("can be those of one class", () => {
    const mask = maskOf(0, 59);
    expect(maskBox(mask)).toEqual({ start: [0, 0, 0], size: [3, 4, 5] });
    expect(maskBox(mask, 2)).toEqual({ start: [2, 3, 4], size: [1, 1, 1] });
    expect(maskBox(mask, 3)).toBeUndefined();
  });

  it("unite and grow by at least the margin, within the image", () => {
    const a = { start: [0, 1, 2], size: [1, 1, 1] } as const;
    expect(unionBox(a, { start: [1, 0, 2], size: [1, 2, 3] })).toEqual({ start: [0, 0, 2], size: [2, 2, 3] });
    expect(expandBox(a, 1, grid)).toEqual({ start: [0, 0, 0], size: [2, 3, 5] });
  });
});

describe("crop, pad and paste", () => {
  it("keep each voxel where it was in the patient", () => {
    const box = { start: [1, 2, 1], size: [2, 2, 3] } as const;
    const part = crop(counted, box);
    expect([...part.data]).toEqual([32, 33, 34, 37, 38, 39, 52, 53, 54, 57, 58, 59]);
    const seen = toWorld(part.grid, [1, 1, 2]);
    toWorld(grid, [2, 3, 3]).forEach((mm, i) => {
      expect(seen[i]).toBeCloseTo(mm, 12);
    });
  });

  it("refuses to crop beyond the image, where pad fills", () => {
    const box = { start: [-1, 3, 4], size: [2, 2, 2] } as const;
    expect(() => crop(counted, box)).toThrow(expect.objectContaining({ code: "box-outside" }));
    const padded = pad(counted, box, -7);
    expect([...padded.data]).toEqual([-7, -7, -7, -7, 20, -7, -7, -7]);
    expect(padded.data).toBeInstanceOf(Int16Array);
    expect(cropGrid(grid, box).origin).toEqual(toWorld(grid, [-1, 3, 4]));
  });

  it("restore the image when the crop is pasted back, and drop what reaches beyond", () => {
    const box = { start: [0, 1, 1] as Triple, size: [3, 2, 4] as Triple };
    const blank = { grid, data: new Int16Array(60) };
    const pasted = paste(blank, crop(counted, box), box.start);
    expect(nonZeroBox([pasted.data], grid.shape)).toEqual(box);
    expect([...crop(pasted, box).data]).toEqual([...crop(counted, box).data]);
    expect(blank.data.every((value) => value === 0)).toBe(true);
    const beyond = paste(blank, pad(counted, { start: [-1, -1, -1], size: [2, 2, 2] }), [-1, -1, -1]);
    expect(beyond.data.reduce((sum, value) => sum + value, 0)).toBe(1);
  });
});
