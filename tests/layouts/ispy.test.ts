/** The simulated cohort as the archive gives I-SPY 2, and back. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { createDceSeries } from "../../src/domain/dce.ts";
import type { LabelMap } from "../../src/domain/volume.ts";
import { crop } from "../../src/imaging/cropping.ts";
import { ANALYSIS_MASK_BITS } from "../../src/io/layouts/analysis-mask.ts";
import { readNativeCohort, readSegmentationOf } from "../../src/io/layouts/native.ts";
import { readTable } from "../../src/io/tables/read.ts";
import { residua } from "../e2e/command-line.ts";
import { writeManifest, writeOriginals, writeOther } from "./archive.ts";
import { writePhase, writeSegmentation } from "./dicom-file.ts";
import {
  type Examination,
  examinations,
  expectSame,
  type Outcome,
  root,
  timesSeconds,
} from "./same-cohort.ts";

const names = ["ISPY2-100899", "ACRIN-6698-102212"] as const;
const expected = { names, visits: ["pre", "post"], masks: true };
const VOLSER = "ISPY2: VOLSER: uni-lateral cropped";

interface Choices {
  /** UIDs as names of folders rather than descriptions. */
  readonly classic?: boolean;
  readonly scanner?: "none" | "one series" | "series per phase";
  readonly derived?: boolean;
  /** The mask's slices: those around the tumour, or all, or all of a larger image. */
  readonly maskSlices?: "around" | "all";
}

/** Writes one study and gives its folder. */
function writeStudy(collection: string, examination: Examination, n: number, choices: Choices): string {
  const { classic = false, scanner = "none", derived = true, maskSlices = "around" } = choices;
  const { patient, visit, series, mask } = examination;
  const [timePoint, date] = visit === "pre" ? ["T0", "08-05-2001"] : ["T3", "02-05-2002"];
  const uid = `1.2.9.${n}`;
  const { grid } = series.phases[0];
  const study = {
    patientId: names[patient],
    study: uid,
    studyDescription: patient === 0 ? `ISPY2MRI${timePoint}` : `ACRIN-6698_ISPY2_MRI_${timePoint}`,
  };
  const folder = path.join(
    collection,
    names[patient],
    classic ? uid : `${date}-NA-${study.studyDescription}-${10_000 + n}`,
  );
  if (scanner !== "none") {
    writeOriginals(folder, examination, study, (i) => `ISPY2: Ph${i}Ax Vibrant`, scanner === "one series");
    writeOther(folder, grid, series.phases[0].data, study, "ISPY2: Ax T2 FSE", "ORIGINAL\\PRIMARY");
  }
  if (!derived) return folder;
  for (const map of ["SER", "PE2", "PE6"]) {
    writeOther(folder, grid, series.phases[1].data, study, `${VOLSER}: ${map}`, "DERIVED\\PRIMARY");
  }
  series.phases.forEach((phase, i) => {
    writePhase(
      path.join(folder, classic ? `${uid}.1` : "42000.000000-VOLSER original DCE-1"),
      `${i}`,
      grid,
      phase.data,
      {
        ...study,
        seriesUid: `${uid}.1`,
        seriesDescription: `${VOLSER}: original DCE`,
        imageType: "DERIVED\\PRIMARY",
        // Of processing: the same for all phases.
        acquisitionTime: "120000",
        temporalPosition: i,
      },
    );
  });
  writeMask(
    path.join(folder, classic ? `${uid}.2` : "42100.000000-VOLSER Analysis Mask-2"),
    study,
    mask,
    maskSlices,
  );
  return folder;
}

function writeMask(
  folder: string,
  study: { readonly patientId: string; readonly study: string; readonly studyDescription: string },
  mask: LabelMap,
  slices: "around" | "all",
): void {
  const { belowPeThreshold, outsideVolumeOfInterest, belowBackgroundSignal } = ANALYSIS_MASK_BITS;
  const codes = mask.data.map((value, i) =>
    value === 1
      ? 0
      : belowPeThreshold +
        (i % 3 === 0 ? outsideVolumeOfInterest : 0) +
        (i % 5 === 0 ? belowBackgroundSignal : 0),
  );
  writeSegmentation(
    path.join(folder, "1-1.dcm"),
    mask.grid,
    codes,
    slices === "all" ? [0, mask.grid.shape[0] - 1] : coveredSlices(mask),
    {
      ...study,
      seriesUid: `${study.study}.2`,
      seriesDescription: `${VOLSER}: Analysis Mask`,
      imageType: "DERIVED\\PRIMARY",
    },
  );
}

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

function writeCollection(name: string, choices: (examination: Examination) => Choices): string {
  const dir = path.join(root, name);
  const manifest = writeManifest(dir, "manifest-1641168072464");
  examinations.forEach((examination, n) => {
    writeStudy(path.join(manifest, "ISPY2"), examination, n, choices(examination));
  });
  return dir;
}

const given = ["--times", timesSeconds.join(",")];

describe("residua ingest of I-SPY 2 gives the same cohort", () => {
  it("from derived series without times, in classic and descriptive folders, with frames against the slices", async () => {
    const dir = writeCollection("derived", ({ patient, visit }) => ({
      classic: patient === 1,
      maskSlices: visit === "pre" ? "around" : "all",
    }));
    const { layout } = await expectSame(dir, path.join(root, "from-derived"), expected, ...given);
    expect(layout).toBe("ispy");
    const without = await residua("ingest", dir, path.join(root, "no-times"));
    expect([without.code, without.err]).toEqual([3, expect.stringContaining("--times")]);
  });

  it("with the times of the scanner's series, one or one per phase, beside maps and other contrasts", async () => {
    const dir = writeCollection("timed", ({ patient }) => ({
      scanner: patient === 0 ? "one series" : "series per phase",
    }));
    await expectSame(dir, path.join(root, "from-timed"), expected);
  });

  it("with the archive's table, which has the numbers of the patients alone", async () => {
    const dir = writeCollection("clinical", () => ({}));
    const table = path.join(root, "ISPY2-Imaging-Cohort-1-Clinical-Data.csv");
    writeFileSync(
      table,
      "Patient_ID,Arm,HR,pCR\n102212,Paclitaxel,1,0\n100899,Paclitaxel + Ganitumab,0,1\n999,None,0,0\n",
    );
    const folder = path.join(root, "from-clinical");
    const { issues } = await expectSame(
      dir,
      folder,
      expected,
      ...given,
      "--clinical",
      table,
      "--id",
      "Patient_ID",
    );
    expect((await readTable(path.join(folder, "clinical.csv"))).rows).toEqual([
      { patient_id: names[1], Arm: "Paclitaxel", HR: 1, pCR: 0 },
      { patient_id: names[0], Arm: "Paclitaxel + Ganitumab", HR: 0, pCR: 1 },
    ]);
    expect(issues.map(({ code }) => code)).toContain("clinical-rows-unmatched");
    const elsewhere = await residua("ingest", folder, path.join(root, "again"), "--clinical", table);
    expect([elsewhere.code, elsewhere.err]).toEqual([2, expect.stringContaining("dicom and ispy only")]);
  });

  it("from the scanner's series alone where the trial analysed none", async () => {
    const dir = writeCollection("vendor", ({ patient }) => ({
      derived: false,
      scanner: patient === 0 ? "one series" : "series per phase",
    }));
    await expectSame(dir, path.join(root, "from-vendor"), { ...expected, masks: false });
  });

  it("from the one study that the trial analysed, of several at one time point", async () => {
    const dir = writeCollection("twice", () => ({ scanner: "one series" }));
    const collection = path.join(dir, "manifest-1641168072464", "ISPY2");
    const repeated = writeStudy(collection, examinations[0], 90, { derived: false, scanner: "one series" });
    const { issues } = await expectSame(dir, path.join(root, "from-twice"), expected);
    expect(issues.filter(({ code }) => code === "visit-studies")).toMatchObject([
      { subject: `${names[0]}/pre` },
    ]);
    writeMask(
      path.join(repeated, "mask"),
      { patientId: names[0], study: "1.2.9.90", studyDescription: "ISPY2MRIT0" },
      examinations[0].mask,
      "all",
    );
    writeStudy(collection, examinations[0], 90, { scanner: "none" });
    const both = await residua("ingest", dir, path.join(root, "ambiguous"), "--json");
    expect([both.code, both.err]).toEqual([0, expect.stringContaining("visit-studies")]);
    expect(JSON.parse(both.out).examinations).toHaveLength(3);
  });
});

describe("an Analysis Mask of I-SPY 2", () => {
  const { patient, series, mask } = examinations[0];
  const study = { patientId: names[patient], study: "1.2.9.50", studyDescription: "ISPY2MRIT0" };
  const [slices, rows, columns] = mask.grid.shape;
  const box = { start: [1, 2, 3], size: [slices - 3, rows - 4, columns - 5] } as const;
  const cropped = crop(mask, box);
  const count = (data: Uint8Array) => data.reduce((sum, value) => sum + value, 0);

  async function ingested(name: string, images: Pick<Examination, "series">, drawn: LabelMap) {
    const folder = path.join(root, name, "ISPY2", "T0");
    writeOriginals(folder, images, study, () => "ISPY2: Ax Vibrant", true);
    writeMask(path.join(folder, "mask"), study, drawn, "all");
    const { code, out, err } = await residua(
      "ingest",
      path.join(root, name),
      path.join(root, `from-${name}`),
      "--json",
    );
    expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
    const { examinations: records } = await readNativeCohort(path.join(root, `from-${name}`));
    const { grid } = images.series.phases[0];
    return {
      data: (await readSegmentationOf(records[0], grid)).data,
      issues: (JSON.parse(out) as Outcome).issues,
    };
  }

  it("lies right on images of which it covers a part", async () => {
    const { data, issues } = await ingested("part", { series }, cropped);
    const inside = Uint8Array.from(mask.data, (value, i) => {
      const at = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns];
      return at.every((index, axis) => index >= box.start[axis] && index < box.start[axis] + box.size[axis])
        ? value
        : 0;
    });
    expect(Array.from(data)).toEqual(Array.from(inside));
    expect(issues.map(({ code }) => code)).not.toContain("segmentation-outside-image");
  });

  it("lies right on images that are a part of it, and tumour beside them is counted", async () => {
    const part = createDceSeries(
      series.phases.map((phase) => crop(phase, box)),
      series.timesSeconds,
    );
    const { data, issues } = await ingested("larger", { series: part }, mask);
    expect(Array.from(data)).toEqual(Array.from(cropped.data));
    const lost = count(mask.data) - count(cropped.data);
    expect(lost).toBeGreaterThan(0);
    expect(issues.filter(({ code }) => code === "segmentation-outside-image")).toMatchObject([
      { message: expect.stringContaining(`${lost} voxels`) },
    ]);
  });
});
