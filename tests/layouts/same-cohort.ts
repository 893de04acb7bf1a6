/** The simulated cohort that every layout is written from, and the comparison of what comes back. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect } from "vitest";
import { createDceSeries, type DceSeries } from "../../src/domain/dce.ts";
import { randomKey } from "../../src/domain/random.ts";
import type { LabelMap } from "../../src/domain/volume.ts";
import { crop } from "../../src/imaging/cropping.ts";
import { simulatePatient } from "../../src/imaging/phantom/cohort.ts";
import { readDceSeriesOf, readNativeCohort, readSegmentationOf } from "../../src/io/layouts/native.ts";
import { residua } from "../e2e/command-line.ts";

export interface Examination {
  /** 0 or 1; layouts have their own names for the patients. */
  readonly patient: number;
  readonly visit: "pre" | "post";
  readonly series: DceSeries;
  readonly mask: LabelMap;
}

export const root = mkdtempSync(path.join(tmpdir(), "layouts-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Two patients before and after chemotherapy, six phases each, at the same times. */
export const examinations: readonly Examination[] = [0, 1].flatMap((patient) => {
  const { visits } = simulatePatient(randomKey(5), { set: "train", index: patient }, "small");
  return visits.map(({ visit, dce, mask }): Examination => {
    const box = { start: [14, 18, 16], size: [18, 26, 30] } as const;
    const phases = dce.phases.map((phase) => crop(phase, box));
    return {
      patient,
      visit: visit as "pre" | "post",
      series: createDceSeries(phases, dce.timesSeconds),
      mask: crop(mask, box),
    };
  });
});
export const { timesSeconds } = examinations[0].series;

export interface Outcome {
  readonly layout: string;
  readonly why: string;
  readonly issues: readonly {
    readonly code: string;
    readonly subject?: string;
    readonly severity: string;
    readonly message: string;
  }[];
}

interface Expected {
  /** Names of the two patients in this layout. */
  readonly names: readonly [string, string];
  readonly visits: readonly string[];
  readonly masks: boolean;
}

/** Ingests a source and compares each examination with the simulated one, voxel by voxel. */
export async function expectSame(
  source: string,
  folder: string,
  { names, visits, masks }: Expected,
  ...options: string[]
): Promise<Outcome> {
  const { code, out, err } = await residua("ingest", source, folder, "--json", ...options);
  expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
  const { examinations: records } = await readNativeCohort(folder);
  const wanted = examinations.filter(({ visit }) => visits.includes(visit));
  const nameOf = ({ patient }: Examination) => names[patient];
  expect(records.map(({ patientId, visit }) => `${patientId}/${visit}`).sort()).toEqual(
    wanted.map((examination) => `${nameOf(examination)}/${examination.visit}`).sort(),
  );
  for (const examination of wanted) {
    const { visit, series, mask } = examination;
    const record = records.find((other) => other.patientId === nameOf(examination) && other.visit === visit)!;
    const { value } = await readDceSeriesOf(record);
    expect(value.timesSeconds).toEqual(series.timesSeconds);
    series.phases.forEach((phase, i) => {
      expect(Array.from(value.phases[i].data)).toEqual(Array.from(phase.data));
    });
    expect(value.phases[0].grid.origin.map((mm) => mm.toFixed(4))).toEqual(
      series.phases[0].grid.origin.map((mm) => mm.toFixed(4)),
    );
    if (!masks) continue;
    const { data } = await readSegmentationOf(record, value.phases[0].grid);
    expect(Array.from(data)).toEqual(Array.from(mask.data));
  }
  return JSON.parse(out) as Outcome;
}
