import { describe, expect, it } from "vitest";
import { RandomStream, randomKey } from "../domain/random.ts";
import { fingerprintCase, joinFingerprints, percentile } from "./fingerprint.ts";
import { parseFingerprint } from "./fingerprint-json.ts";

/** A case whose foreground is every third voxel, with the given intensities there. */
function caseWith(foreground: readonly number[]) {
  const voxels = foreground.length * 3;
  const channel = new Float32Array(voxels).fill(-1e6);
  const labels = new Uint8Array(voxels);
  foreground.forEach((value, i) => {
    channel[3 * i] = value;
    labels[3 * i] = 1 + (i % 2);
  });
  return fingerprintCase(
    { channels: [channel], labels, shape: [foreground.length, 3, 1] },
    [2, 1, 1],
    [foreground.length, 3, 2],
  );
}

describe("a fingerprint", () => {
  it("has the moments and percentiles of the foreground, as computed from the values themselves", () => {
    const stream = new RandomStream(randomKey(3));
    const values = Array.from({ length: 4000 }, () => Math.fround(stream.normal(100, 15)));
    const { foregroundIntensities, medianRelativeSizeAfterCrop } = joinFingerprints([caseWith(values)]);
    const [properties] = foregroundIntensities;
    const mean = values.reduce((a, b) => a + b) / values.length;
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
    expect(properties.mean).toBeCloseTo(mean, 6);
    expect(properties.std).toBeCloseTo(Math.sqrt(variance), 5);
    expect(properties.min).toBe(Math.min(...values));
    expect(properties.max).toBe(Math.max(...values));
    expect(properties.median).toBeCloseTo(percentile(values, 50), 4);
    expect(properties.percentile00_5).toBeCloseTo(percentile(values, 0.5), 4);
    expect(properties.percentile99_5).toBeCloseTo(percentile(values, 99.5), 4);
    expect(medianRelativeSizeAfterCrop).toBe(0.5);
  });

  it("gives a small and a large case the same weight, and leaves out one without foreground", () => {
    const small = caseWith([0, 0, 0, 0]);
    const large = caseWith(Array(1000).fill(10));
    const empty = fingerprintCase(
      { channels: [Float32Array.of(7, 7)], labels: [0, 0], shape: [1, 1, 2] },
      [1, 1, 1],
      [1, 1, 2],
    );
    const { foregroundIntensities, spacingsMm } = joinFingerprints([small, large, empty]);
    expect(foregroundIntensities[0].mean).toBe(5);
    expect(foregroundIntensities[0].std).toBe(5);
    expect(spacingsMm).toHaveLength(3);
  });

  it("is refused where no case has a foreground or arrays do not fit", () => {
    const empty = () =>
      fingerprintCase({ channels: [[1, 2]], labels: [0, 0], shape: [1, 1, 2] }, [1, 1, 1], [1, 1, 2]);
    expect(() => joinFingerprints([empty()])).toThrow(/no foreground/);
    expect(() => joinFingerprints([])).toThrow(/without cases/);
    expect(() =>
      fingerprintCase({ channels: [[1, 2, 3]], labels: [0, 0], shape: [1, 1, 2] }, [1, 1, 1], [1, 1, 2]),
    ).toThrow(/3 values/);
  });
});

describe("percentiles", () => {
  it("equal NumPy's", () => {
    // numpy 2.4.6: np.percentile([3, 1, 4, 1, 5, 9, 2, 6], [0, 0.5, 50, 99.5, 100])
    const values = [3, 1, 4, 1, 5, 9, 2, 6];
    expect([0, 0.5, 50, 99.5, 100].map((p) => percentile(values, p))).toEqual([
      1,
      1,
      3.5,
      expect.closeTo(8.895, 9),
      9,
    ]);
  });
});

describe("reading a fingerprint from JSON", () => {
  const nnunet = {
    spacings: [[1, 0.5, 0.5]],
    shapes_after_crop: [[40, 60, 60]],
    foreground_intensity_properties_per_channel: {
      "0": { mean: 1, median: 2, std: 3, min: 4, max: 5, percentile_99_5: 6, percentile_00_5: 7 },
    },
    median_relative_size_after_cropping: 0.9,
  };

  it("takes nnU-Net's own file", () => {
    expect(parseFingerprint(nnunet)).toEqual({
      spacingsMm: [[1, 0.5, 0.5]],
      shapesAfterCrop: [[40, 60, 60]],
      foregroundIntensities: [
        { mean: 1, median: 2, std: 3, min: 4, max: 5, percentile99_5: 6, percentile00_5: 7 },
      ],
      medianRelativeSizeAfterCrop: 0.9,
    });
  });

  it("gives back what was written", () => {
    const fingerprint = joinFingerprints([caseWith([1, 2, 3])]);
    expect(parseFingerprint(JSON.parse(JSON.stringify(fingerprint)))).toEqual(fingerprint);
  });

  it.each([
    ["a list", [], /not a JSON object/],
    ["no spacings", { ...nnunet, spacings: undefined }, /spacings/],
    ["a spacing of zero", { ...nnunet, spacings: [[0, 1, 1]] }, /\[0,1,1\]/],
    ["a flat triple", { ...nnunet, shapes_after_crop: [[40, 60]] }, /\[40,60\]/],
    [
      "unequal lists",
      {
        ...nnunet,
        shapes_after_crop: [
          [4, 6, 6],
          [4, 6, 6],
        ],
      },
      /1 spacings and 2 shapes/,
    ],
    ["no relative size", { ...nnunet, median_relative_size_after_cropping: 2 }, /cropping 2/],
    [
      "a channel without a mean",
      { ...nnunet, foreground_intensity_properties_per_channel: { "0": { median: 1 } } },
      /channel 0 without "mean"/,
    ],
  ])("refuses %s and names the file", (_, json, message) => {
    expect(() => parseFingerprint(json, "f.json")).toThrow(message);
    expect(() => parseFingerprint(json, "f.json")).toThrow(/^f\.json: /);
  });
});
