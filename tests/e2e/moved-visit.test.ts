/** A study that carries later visits onto the first one's grid, and where its segmentations of a new patient who lay otherwise come to lie. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createDceSeries } from "../../src/domain/dce.ts";
import { createGrid, type Grid, type Triple } from "../../src/domain/grid.ts";
import { compareMasks } from "../../src/imaging/segmentation-metrics.ts";
import { readDicomSegmentation } from "../../src/io/dicom/segmentation.ts";
import { writeExamination } from "../../src/io/layouts/native.ts";
import { writeDicom, writePhase } from "../layouts/dicom-file.ts";
import { type Blob, type TorsoExamination, torso, torsoGrid, tumourIn } from "./both-breasts.ts";
import { residua } from "./command-line.ts";

// Whole commands with networks and registration: a busy machine needs longer than the default.
vi.setConfig({ testTimeout: 300_000 });

const root = mkdtempSync(path.join(tmpdir(), "moved-visit-"));
const at = (...parts: string[]) => path.join(root, ...parts);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const STUDY = `name: Moved visit
cohort: { split: { column: set, train: train, test: test } }
outcome: { rcb: rcb_score }
networks: [nnunet]
images: { registration: none, breast: tumour-side, visits: rigid }
training: { steps: 60, folds: 2, patchSize: [12, 32, 40], batchSize: 2 }
inference: { step: 1 }
forest: { trees: 10, minLeaf: 2 }
models: [volume]
comparison: { reference: volume, primary: rcb-auc, resamples: 100 }
`;

const grid = torsoGrid();

/** What a scanner sees on `grid` of a patient who lies turned about the body's axis and shifted: her own coordinates there are those of another grid. */
function lying(degrees: number, shiftMm: Triple, blobs: readonly Blob[], seed: number): TorsoExamination {
  const turned = torsoGrid({ degrees });
  const body: Grid = createGrid({
    ...turned,
    origin: turned.origin.map((value, axis) => value + shiftMm[axis]) as unknown as Triple,
  });
  const { series, tumour } = torso(body, blobs, seed);
  const phases = series.phases.map(({ data }) => ({ grid, data }));
  return {
    series: createDceSeries(phases, series.timesSeconds),
    tumour: { grid, data: tumour.data },
  };
}

const VISITS: Readonly<Record<"pre" | "post", TorsoExamination>> = {
  pre: torso(grid, [tumourIn("right", 2, 15)], 101),
  post: lying(7, [-18, 8, 0], [tumourIn("right", 2, 12)], 102),
};

async function writeCohort(): Promise<void> {
  const rows: string[] = [];
  for (let i = 0; i < 10; i++) {
    const id = `P${i}`;
    const side = i % 2 === 0 ? "left" : "right";
    const examinations = {
      pre: torso(grid, [tumourIn(side, i, 15)], 20 * i),
      post: lying(3 * (i % 3), [6 * (i % 4), 0, 0], [tumourIn(side, i, 10 + (i % 3))], 20 * i + 1),
    };
    for (const [visit, { series, tumour }] of Object.entries(examinations)) {
      await writeExamination(at("cohort"), id, visit, series, { segmentation: tumour });
    }
    rows.push([id, i < 8 ? "train" : "test", (i % 4) * 0.9].join(","));
  }
  writeFileSync(at("cohort/clinical.csv"), `patient_id,set,rcb_score\n${rows.join("\n")}\n`);
  writeFileSync(at("cohort/study.yaml"), STUDY);
}

/** A medium of one examination, whose series lies in two folders, one of them called as the visit; returns its DICOMDIR. */
function writeMedium(visit: keyof typeof VISITS, { series }: TorsoExamination): string {
  series.phases.forEach(({ data }, phase) => {
    writePhase(at("media", visit, phase === 0 ? visit : "others"), `p${phase}`, grid, data, {
      patientId: "NEW-1",
      study: `1.2.840.78.${visit.length}`,
      studyDescription: "MR breast",
      seriesUid: `1.2.840.78.${visit.length}.1`,
      seriesDescription: "dyn",
      imageType: "ORIGINAL\\PRIMARY",
      acquisitionTime: ["100000", "100200", "100640"][phase],
      temporalPosition: phase + 1,
    });
  });
  const directory = at("media", visit, "DICOMDIR");
  writeDicom(directory, [[0x00041220, "SQ", []]]);
  return directory;
}

interface Listed {
  readonly code: string;
}

interface Predicted {
  readonly models: Record<string, number>;
  readonly volumesMl: Record<string, number>;
  readonly dicomFiles: readonly string[];
  readonly issues: readonly Listed[];
}

async function json<T>(...args: string[]): Promise<T> {
  const { code, out, err } = await residua(...args, "--json");
  expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
  return JSON.parse(out) as T;
}

function rowsOf(file: string): Record<string, string>[] {
  const [head, ...lines] = readFileSync(file, "utf8").trim().split("\n");
  const columns = head.split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((cell, i) => [columns[i], cell])));
}

async function expectOnTumour(file: string, visit: keyof typeof VISITS): Promise<void> {
  const { segments } = await readDicomSegmentation(file, { grid });
  const found = { grid, data: segments[0].volume.data as Uint8Array };
  expect(compareMasks(found, VISITS[visit].tumour, 1).dice, visit).toBeGreaterThan(0.75);
}

const model = at("results/models/nnunet");
let media: Readonly<Record<"pre" | "post", string>>;
let predicted: Predicted;

beforeAll(async () => {
  await writeCohort();
  const { code, err } = await residua("run", at("cohort/study.yaml"), "--out", at("results"));
  expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
  media = { pre: writeMedium("pre", VISITS.pre), post: writeMedium("post", VISITS.post) };
  const objects = ["--out", at("objects"), "--dicom-seg"];
  predicted = await json("predict", at("results"), media.pre, media.post, ...objects);
}, 900_000);

describe("a study that carries visits to each other", () => {
  it("writes segmentations on the tumour in each examination's own images", async () => {
    expect(predicted.issues.filter(({ code }) => code.startsWith("visit-registration"))).toEqual([]);
    const [pre, post] = predicted.dicomFiles;
    await expectOnTumour(pre, "pre");
    await expectOnTumour(post, "post");
    // Where the tumour was before is another place in these images.
    expect(compareMasks(VISITS.post.tumour, VISITS.pre.tumour, 1).dice).toBeLessThan(0.4);
  });

  it("sees a new patient as it saw its own", async () => {
    const own = (visit: string) => at("cohort/images/P9", visit);
    const { models, volumesMl } = await json<Predicted>("predict", at("results"), own("pre"), own("post"));
    const features = rowsOf(at("results/features/nnunet.csv"));
    for (const visit of ["pre", "post"]) {
      const row = features.find((each) => each.patient_id === "P9" && each.visit === visit);
      expect([visit, volumesMl[visit]]).toEqual([visit, Number(row?.volume_ml)]);
    }
    const row = rowsOf(at("results/predictions.csv")).find(({ patient_id }) => patient_id === "P9");
    expect(models.volume).toBeCloseTo(Number(row?.volume), 5);
  });

  it("writes no objects of images that are not DICOM", async () => {
    const own = ["pre", "post"].map((visit) => at("cohort/images/P9", visit));
    const refused = await residua("predict", at("results"), ...own, "--out", at("none"), "--dicom-seg");
    expect(refused).toMatchObject({ code: 3, err: expect.stringContaining("dicom-source-missing") });
  });

  it("has models that leave a single examination on its own grid, and say so", async () => {
    const as = ["--out", at("segmented"), "--step", "1", "--dicom-seg"];
    const { cases, issues } = await json<{ cases: { dicomFiles: string[] }[]; issues: Listed[] }>(
      "segment",
      model,
      media.post,
      ...as,
    );
    expect(issues.map(({ code }) => code)).toContain("images-visits-not-carried");
    await expectOnTumour(cases[0].dicomFiles[0], "post");
  });

  it("has features of an examination whose DICOMDIR is given", async () => {
    await json("features", model, media.pre, "--out", at("features.csv"), "--step", "1");
    const rows = rowsOf(at("features.csv"));
    expect(rows.map(({ case: id }) => id)).toEqual(["pre", "pre"]);
    expect(Number(rows[0].volume_ml)).toBe(predicted.volumesMl.pre);
  });
});
