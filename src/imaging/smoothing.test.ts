import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { lowerResolution } from "./augmentation/resolution.ts";
import { smooth } from "./smoothing.ts";

const golden = JSON.parse(
  readFileSync(new URL("../../tests/golden/imaging/smoothing.json", import.meta.url), "utf8"),
);
const image = () => Float32Array.from({ length: 540 }, (_, i) => (31 * i * i + 17 * i) % 251);

function largestDifference(found: Float32Array, expected: number[]): number {
  return Math.max(...expected.map((value, i) => Math.abs(value - found[i])));
}

describe("smooth", () => {
  it("agrees with scipy for another σ along each axis", () => {
    const data = image();
    smooth(data, golden.shape, golden.sigmas);
    expect(largestDifference(data, golden.smoothed)).toBeLessThan(1e-3);
  });

  it("keeps a constant image, also where the kernel is longer than the image", () => {
    const data = new Float32Array(12).fill(4);
    smooth(data, [1, 3, 4], [2, 2, 2]);
    for (const value of data) expect(value).toBeCloseTo(4, 5);
  });
});

describe("lowerResolution", () => {
  it("agrees with PyTorch's nearest-exact reduction and trilinear interpolation", () => {
    const data = image();
    lowerResolution(data, golden.shape, golden.factor, [0, 1, 2]);
    expect(largestDifference(data, golden.lowResolution)).toBeLessThan(1e-3);
  });
});
