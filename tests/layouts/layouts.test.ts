/** The simulated cohort in the layouts of public collections, and back. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDceSeries, type DceSeries } from "../../src/domain/dce.ts";
import { randomKey } from "../../src/domain/random.ts";
import type { LabelMap } from "../../src/domain/volume.ts";
import { crop } from "../../src/imaging/cropping.ts";
import { simulatePatient } from "../../src/imaging/phantom/cohort.ts";
import { ANALYSIS_MASK_BITS } from "../../src/io/layouts/analysis-mask.ts";
import {
  readDceSeriesOf,
  readNativeCohort,
  readSegmentationOf,
  writeExamination,
} from "../../src/io/layouts/native.ts";
import { writeNifti } from "../../src/io/nifti/write.ts";
import { readTable } from "../../src/io/tables/read.ts";
import { residua } from "../e2e/command-line.ts";
import { writePhase, writeSegmentation } from "./dicom-file.ts";

interface Examination {
  readonly patient: string;
  readonly visit: string;
  readonly series: DceSeries;
  readonly mask: LabelMap;
}

const root = mkdtempSync(path.join(tmpdir(), "layouts-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const native = path.join(root, "native");
const examinations: Examination[] = [];
/** Names of Duke's collection; I-SPY's patients have their own. */
const PATIENTS = ["Breast_MRI_001", "Breast_MRI_002"] as const;
const trialName = (patient: string) => patient.replace("Breast_MRI_", "ISPY2-100");

beforeAll(async () => {
  for (const index of [0, 1]) {
    const { visits } = simulatePatient(randomKey(5), { set: "train", index }, "small");
    for (const { visit, dce, mask } of visits) {
      const box = { start: [14, 18, 16], size: [18, 26, 30] } as const;
      const phases = dce.phases.map((phase) => crop(phase, box));
      const series = createDceSeries(phases, dce.timesSeconds);
      const examination = { patient: PATIENTS[index], visit, series, mask: crop(mask, box) };
      examinations.push(examination);
      await writeExamination(native, examination.patient, visit, series, { segmentation: examination.mask });
    }
  }
  writeFileSync(path.join(native, "clinical.csv"), "patient_id,age\nBreast_MRI_001,41\nBreast_MRI_002,55\n");
}, 120_000);

interface Outcome {
  readonly layout: string;
  readonly why: string;
  readonly issues: readonly { readonly code: string; readonly subject?: string; readonly severity: string }[];
}

/** Ingests a source and compares each examination with the native one, voxel by voxel. */
async function expectSame(
  source: string,
  visits: readonly string[],
  masks: boolean,
  ...options: string[]
): Promise<Outcome> {
  const folder = path.join(root, `from-${path.basename(source)}`);
  const name = path.basename(source) === "ISPY2" ? trialName : (patient: string) => patient;
  const { code, out, err } = await residua("ingest", source, folder, "--json", ...options);
  expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
  const { examinations: records } = await readNativeCohort(folder);
  const wanted = examinations.filter(({ visit }) => visits.includes(visit));
  expect(records.map(({ patientId, visit }) => `${patientId}/${visit}`).sort()).toEqual(
    wanted.map(({ patient, visit }) => `${name(patient)}/${visit}`).sort(),
  );
  for (const { patient, visit, series, mask } of wanted) {
    const record = records.find((other) => other.patientId === name(patient) && other.visit === visit)!;
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

describe("residua ingest gives the same cohort from", () => {
  it("the native layout", async () => {
    const { layout, why } = await expectSame(native, ["pre", "post"], true);
    expect([layout, why]).toEqual(["native", "images/<patient>/<visit>/examination.json"]);
  });

  it("MAMA-MIA, whose names differ in case and whose masks may be automatic", async () => {
    const dir = path.join(root, "MAMA-MIA");
    for (const { patient, visit, series, mask } of examinations) {
      if (visit !== "pre") continue;
      const id = patient.toLowerCase();
      for (const [i, phase] of series.phases.entries()) {
        await writeNifti(path.join(dir, "images", patient, `${id}_000${i}.nii.gz`), phase);
      }
      const kind = patient.endsWith("1") ? "expert" : "automatic";
      await writeNifti(path.join(dir, "segmentations", kind, `${id}.nii.gz`), mask);
      const notes = {
        imaging_data: { acquisition_times: series.timesSeconds },
        primary_lesion: { breast_coordinates: { x_min: 0, x_max: kind === "expert" ? 17 : 1 } },
      };
      mkdirSync(path.join(dir, "patient_info_files"), { recursive: true });
      writeFileSync(path.join(dir, "patient_info_files", `${id}.json`), JSON.stringify(notes));
    }
    const times = `"[${examinations[0].series.timesSeconds.join(", ")}]"`;
    writeFileSync(
      path.join(dir, "clinical_and_imaging_info.csv"),
      `patient_id,dataset,pcr,acquisition_times\nbreast_mri_001,DUKE,1,${times}\nbreast_mri_002,DUKE,0,\n`,
    );
    const { layout, issues } = await expectSame(dir, ["pre"], true);
    expect(layout).toBe("mama-mia");
    expect(issues.map(({ code, subject }) => [code, subject])).toEqual([
      ["segmentation-automatic", "Breast_MRI_002/pre"],
      ["segmentation-outside-breast", "Breast_MRI_002/pre"],
    ]);
  });

  it("I-SPY 2, whose derived series have no times and whose mask is inverse and bit-coded", async () => {
    const dir = path.join(root, "ISPY2");
    examinations.forEach(({ patient, visit, series, mask }, n) => {
      const { grid } = series.phases[0];
      const study = `1.2.9.${n}`;
      const named = visit === "pre" ? "T0" : "T3";
      const tags = {
        patientId: trialName(patient),
        study,
        studyDescription: `ISPY2MRI${named}`,
        seriesUid: `${study}.1`,
        seriesDescription: "ISPY2: VOLSER: uni-lateral cropped: original DCE",
        imageType: "DERIVED\\PRIMARY",
        // Of processing: the same for all phases.
        acquisitionTime: "120000",
      };
      series.phases.forEach((phase, i) => {
        writePhase(path.join(dir, trialName(patient), named, "dce"), `p${i}`, grid, phase.data, {
          ...tags,
          temporalPosition: i,
        });
      });
      const { belowPeThreshold, outsideVolumeOfInterest } = ANALYSIS_MASK_BITS;
      const codes = mask.data.map((value, i) =>
        value === 1 ? 0 : belowPeThreshold + (i % 3 === 0 ? outsideVolumeOfInterest : 0),
      );
      writeSegmentation(
        path.join(dir, trialName(patient), named, "mask", "1.dcm"),
        grid,
        codes,
        coveredSlices(mask),
        {
          ...tags,
          seriesUid: `${study}.2`,
          seriesDescription: "ISPY2: VOLSER: uni-lateral cropped: Analysis Mask",
        },
      );
    });
    const { timesSeconds } = examinations[0].series;
    const same = examinations.every(({ series }) => series.timesSeconds.length === timesSeconds.length);
    expect(same).toBe(true);
    const { layout } = await expectSame(dir, ["pre", "post"], true, "--times", timesSeconds.join(","));
    expect(layout).toBe("ispy");
    const without = await residua("ingest", dir, path.join(root, "no-times"));
    expect([without.code, without.err]).toEqual([3, expect.stringContaining("--times")]);
  });

  it("Duke, with one series per phase and a table under three header rows", async () => {
    const dir = path.join(root, "Duke");
    const clock = (seconds: number) =>
      new Date(36_000_000 + seconds * 1000).toISOString().slice(11, 19).replaceAll(":", "");
    examinations.forEach(({ patient, visit, series }, n) => {
      if (visit !== "pre") return;
      series.phases.forEach((phase, i) => {
        writePhase(path.join(dir, patient, "study", `series-${i}`), "s", phase.grid, phase.data, {
          patientId: patient,
          study: `1.2.8.${n}`,
          studyDescription: "MRI BREAST",
          seriesUid: `1.2.8.${n}.${i}`,
          seriesDescription: i === 0 ? "ax dyn pre" : `ax dyn ${i} pass`,
          imageType: "ORIGINAL\\PRIMARY",
          acquisitionTime: clock(series.timesSeconds[i]),
        });
      });
    });
    writeFileSync(
      path.join(dir, "Clinical_and_Other_Features.csv"),
      "Patient Information,Tumor Characteristics,,Surgery\nPatient ID,ER,PR,\n,0=neg 1=pos,0=neg 1=pos,0=no 1=yes\nBreast_MRI_001,1,0,1\nBreast_MRI_002,0,0,1\n",
    );
    const { layout } = await expectSame(dir, ["pre"], false);
    expect(layout).toBe("duke");
    const { columns, rows } = await readTable(path.join(root, "from-Duke", "clinical.csv"));
    expect(columns).toEqual(["patient_id", "ER", "PR", "Surgery"]);
    expect(rows[1]).toEqual({ patient_id: "Breast_MRI_002", ER: 0, PR: 0, Surgery: 1 });
  });
});

/** Slices that a mask of I-SPY covers: a few around the tumour. */
function coveredSlices({ grid, data }: LabelMap): [number, number] {
  const plane = grid.shape[1] * grid.shape[2];
  const first = data.indexOf(1);
  if (first < 0) return [3, 12];
  const last = data.lastIndexOf(1);
  return [
    Math.max(0, Math.floor(first / plane) - 1),
    Math.min(grid.shape[0] - 1, Math.floor(last / plane) + 1),
  ];
}
