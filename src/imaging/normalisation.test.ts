import { describe, expect, it } from "vitest";
import { createGrid } from "../domain/grid.ts";
import { countNonFinite } from "../domain/volume.ts";
import { replaceNonFinite } from "./non-finite.ts";
import { clipPercentiles, standardise } from "./normalisation.ts";
import { percentiles } from "./percentiles.ts";

function row(...values: number[]) {
  const grid = createGrid({
    shape: [1, 1, values.length],
    spacingMm: [1, 1, 1],
    direction: [
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
    ],
    origin: [0, 0, 0],
  });
  return { grid, data: Float32Array.from(values) };
}

describe("percentiles", () => {
  it("interpolate between order statistics as NumPy does", () => {
    // numpy.percentile([7, 1, 3, 10], [0, 10, 50, 95, 100]), NumPy 2.4.6.
    const expected = [1, 1.6, 5, 9.55, 10];
    percentiles(Float32Array.of(7, 1, 3, 10), [0, 10, 50, 95, 100]).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 12);
    });
  });

  it("leave the values in their order", () => {
    const values = Float32Array.of(3, 1, 2);
    percentiles(values, [50]);
    expect([...values]).toEqual([3, 1, 2]);
  });
});

describe("standardise", () => {
  it("gives mean 0 and deviation 1, and says what it took", () => {
    const { volume, mean, standardDeviation } = standardise(row(2, 4, 4, 4, 5, 5, 7, 9));
    expect(mean).toBe(5);
    expect(standardDeviation).toBe(2);
    expect([...volume.data]).toEqual([-1.5, -0.5, -0.5, -0.5, 0, 0, 1, 2]);
  });

  it("looks inside the mask only, and sets the rest to 0", () => {
    const { volume, mean } = standardise(row(1, 3, 1000), Uint8Array.of(1, 1, 0));
    expect(mean).toBe(2);
    expect([...volume.data]).toEqual([-1, 1, 0]);
  });

  it("makes zeros of a constant image and of an empty mask", () => {
    expect([...standardise(row(6, 6)).volume.data]).toEqual([0, 0]);
    expect([...standardise(row(6, 7), Uint8Array.of(0, 0)).volume.data]).toEqual([0, 0]);
  });
});

describe("clipPercentiles", () => {
  it("limits all voxels by the percentiles of the mask", () => {
    const { volume, lower, upper } = clipPercentiles(row(-50, 0, 10, 20, 99), {
      lowPercent: 25,
      highPercent: 75,
      inside: Uint8Array.of(0, 1, 1, 1, 0),
    });
    expect([lower, upper]).toEqual([5, 15]);
    expect([...volume.data]).toEqual([5, 5, 10, 15, 15]);
  });
});

describe("replaceNonFinite", () => {
  it("sets NaN and infinities to 0 and says how many there were", () => {
    const broken = row(1, Number.NaN, Infinity, -Infinity, 5);
    expect(countNonFinite(broken.data)).toBe(3);
    const { value, issues } = replaceNonFinite(broken, "P01/pre");
    expect([...value.data]).toEqual([1, 0, 0, 0, 5]);
    expect(issues).toEqual([
      expect.objectContaining({
        code: "voxels-not-finite",
        severity: "warning",
        subject: "P01/pre",
        message: expect.stringContaining("3 of 5 voxels"),
      }),
    ]);
    expect(broken.data[1]).toBeNaN();
  });

  it("returns a sound image as it is", () => {
    const sound = row(1, 2);
    expect(replaceNonFinite(sound)).toEqual({ value: sound, issues: [] });
    expect(replaceNonFinite(sound).value).toBe(sound);
  });
});
