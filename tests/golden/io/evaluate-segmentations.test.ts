/** Comparing highdicom's segmentations with masks and with each other; agreement is that of the voxels as they were encoded. */
import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createGrid, type Grid, toWorld, voxelVolumeMm3 } from "../../../src/domain/grid.ts";
import { writeNifti } from "../../../src/io/nifti/write.ts";
import { evaluateMasks } from "../../../src/study/evaluate.ts";
import { SILENT } from "../../../src/study/progress.ts";

const objects = join(import.meta.dirname, "segmentations");
const golden = JSON.parse(await readFile(join(objects, "segmentations.json"), "utf8"));
const grid: Grid = createGrid(golden.grid);
const encoded: Readonly<Record<string, readonly number[][]>> = golden.files;
const seg = (name: string) => join(objects, name);
const folder = await mkdtemp(join(tmpdir(), "evaluate-seg-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const count = (voxels: readonly number[]) => voxels.reduce((sum, value) => sum + value, 0);
const dice = (a: readonly number[], b: readonly number[]) =>
  (2 * count(a.map((value, i) => value * b[i]))) / (count(a) + count(b));
const ml = (voxels: readonly number[]) => (count(voxels) * voxelVolumeMm3(grid)) / 1000;

async function image(name: string, voxels: readonly number[], on = grid): Promise<string> {
  const file = join(folder, name);
  await writeNifti(file, { grid: on, data: Uint8Array.from(voxels) });
  return file;
}

describe("evaluating DICOM segmentations", () => {
  const [tumour, necrosis] = encoded["overlapping.dcm"];

  it("compares every segment with the label of its number, overlapping ones each by itself", async () => {
    const labels = tumour.map((value, i) => (value === 1 ? 1 : necrosis[i] === 1 ? 2 : 0));
    const reference = await image("labels.nii.gz", labels);
    const { cases, issues } = await evaluateMasks(seg("overlapping.dcm"), reference, 2, SILENT);
    const onlyNecrosis = labels.map((value) => (value === 2 ? 1 : 0));
    expect(issues).toEqual([]);
    expect(cases[0].labels["1"]).toEqual({ dice: 1, hd95Mm: 0, nsd: 1, volumeErrorMl: 0 });
    expect(cases[0].labels["2"].dice).toBeCloseTo(dice(necrosis, onlyNecrosis), 12);
    expect(cases[0].labels["2"].volumeErrorMl).toBeCloseTo(ml(necrosis) - ml(onlyNecrosis), 6);
  });

  it("compares two that cover different slices on a grid that holds both, whichever is the reference", async () => {
    const [sparse] = encoded["sparse.dcm"];
    const wanted = dice(sparse, tumour);
    const one = await evaluateMasks(seg("sparse.dcm"), seg("overlapping.dcm"), 2, SILENT);
    const other = await evaluateMasks(seg("overlapping.dcm"), seg("sparse.dcm"), 2, SILENT);
    expect([one.issues, other.issues]).toEqual([[], []]);
    expect(one.cases[0].labels["1"].dice).toBeCloseTo(wanted, 12);
    expect(other.cases[0].labels["1"].dice).toBeCloseTo(wanted, 12);
    expect(other.cases[0].labels["1"].volumeErrorMl).toBeCloseTo(ml(tumour) - ml(sparse), 6);
  });

  it("resamples one that lies beside the voxels of the image, and says so", async () => {
    const beside = { ...grid, origin: toWorld(grid, [0, 0.25, 0]) };
    const reference = await image("beside.nii.gz", tumour, beside);
    const { issues, cases } = await evaluateMasks(seg("overlapping.dcm"), reference, 2, SILENT);
    expect(issues.map(({ code }) => code)).toEqual(["segmentation-resampled"]);
    expect(cases[0].labels["1"].dice).toBeGreaterThan(0.5);
  });

  it("refuses one that lies outside the image", async () => {
    const away = { ...grid, origin: toWorld(grid, [0, 400, 0]) };
    const reference = await image("away.nii.gz", tumour, away);
    const comparing = evaluateMasks(seg("overlapping.dcm"), reference, 2, SILENT);
    await expect(comparing).rejects.toMatchObject({
      code: "masks-unusable",
      message: expect.stringContaining("nothing lies on the image"),
    });
  });

  it("pairs objects of a folder by name, and takes the image where a case has both", async () => {
    const [predicted, reference] = [join(folder, "predicted"), join(folder, "reference")];
    await mkdir(predicted);
    await copyFile(seg("overlapping.dcm"), join(predicted, "a.seg.dcm"));
    await copyFile(seg("sparse.dcm"), join(predicted, "b.dcm"));
    await image("predicted/b.nii.gz", encoded["sparse.dcm"][0]);
    await copyFile(join(import.meta.dirname, "codecs/unsigned16.dcm"), join(predicted, "image.dcm"));
    await image("reference/a.nii.gz", tumour);
    await image("reference/b.nii.gz", encoded["sparse.dcm"][0]);
    const { cases, issues } = await evaluateMasks(predicted, reference, 2, SILENT);
    expect(cases.map((entry) => [entry.case, entry.labels["1"].dice])).toEqual([
      ["a", 1],
      ["b", 1],
    ]);
    expect(issues).toMatchObject([{ code: "mask-twice", subject: "b" }]);
  });
});
