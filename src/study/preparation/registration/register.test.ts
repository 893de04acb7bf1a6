import { describe, expect, it } from "vitest";
import { createDceSeries } from "../../../domain/dce.ts";
import { randomKey } from "../../../domain/random.ts";
import { crop } from "../../../imaging/cropping.ts";
import { simulatePatient } from "../../../imaging/phantom/cohort.ts";
import { motionErrors, visitErrors } from "../../../imaging/phantom/motion-error.ts";
import { bodyMask } from "../../../imaging/regions.ts";
import { middleShift } from "../../../imaging/registration/start.ts";
import { register } from "./register.ts";
import { registerSeries } from "./series.ts";

const { dce, truth } = simulatePatient(randomKey(3), { set: "train", index: 0 }, "small", { motion: 4 })
  .visits[0];
const last = dce.phases.length - 1;
const task = {
  fixed: dce.phases[truth.referencePhase],
  moving: dce.phases[last],
  mask: truth.breast,
  kind: "deformable",
} as const;
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("registration by elastix", () => {
  it("leaves less than 1 mm and a third of a known motion", async () => {
    const first = await register(task);
    const before = mean(motionErrors(truth, last, task.fixed.grid, []));
    const after = mean(motionErrors(truth, last, task.fixed.grid, first.transform));
    expect(before).toBeGreaterThan(1);
    expect(after).toBeLessThan(Math.min(1, before / 3));
    expect(first.quality.kept).toBe("deformable");
  });

  it("leaves less than 1 mm and a third of where a patient lies otherwise at another visit, both images on their own grid", async () => {
    const { visits } = simulatePatient(randomKey(3), { set: "test", index: 5 }, "small", {
      repositioning: 1,
    });
    const [pre, post] = visits;
    const [fixed, moving] = visits.map(
      ({ dce: { phases }, truth: { referencePhase } }) => phases[referencePhase],
    );
    const mask = bodyMask(fixed);
    const middles = [middleShift(mask, bodyMask(moving))];
    const { transform } = await register({ fixed, moving, mask, kind: "deformable", middles });
    const before = mean(visitErrors(pre, post, []));
    expect(before).toBeGreaterThan(10);
    expect(mean(visitErrors(pre, post, transform))).toBeLessThan(Math.min(1, before / 3));
  });

  it("gives the same bits for the same images", async () => {
    const box = { start: [12, 12, 12], size: [20, 24, 24] } as const;
    const cut = {
      fixed: crop(task.fixed, box),
      moving: crop(task.moving, box),
      mask: crop(task.mask, box),
      kind: "deformable",
    } as const;
    const [first, second] = await Promise.all([register(cut), register(cut)]);
    expect(second).toEqual(first);
  });
});

it("registers the phases that play a part to the early one, and leaves out the others", async () => {
  const box = { start: [8, 8, 8], size: [24, 32, 32] } as const;
  const series = createDceSeries(
    dce.phases.map((phase) => crop(phase, box)),
    dce.timesSeconds,
  );
  const { value } = await registerSeries(series, "rigid", "P1/pre");
  expect(value.series.timesSeconds).toEqual([0, 165, 390]);
  expect(value.series.phases[1]).toBe(series.phases[2]);
  expect(value.registrations.map(({ phase }) => phase)).toEqual([0, 5]);
});
