import { describe, expect, it } from "vitest";
import { createDceSeries } from "../../domain/dce.ts";
import { randomKey } from "../../domain/random.ts";
import { crop } from "../../imaging/cropping.ts";
import { simulatePatient } from "../../imaging/phantom/cohort.ts";
import { studySchema } from "../schema.ts";
import { prepareSeries } from "./prepare-series.ts";

const config = (images: object) =>
  studySchema.parse({ name: "x", outcome: { pcr: "pcr" }, models: ["ftv"], images }).images;
const { dce } = simulatePatient(randomKey(3), { set: "train", index: 0 }, "small").visits[0];
const box = { start: [8, 4, 8], size: [30, 40, 44] } as const;
const series = createDceSeries(
  dce.phases.map((phase) => crop(phase, box)),
  dce.timesSeconds,
);

describe("prepareSeries", () => {
  it("leaves a series as it was acquired where nothing is asked", async () => {
    const { value } = await prepareSeries(series, config({ registration: "none" }), "P1/pre");
    expect(value.changed).toBe(false);
    expect(value.series.phases[0].data).toBe(series.phases[0].data);
    expect(value.quality.motionMm).toBeNull();
  });

  it("divides all phases by one field, so that percent enhancement stays", async () => {
    const asked = config({ registration: "none", biasField: true });
    const { value } = await prepareSeries(series, asked, "P1/pre");
    const ratio = (phase: number, voxel: number) =>
      value.series.phases[phase].data[voxel] / series.phases[phase].data[voxel];
    const voxel = series.phases[0].data.findIndex(
      (signal, i) => signal > 200 && series.phases[3].data[i] > 200,
    );
    expect(value.changed).toBe(true);
    expect(ratio(3, voxel)).toBeCloseTo(ratio(0, voxel), 5);
    expect(ratio(0, voxel)).not.toBeCloseTo(1, 2);
  });

  it("registers by default, and tells the motion it found", async () => {
    const { value } = await prepareSeries(series, config({}), "P1/pre");
    expect(value.series.timesSeconds).toEqual([0, 165, 390]);
    expect(value.quality.motionMm).toBeGreaterThan(0);
    expect(value.registrations).toHaveLength(2);
  });
});
