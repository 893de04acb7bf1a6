import { beforeAll, describe, expect, it } from "vitest";
import { sameGrid } from "../../../domain/grid.ts";
import { randomKey } from "../../../domain/random.ts";
import { crop } from "../../../imaging/cropping.ts";
import { simulatePatient } from "../../../imaging/phantom/cohort.ts";
import { compareMasks } from "../../../imaging/segmentation-metrics.ts";
import { volumeMl } from "../../../imaging/shape.ts";
import { studySchema } from "../../schema.ts";
import { type PreparedSeries, prepareSeries } from "../prepare-series.ts";
import { type CarriedVisit, registerVisit } from "./visits.ts";

const { images } = studySchema.parse({
  name: "x",
  outcome: { pcr: "pcr" },
  models: ["ftv"],
  images: { registration: "none" },
});
const { visits } = simulatePatient(randomKey(3), { set: "train", index: 2 }, "small", { repositioning: 1 });

describe("a visit at which the patient lies otherwise", () => {
  let [pre, post]: PreparedSeries[] = [];
  let carried: CarriedVisit;
  let codes: string[];

  beforeAll(async () => {
    [pre, post] = await Promise.all(
      visits.map(async ({ dce, visit }) => (await prepareSeries(dce, images, `P1/${visit}`)).value),
    );
    const { value, issues } = await registerVisit(pre, post, "deformable", "P1/post");
    if (!("onto" in value)) throw new Error("the visit was not carried");
    carried = value;
    codes = issues.map(({ code }) => code);
  }, 60_000);

  it("is carried onto the grid of the first, all phases and no measure", () => {
    const { series, measures, quality, changed } = carried.prepared;
    expect(changed).toBe(true);
    expect(series.phases).toHaveLength(post.series.phases.length);
    expect(series.phases.every(({ grid }) => sameGrid(grid, pre.series.phases[0].grid))).toBe(true);
    expect(series.timesSeconds).toEqual(post.series.timesSeconds);
    expect([measures, quality]).toEqual([post.measures, post.quality]);
  });

  it("comes closer, and says how much", () => {
    const { quality, coverage } = carried.registration;
    expect(quality).toMatchObject({ kept: "deformable", reason: null });
    expect(quality.before.correlation).toBeLessThan(0.4);
    expect(quality.after.correlation).toBeGreaterThan(0.7);
    expect(quality.displacementMm.mean).toBeGreaterThan(8);
    expect(coverage).toBeGreaterThan(0.9);
    expect(codes).toEqual([]);
  });

  it("has its masks carried there and back with little loss", () => {
    const mask = visits[1].truth.breast;
    const there = carried.onto(mask);
    expect(sameGrid(there.grid, pre.series.phases[0].grid)).toBe(true);
    // The same breast, but for what lies outside either image.
    expect(compareMasks(there, visits[0].truth.breast, 1).dice).toBeGreaterThan(0.9);
    const again = carried.back(there);
    expect(sameGrid(again.grid, mask.grid)).toBe(true);
    expect(compareMasks(again, mask, 1).dice).toBeGreaterThan(0.85);
    expect(volumeMl(again)).toBeLessThanOrEqual(1.02 * volumeMl(mask));
  });
});

it("a visit that shows a part of the first one's body only says how much", async () => {
  const { value: first } = await prepareSeries(visits[0].dce, images, "P1/pre");
  const { shape } = visits[1].dce.phases[0].grid;
  // Seven tenths of the columns, which run across the body.
  const box = { start: [0, 0, 0], size: [shape[0], shape[1], Math.round(0.7 * shape[2])] } as const;
  const part = { ...visits[1].dce, phases: visits[1].dce.phases.map((phase) => crop(phase, box)) };
  const { value: post } = await prepareSeries(part, images, "P1/post");
  const { value, issues } = await registerVisit(first, post, "rigid", "P1/post");
  expect(value.registration?.coverage).toBeGreaterThan(0.55);
  expect(value.registration?.coverage).toBeLessThan(0.8);
  expect(issues.map(({ code, severity, subject }) => [code, severity, subject])).toEqual([
    ["visit-registration-coverage", "warning", "P1/post"],
  ]);
}, 60_000);

it("a visit that cannot be brought closer stays on its own grid, and says so", async () => {
  const { value: first } = await prepareSeries(visits[0].dce, images, "P1/pre");
  const { value: same } = await prepareSeries(visits[0].dce, images, "P1/post");
  // Nothing is nearer to an image than the image itself.
  const { value, issues } = await registerVisit(first, same, "rigid", "P1/post");
  expect(value.prepared).toBe(same);
  expect(value.registration).toMatchObject({ quality: { kept: "none" }, coverage: null });
  expect(issues.map(({ code, severity, subject }) => [code, severity, subject])).toEqual([
    ["visit-registration-not-better", "warning", "P1/post"],
  ]);
});
