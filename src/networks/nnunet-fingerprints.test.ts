/** Fingerprints that nnU-Net itself wrote, planned by us and by its own planners. */
import { describe, expect, it } from "vitest";
import golden from "../../tests/golden/networks/fingerprints.json" with { type: "json" };
import { parseFingerprint } from "./fingerprint-json.ts";
import { planNetwork } from "./plan.ts";
import type { PlannerName } from "./presets.ts";

describe.each(golden.dataSets)("nnU-Net's fingerprint of the $name data set", (dataSet) => {
  const fingerprint = parseFingerprint(dataSet.fingerprint);
  const classes = Object.keys(dataSet.dataset.labels).length;

  it("is read whole: every case, and each channel's intensities", () => {
    const written = dataSet.fingerprint.foreground_intensity_properties_per_channel;
    expect(fingerprint.spacingsMm).toHaveLength(dataSet.dataset.numTraining);
    expect(fingerprint.foregroundIntensities).toHaveLength(Object.keys(written).length);
    expect(fingerprint.foregroundIntensities[0].percentile99_5).toBe(written["0"].percentile_99_5);
    expect(fingerprint.medianRelativeSizeAfterCrop).toBe(
      dataSet.fingerprint.median_relative_size_after_cropping,
    );
  });

  it.each(Object.entries(dataSet.plans))("gives nnU-Net's own plan of preset %s", (preset, expected) => {
    const plan = planNetwork(fingerprint, { classes, preset: preset as PlannerName });
    const { useMask, spacingMm, ...exact } = expected;
    expect(plan).toMatchObject(exact);
    plan.spacingMm.forEach((mm, axis) => {
      expect(mm).toBeCloseTo(spacingMm[axis], 9);
    });
    expect(plan.inputChannels).toBe(Object.keys(dataSet.dataset.channel_names).length);
    expect(new Set(plan.normalisation)).toEqual(new Set([useMask ? "z-score-nonzero" : "z-score"]));
  });
});
