import { describe, expect, it } from "vitest";
import { createGrid, voxelCount } from "../domain/grid.ts";
import { RandomStream, randomKey } from "../domain/random.ts";
import type { LabelMap } from "../domain/volume.ts";
import { bodyMask, otsuThreshold, tissueThreshold } from "./regions.ts";
import { compareMasks } from "./segmentation-metrics.ts";

const grid = createGrid({
  shape: [20, 40, 40],
  spacingMm: [3, 1.5, 1.5],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [0, 0, 0],
});

/** Distance in mm from the middle of the image. */
function radiusMm(voxel: number): number {
  const at = [Math.floor(voxel / 1600), Math.floor(voxel / 40) % 40, voxel % 40];
  return Math.hypot(...at.map((v, axis) => (v - (grid.shape[axis] - 1) / 2) * grid.spacingMm[axis]));
}

function ball(mm: number, label = 1): LabelMap {
  return {
    grid,
    data: Uint8Array.from({ length: voxelCount(grid) }, (_, i) => (radiusMm(i) <= mm ? label : 0)),
  };
}

/** A ball of 24 mm with bright skin, fat barely above the noise of air and bright gland within 8 mm. */
function breast() {
  const stream = new RandomStream(randomKey(3));
  const data = Float32Array.from({ length: voxelCount(grid) }, (_, i) => {
    const r = radiusMm(i);
    const signal = r > 24 ? 0 : r > 22 || r < 8 ? 60 : 14;
    return Math.hypot(signal + stream.normal(0, 4), stream.normal(0, 4));
  });
  return { grid, data };
}

describe("bodyMask", () => {
  it("holds skin, gland and suppressed fat, and not the noise of air", () => {
    const { dice, hd95Mm } = compareMasks(bodyMask(breast()), ball(24), 1);
    expect(dice).toBeGreaterThan(0.93);
    expect(hd95Mm).toBeLessThanOrEqual(3);
  });
});

describe("tissueThreshold", () => {
  it("lies between suppressed fat and gland", () => {
    const threshold = tissueThreshold(breast(), ball(24));
    expect(threshold).toBeGreaterThan(25);
    expect(threshold).toBeLessThan(50);
  });
});

describe("otsuThreshold", () => {
  it("maximises the variance between the two classes", () => {
    const stream = new RandomStream(randomKey(4));
    const values = Float32Array.from({ length: 3000 }, (_, i) => stream.normal(i % 3 === 0 ? 10 : 2, 1.5));
    const between = (threshold: number) => {
      const dark = values.filter((v) => v < threshold);
      const bright = values.filter((v) => v >= threshold);
      const mean = (v: Float32Array) => v.reduce((sum, x) => sum + x, 0) / v.length;
      return dark.length * bright.length * (mean(dark) - mean(bright)) ** 2;
    };
    const sorted = values.slice().sort();
    const best = Math.max(...Array.from({ length: 400 }, (_, i) => between(sorted[7 * i + 100])));
    expect(between(otsuThreshold(values)) / best).toBeGreaterThan(0.999);
  });

  it("is the value itself in a constant image", () => {
    expect(otsuThreshold(Float32Array.of(3, 3))).toBe(3);
  });
});
