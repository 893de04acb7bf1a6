import { describe, expect, it } from "vitest";
import { choosePhases } from "../../domain/dce.ts";
import { sameGrid, voxelCount } from "../../domain/grid.ts";
import { randomKey } from "../../domain/random.ts";
import { rcbClassOfScore, rcbScore } from "../../domain/rcb.ts";
import { type SimulatedPatient, simulateCohort, simulatePatient } from "./cohort.ts";

const key = randomKey(31);
const patients = [...simulateCohort(key, { train: 8, test: 12, size: "small" })];
const visits = patients.flatMap(({ visits: both }) => both);

function medianEnhancement({ visits: [pre] }: SimulatedPatient): number {
  const roles = choosePhases(pre.dce.timesSeconds);
  const before = pre.dce.phases[roles.pre].data;
  const early = pre.dce.phases[roles.early].data;
  const values = Array.from(before, (value, n) => (100 * (early[n] - value)) / value).filter(
    (_, n) => pre.mask.data[n] === 1,
  );
  return values.sort((a, b) => a - b)[values.length >> 1];
}

describe("simulated patients", () => {
  it("are the same bits for the same key, whatever the cohort's size", () => {
    const again = simulatePatient(key, { set: "test", index: 5 }, "small");
    const first = patients[8 + 5];
    expect(again.clinical).toEqual(first.clinical);
    again.visits.forEach((visit, v) => {
      expect(visit.mask.data).toEqual(first.visits[v].mask.data);
      visit.dce.phases.forEach((phase, p) => {
        expect(
          Buffer.from(phase.data.buffer).equals(Buffer.from(first.visits[v].dce.phases[p].data.buffer)),
        ).toBe(true);
      });
    });
  });

  it("have all phases and the mask of a visit on one grid", () => {
    for (const { dce, mask } of visits) {
      expect(mask.data.length).toBe(voxelCount(mask.grid));
      for (const phase of dce.phases) expect(sameGrid(phase.grid, mask.grid)).toBe(true);
    }
  });

  it("have their tumours within the breast, of the volume that was drawn", () => {
    for (const { mask, truth } of visits) {
      expect(mask.data.some((label, n) => label === 1 && truth.breast.data[n] === 0)).toBe(false);
      if (truth.tumourVolumeMm3 === 0) expect(truth.maskVolumeMm3).toBe(0);
      // Small remnants are rounded to voxels; large tumours may be cut by skin or chest wall.
      const tolerance = 0.1 * truth.tumourVolumeMm3 + 60;
      expect(Math.abs(truth.maskVolumeMm3 - truth.tumourVolumeMm3)).toBeLessThan(tolerance);
    }
  });

  it("have tumours that enhance by more than 70 % early on", () => {
    for (const patient of patients) expect(medianEnhancement(patient)).toBeGreaterThan(70);
  });

  it("come mostly from vendor A in training and from several vendors with other phase counts in the test set", () => {
    const train = patients.filter(({ set }) => set === "train");
    const test = patients.filter(({ set }) => set === "test");
    expect(new Set(train.map(({ centre }) => centre)).size).toBe(1);
    expect(train.filter(({ vendor }) => vendor === "A").length).toBeGreaterThan(train.length / 2);
    expect(new Set(test.map(({ vendor }) => vendor)).size).toBeGreaterThan(1);
    for (const { vendor, visits: both } of patients) {
      for (const { dce } of both) expect(dce.phases.length).toBe({ A: 6, B: 4, C: 5 }[vendor]);
    }
  });

  it("have a clinical row that agrees with the pathology", () => {
    for (const { clinical, components, id } of patients) {
      expect(clinical.patient_id).toBe(id);
      expect(clinical.rcb_score).toBe(rcbScore(components));
      expect(clinical.rcb_class).toBe(rcbClassOfScore(rcbScore(components)));
      expect(clinical.pcr).toBe(clinical.rcb_class === "0" ? 1 : 0);
    }
  });
});
