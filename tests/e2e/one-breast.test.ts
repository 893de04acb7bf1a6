/** A study that cuts images to the breast with the tumour, and what it makes of new DICOM images of both breasts. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { sameGrid, type Triple, toWorld } from "../../src/domain/grid.ts";
import type { LabelMap } from "../../src/domain/volume.ts";
import { compareMasks } from "../../src/imaging/segmentation-metrics.ts";
import { readDicomSegmentation } from "../../src/io/dicom/segmentation.ts";
import { readLabelMap } from "../../src/io/images.ts";
import { writeExamination } from "../../src/io/layouts/native.ts";
import { writePhase } from "../layouts/dicom-file.ts";
import { type TorsoExamination, torso, torsoGrid, tumourIn } from "./both-breasts.ts";
import { residua } from "./command-line.ts";

// Whole commands with networks: a busy machine needs longer than the default.
vi.setConfig({ testTimeout: 300_000 });

const root = mkdtempSync(path.join(tmpdir(), "one-breast-"));
const at = (...parts: string[]) => path.join(root, ...parts);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const STUDY = `name: One breast
cohort: { split: { column: set, train: train, test: test } }
outcome: { rcb: rcb_score }
networks: [nnunet]
images: { registration: none, breast: tumour-side, ftv: { pePercent: 60, ser: 0.9 } }
training: { steps: 60, folds: 2, patchSize: [12, 32, 40], batchSize: 2 }
inference: { step: 1 }
forest: { trees: 10, minLeaf: 2 }
models: [volume, ftv]
comparison: { reference: volume, primary: rcb-auc, resamples: 100 }
`;

/** Of the new patient: mirrored and turned, the tumour on the right; after chemotherapy something larger enhances on the left. */
const grid = torsoGrid({ mirrored: true, degrees: 6 });
const VISITS = {
  pre: torso(grid, [tumourIn("right", 2, 15)], 101),
  post: torso(grid, [tumourIn("right", 2, 12), { ...tumourIn("left", 1, 20), enhancement: 2 }], 102),
} as const;

async function writeCohort(): Promise<void> {
  const rows: string[] = [];
  for (let i = 0; i < 10; i++) {
    const id = `P${i}`;
    const side = i % 2 === 0 ? "left" : "right";
    for (const [visit, radius] of [
      ["pre", 15],
      ["post", 10 + (i % 3)],
    ] as const) {
      const { series, tumour } = torso(torsoGrid(), [tumourIn(side, i, radius)], 10 * i + radius);
      await writeExamination(at("cohort"), id, visit, series, { segmentation: tumour });
    }
    rows.push([id, i < 8 ? "train" : "test", (i % 4) * 0.9].join(","));
  }
  writeFileSync(at("cohort/clinical.csv"), `patient_id,set,rcb_score\n${rows.join("\n")}\n`);
  writeFileSync(at("cohort/study.yaml"), STUDY);
}

function writeDicom(visit: string, { series }: TorsoExamination): void {
  series.phases.forEach(({ data }, phase) => {
    writePhase(at("dicom", visit), `p${phase}`, grid, data, {
      patientId: "NEW-1",
      study: `1.2.840.77.${visit.length}`,
      studyDescription: "MR breast",
      seriesUid: `1.2.840.77.${visit.length}.1`,
      seriesDescription: "dyn",
      imageType: "ORIGINAL\\PRIMARY",
      acquisitionTime: ["100000", "100200", "100640"][phase],
      temporalPosition: phase + 1,
    });
  });
}

interface Listed {
  readonly code: string;
  readonly subject?: string;
  readonly message: string;
}

async function json<T>(...args: string[]): Promise<T> {
  const { code, out, err } = await residua(...args, "--json");
  expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
  return JSON.parse(out) as T;
}

/** Centre of the voxels of a mask, LPS mm. */
function centreOf({ grid: own, data }: LabelMap): Triple {
  const [, rows, columns] = own.shape;
  const sum = [0, 0, 0];
  let count = 0;
  data.forEach((value, v) => {
    if (value === 0) return;
    count++;
    const point = toWorld(own, [
      Math.floor(v / (rows * columns)),
      Math.floor(v / columns) % rows,
      v % columns,
    ]);
    for (const axis of [0, 1, 2]) sum[axis] += point[axis];
  });
  return sum.map((value) => value / count) as unknown as Triple;
}

beforeAll(async () => {
  await writeCohort();
  for (const [visit, examination] of Object.entries(VISITS)) writeDicom(visit, examination);
  const { code, err } = await residua("run", at("cohort/study.yaml"), "--out", at("results"));
  expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
}, 900_000);

describe("a study that cuts images to the breast with the tumour", () => {
  it("writes segmentations of a new patient where her tumour is, on the images of both breasts", async () => {
    const { dicomFiles, issues, volumesMl } = await json<{
      dicomFiles: string[];
      issues: Listed[];
      volumesMl: Record<string, number>;
    }>("predict", at("results"), at("dicom/pre"), at("dicom/post"), "--out", at("objects"), "--dicom-sr");
    const cuts = issues.filter(({ code }) => code === "breast-side").map(({ message }) => message);
    expect(cuts).toEqual([
      expect.stringContaining("right breast enhances"),
      expect.stringContaining("right breast enhances"),
    ]);
    for (const visit of ["pre", "post"] as const) {
      const file = dicomFiles.find((name) => name.endsWith(`${visit}.seg.dcm`)) ?? "";
      const { segments } = await readDicomSegmentation(file, { grid });
      const found = { grid, data: segments[0].volume.data as Uint8Array };
      const { tumour } = VISITS[visit];
      const agreement = compareMasks(found, tumour, 1);
      expect([visit, agreement.dice]).toEqual([visit, expect.any(Number)]);
      expect(agreement.dice).toBeGreaterThan(0.7);
      const [a, b] = [centreOf(found), centreOf(tumour)];
      expect(Math.hypot(...a.map((value, axis) => value - b[axis]))).toBeLessThan(4);
      expect(agreement.predictedMl).toBeCloseTo(volumesMl[visit], 3);
    }
  });

  it("reports the functional tumour volume by the study's thresholds, and states them", async () => {
    const report = readFileSync(at("objects/pre.sr.dcm"), "latin1");
    expect(report).toContain("early percent enhancement >= 60 %");
    expect(report).toContain("signal enhancement ratio >= 0.9");
  });

  it("segments the same images by the command as by predict, and tells how it prepared them", async () => {
    const { cases, issues } = await json<{
      cases: { file: string; dicomFiles: string[] }[];
      issues: Listed[];
    }>(
      "segment",
      at("results/models/nnunet"),
      at("dicom/pre"),
      ...["--out", at("segmented"), "--step", "1", "--dicom-sr", "--pe", "90"],
    );
    const mask = await readLabelMap(cases[0].file);
    const { segments } = await readDicomSegmentation(at("objects/pre.seg.dcm"), { grid });
    expect(sameGrid(mask.grid, grid)).toBe(true);
    expect(Buffer.from(mask.data)).toEqual(Buffer.from(segments[0].volume.data));
    expect(issues).toContainEqual(
      expect.objectContaining({
        code: "images-prepared",
        message: expect.stringContaining("cut to the right"),
      }),
    );
    expect(readFileSync(cases[0].dicomFiles[1], "latin1")).toContain("early percent enhancement >= 90 %");
  });

  it("has the features that the command finds in the acquired images", async () => {
    const table = at("features.csv");
    await json("features", at("results/models/nnunet"), at("cohort"), "--out", table, "--step", "1");
    const rowsOf = (file: string) => {
      const [head, ...lines] = readFileSync(file, "utf8").trim().split("\n");
      const columns = head.split(",");
      const rows = lines.map((line) =>
        Object.fromEntries(line.split(",").map((cell, i) => [columns[i], cell])),
      );
      return rows.filter(({ patient_id, visit }) => patient_id === "P8" && visit !== "change");
    };
    const [own, study] = [rowsOf(table), rowsOf(at("results/features/nnunet.csv"))];
    expect(own).toHaveLength(4);
    expect(study).toHaveLength(4);
    const key = ({ visit, fold }: Record<string, string>) => `${visit} ${fold}`;
    for (const row of own) {
      const same = study.find((other) => key(other) === key(row)) ?? {};
      for (const column of Object.keys(row).filter((name) => name.startsWith("tumour."))) {
        expect([column, Number(row[column])]).toEqual([column, expect.closeTo(Number(same[column]), 4)]);
      }
    }
  });

  it("does not prepare again what a study has prepared, and nothing where told not to", async () => {
    const model = at("results/models/nnunet");
    const prepared = at("results/prepared/images/P8/pre");
    const again = await json<{ issues: Listed[] }>(
      "segment",
      model,
      prepared,
      "--out",
      at("again"),
      "--step",
      "1",
    );
    const about = ({ issues }: { issues: Listed[] }) =>
      issues.filter(({ code }) => code.startsWith("images-"));
    expect(about(again).map(({ code }) => code)).toEqual(["images-prepared"]);
    expect(about(again)[0].message).toContain("already");
    const examination = at("cohort/images/P8/pre");
    const as = ["--out", at("as"), "--step", "1", "--no-prepare"];
    const without = await json<{ issues: Listed[] }>("segment", model, examination, ...as);
    expect(about(without).map(({ code }) => code)).toEqual(["images-not-prepared"]);
  });
});
