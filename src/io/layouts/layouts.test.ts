import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDceSeries, type DceSeries } from "../../domain/dce.ts";
import { createGrid } from "../../domain/grid.ts";
import { countNonFinite, type LabelMap } from "../../domain/volume.ts";
import { readLabelMap, readVolume } from "../images.ts";
import { writeNifti } from "../nifti/write.ts";
import { readDceSeriesOf, readNativeCohort, readSegmentationOf, writeExamination } from "./native.ts";
import { readSegmentationDataset } from "./nnunet-raw.ts";

const grid = createGrid({
  shape: [2, 3, 4],
  spacingMm: [3, 1, 1],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [0, 0, 0],
});
const elsewhere = createGrid({ ...grid, origin: [5, 0, 0] });
const segmentation: LabelMap = { grid, data: Uint8Array.from({ length: 24 }, (_, i) => i % 2) };

function series(count = 3): DceSeries {
  const phases = Array.from({ length: count }, (_, p) => ({
    grid,
    data: new Float32Array(24).fill(p + 0.5),
  }));
  return createDceSeries(
    phases,
    phases.map((_, p) => 90 * p),
  );
}

let root: string;
let dir: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "residua-layouts-"));
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  dir = await mkdtemp(join(root, "case-"));
});

describe("the native layout", () => {
  it("gives back the examinations that were written", async () => {
    await writeExamination(dir, "P-2", "pre", series(), { segmentation, source: { vendor: "X" } });
    await writeExamination(dir, "P-10", "post", series(2));
    const { examinations, issues } = await readNativeCohort(dir);
    expect(issues).toEqual([]);
    expect(
      examinations.map(({ patientId, visit, timesSeconds }) => [patientId, visit, timesSeconds]),
    ).toEqual([
      ["P-2", "pre", [0, 90, 180]],
      ["P-10", "post", [0, 90]],
    ]);
    const { value } = await readDceSeriesOf(examinations[0]);
    expect(value.phases.map(({ data }) => data[7])).toEqual([0.5, 1.5, 2.5]);
    expect((await readSegmentationOf(examinations[0], grid)).data).toEqual(segmentation.data);
    await expect(readSegmentationOf(examinations[1], grid)).rejects.toMatchObject({
      code: "segmentation-missing",
    });
    const file = JSON.parse(await readFile(join(dir, "images/P-2/pre/examination.json"), "utf8"));
    expect(file).toEqual({ timesSeconds: [0, 90, 180], source: { vendor: "X" }, issues: [] });
  });

  it("tells again what was noted when an examination was written", async () => {
    const issues = [
      { code: "series-times-content", severity: "info", message: "timed by ContentTime" },
    ] as const;
    await writeExamination(dir, "P", "pre", series(), { issues });
    expect((await readNativeCohort(dir)).issues).toEqual([{ ...issues[0], subject: "P/pre" }]);
  });

  it("replaces an examination whole, without phases or a mask from before", async () => {
    await writeExamination(dir, "P", "pre", series(4), { segmentation });
    await writeExamination(dir, "P", "pre", series(2));
    const { examinations } = await readNativeCohort(dir);
    expect(examinations[0].phaseFiles).toHaveLength(2);
    expect(examinations[0].segmentationFile).toBeUndefined();
    expect(await readdir(join(dir, "images/P/pre"))).toHaveLength(3);
  });

  it("leaves out what cannot be used with an issue each, and goes on with the others", async () => {
    for (const id of ["good", "untimed", "wrong-times", "gap", "bad-json"]) {
      await writeExamination(dir, id, "pre", series());
    }
    const at = (id: string, file: string) => join(dir, "images", id, "pre", file);
    await mkdir(join(dir, "images/empty/post"), { recursive: true });
    await rm(at("untimed", "examination.json"));
    await writeFile(at("wrong-times", "examination.json"), '{ "timesSeconds": [0, 60] }');
    await rm(at("gap", "dce_001.nii.gz"));
    await writeFile(at("bad-json", "examination.json"), '{ "timesSeconds": [0, 60, 30] }');
    await writeNifti(join(dir, "segmentations/stranger/pre.nii.gz"), segmentation);
    const { examinations, issues } = await readNativeCohort(dir);
    expect(examinations.map(({ patientId }) => patientId)).toEqual(["good"]);
    expect(issues.map(({ code, severity, subject }) => `${code} ${severity} ${subject}`).sort()).toEqual([
      "examination-empty error empty/post",
      "examination-incomplete error untimed/pre",
      "examination-invalid error bad-json/pre",
      "examination-phases error gap/pre",
      "examination-phases error wrong-times/pre",
      "segmentation-without-images warning stranger/pre",
    ]);
  });

  it("names the phase that lies on another grid, counts voxels that are not finite, refuses a mask elsewhere", async () => {
    const record = await writeExamination(dir, "P", "pre", series());
    await writeNifti(record.phaseFiles[1], {
      grid,
      data: Float32Array.from({ length: 24 }, (_, i) => (i < 2 ? NaN : 1)),
    });
    expect((await readDceSeriesOf(record)).issues).toMatchObject([
      {
        code: "phase-non-finite",
        severity: "warning",
        subject: "P/pre",
        message: expect.stringContaining("2 voxels"),
      },
    ]);
    await writeNifti(record.phaseFiles[2], { grid: elsewhere, data: new Float32Array(24) });
    await expect(readDceSeriesOf(record)).rejects.toMatchObject({
      code: "grid-mismatch",
      details: { file: record.phaseFiles[2] },
    });
    const shifted = { grid: elsewhere, data: new Uint8Array(24) };
    await expect(
      writeExamination(dir, "P", "pre", series(), { segmentation: shifted }),
    ).rejects.toMatchObject({
      code: "grid-mismatch",
    });
  });

  it("refuses names that would leave the folder, and a folder without images", async () => {
    for (const name of ["", "..", "../x", "a/b", ".hidden"]) {
      await expect(writeExamination(dir, name, "pre", series())).rejects.toMatchObject({
        code: "examination-name",
      });
    }
    await expect(readNativeCohort(dir)).rejects.toMatchObject({ code: "cohort-images-missing" });
  });
});

describe("segmentation data sets", () => {
  const image = { grid, data: new Float32Array(24) };
  const nnunet = {
    channel_names: { 0: "pre", 1: "post" },
    labels: { background: 0, tumour: 1 },
    file_ending: ".nii.gz",
  };

  async function write(description: object | undefined, files: Record<string, typeof image | LabelMap>) {
    if (description !== undefined) await writeFile(join(dir, "dataset.json"), JSON.stringify(description));
    for (const [name, volume] of Object.entries(files)) await writeNifti(join(dir, name), volume);
  }

  it("lists complete cases with their channels in order, and what is missing in the others", async () => {
    await write(
      { ...nnunet, numTraining: 4 },
      {
        "imagesTr/a_0001.nii.gz": image,
        "imagesTr/a_0000.nii.gz": image,
        "labelsTr/a.nii.gz": segmentation,
        "imagesTr/b_0000.nii.gz": image,
        "labelsTr/b.nii.gz": segmentation,
        "imagesTr/c_0000.nii.gz": image,
        "imagesTr/c_0001.nii.gz": image,
        "labelsTr/d.nii.gz": segmentation,
      },
    );
    const { cases, labels, channelNames, issues } = await readSegmentationDataset(dir);
    expect(cases).toEqual([
      {
        id: "a",
        channelFiles: [join(dir, "imagesTr/a_0000.nii.gz"), join(dir, "imagesTr/a_0001.nii.gz")],
        labelFile: join(dir, "labelsTr/a.nii.gz"),
      },
    ]);
    expect(labels).toEqual({ 0: "background", 1: "tumour" });
    expect(channelNames).toEqual(["pre", "post"]);
    expect(issues.map(({ code, subject }) => `${code} ${subject}`)).toEqual([
      "dataset-channel-missing b",
      "dataset-label-missing c",
      "dataset-image-missing d",
      "dataset-count undefined",
    ]);
  });

  it("reads the Decathlon's older dataset.json", async () => {
    await write(
      { modality: { 0: "MRI" }, labels: { 0: "background", 1: "anterior", 2: "posterior" }, numTraining: 1 },
      { "imagesTr/x.nii.gz": image, "labelsTr/x.nii.gz": segmentation },
    );
    const { cases, labels, issues } = await readSegmentationDataset(dir);
    expect(cases.map(({ id }) => id)).toEqual(["x"]);
    expect(labels).toEqual({ 0: "background", 1: "anterior", 2: "posterior" });
    expect(issues).toEqual([]);
  });

  it("takes the labels of bare images and labels folders from the label maps", async () => {
    await write(undefined, { "images/x_7.nii.gz": image, "labels/x_7.nii.gz": segmentation });
    const { cases, labels } = await readSegmentationDataset(dir);
    expect(cases.map(({ id }) => id)).toEqual(["x_7"]);
    expect(labels).toEqual({ 0: "background", 1: "label 1" });
  });

  it("refuses other layouts, wrong descriptions and empty data sets", async () => {
    await expect(readSegmentationDataset(dir)).rejects.toMatchObject({ code: "dataset-layout" });
    await expect(readSegmentationDataset(join(dir, "none"))).rejects.toMatchObject({ code: "file-missing" });
    await mkdir(join(dir, "imagesTr"));
    await mkdir(join(dir, "labelsTr"));
    const outcomes: [object, string][] = [
      [nnunet, "dataset-empty"],
      [{ ...nnunet, labels: { background: 0, tumour: 2 } }, "dataset-description"],
      [{ ...nnunet, labels: { background: 0, whole: [1, 2] } }, "dataset-regions"],
      [{ labels: nnunet.labels }, "dataset-description"],
    ];
    for (const [description, code] of outcomes) {
      await write(description, {});
      await expect(readSegmentationDataset(dir)).rejects.toMatchObject({ code });
    }
  });

  it("refuses bare label maps whose values leave gaps", async () => {
    const odd = { grid, data: new Uint8Array(24).fill(255, 0, 3) };
    await write(undefined, { "images/x.nii.gz": image, "labels/x.nii.gz": odd });
    await expect(readSegmentationDataset(dir)).rejects.toMatchObject({ code: "dataset-labels" });
  });
});

describe("images", () => {
  it("become label maps only where every value is whole and from 0 to 255", async () => {
    const file = join(dir, "labels.nii.gz");
    await writeNifti(file, { grid, data: Float32Array.from({ length: 24 }, (_, i) => i % 3) });
    expect((await readLabelMap(file)).data).toEqual(Uint8Array.from({ length: 24 }, (_, i) => i % 3));
    for (const value of [0.5, -1, 256, Number.NaN]) {
      await writeNifti(file, { grid, data: new Float64Array(24).fill(value, 5, 6) });
      await expect(readLabelMap(file)).rejects.toMatchObject({ code: "labels-not-whole" });
    }
  });

  it("count NaN and infinite voxels", () => {
    expect(countNonFinite(Float32Array.of(1, Number.NaN, Number.POSITIVE_INFINITY))).toBe(2);
    expect(countNonFinite(Int16Array.of(1, 2))).toBe(0);
  });

  it("of unknown kinds are refused with the endings that are read", async () => {
    await expect(readVolume(join(dir, "x.png"))).rejects.toMatchObject({ code: "image-format" });
  });
});
