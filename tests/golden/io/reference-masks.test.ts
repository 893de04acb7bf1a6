/** `residua ingest` of a dynamic series with highdicom's segmentations beside it. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { sameGrid } from "../../../src/domain/grid.ts";
import { readLabelMap, readVolume } from "../../../src/io/images.ts";
import { ingestDicom } from "../../../src/study/ingestion/ingest-dicom.ts";
import { SILENT } from "../../../src/study/progress.ts";

const fixtures = join(import.meta.dirname, "reference-segmentations");
const { masks } = JSON.parse(await readFile(join(fixtures, "reference.json"), "utf8"));
const folder = await mkdtemp(join(tmpdir(), "reference-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
let made = 0;

/** Ingests the series with the named segmentations. */
async function ingested(names: readonly string[], segments?: readonly string[]) {
  const [source, cohort] = [join(folder, `source-${++made}`), join(folder, `cohort-${made}`)];
  await cp(join(fixtures, "images"), source, { recursive: true });
  await mkdir(join(source, "seg"));
  for (const name of names) await cp(join(fixtures, `segmentations/${name}.dcm`), join(source, "seg", name));
  const request = { source, folder: cohort, patient: "P1", visit: "pre", progress: SILENT };
  const { issues } = await ingestDicom({ ...request, ...(segments === undefined ? {} : { segments }) });
  const written = (await readdir(cohort)).includes("segmentations");
  const mask = written ? await readLabelMap(join(cohort, "segmentations/P1/pre.nii.gz")) : undefined;
  const image = await readVolume(join(cohort, "images/P1/pre/dce_000.nii.gz"));
  const record = await readFile(join(cohort, "images/P1/pre/examination.json"), "utf8");
  expect(mask === undefined || sameGrid(mask.grid, image.grid)).toBe(true);
  return {
    voxels: mask === undefined ? undefined : Buffer.from(mask.data).toString("base64"),
    codes: issues.map(({ code }) => code).filter((code) => /^(reference|segmentation)-/.test(code)),
    record,
    text: JSON.stringify(issues),
  };
}

describe("the reference mask of an examination", () => {
  it("is the segment whose coded type is a tumour, and its label tells no name", async () => {
    const { voxels, codes, record, text } = await ingested(["coded", "tissue"]);
    expect([voxels, codes]).toEqual([masks.first, ["reference-mask"]]);
    expect(record).toContain("reference-mask");
    expect(record + text).not.toMatch(/jansen|hidden/i);
  });

  it("is the segment whose label names a tumour where its type is just tissue", async () => {
    const { voxels, codes } = await ingested(["labelled"]);
    expect([voxels, codes]).toEqual([masks.first, ["reference-mask"]]);
  });

  it("is resampled as SimpleITK does where it was drawn on a derived image, and said to be", async () => {
    const { voxels, codes } = await ingested(["other-grid"]);
    expect([voxels, codes]).toEqual([masks.moved, ["segmentation-resampled", "reference-mask"]]);
  });

  it.each([
    ["several segments may be the tumour", ["lesions"], "reference-ambiguous"],
    ["two objects each have a tumour", ["coded", "labelled"], "reference-ambiguous"],
    ["only an algorithm drew one", ["automatic", "tissue"], "reference-automatic"],
    ["the segments are tissue and a lymph node", ["tissue"], "reference-none"],
    ["the segmentation is of another examination", ["elsewhere"], "reference-elsewhere"],
  ])("is not made where %s", async (_, names, code) => {
    const { voxels, codes } = await ingested(names);
    expect([voxels, codes]).toEqual([undefined, [code]]);
  });

  it("is not said anything about where there is no segmentation", async () => {
    expect(await ingested([])).toMatchObject({ voxels: undefined, codes: [] });
  });

  it("comes out of de-identified copies as well, whose labels are cleaned too", async () => {
    const [source, cohort] = [join(folder, "copied"), join(folder, "copied-cohort")];
    await cp(join(fixtures, "images"), source, { recursive: true });
    await cp(join(fixtures, "segmentations/coded.dcm"), join(source, "coded.dcm"));
    const named = { patient: "P1", visit: "pre", progress: SILENT };
    await ingestDicom({ ...named, source, folder: cohort, keepDicom: true });
    const copies = join(cohort, "dicom/P1/pre");
    for (const name of await readdir(copies)) {
      expect(await readFile(join(copies, name), "latin1")).not.toMatch(/jansen|hidden/i);
    }
    const again = join(folder, "copied-again");
    await ingestDicom({ ...named, source: copies, folder: again });
    const mask = await readLabelMap(join(again, "segmentations/P1/pre.nii.gz"));
    expect(Buffer.from(mask.data).toString("base64")).toBe(masks.first);
  });

  it("is that of a person where an algorithm drew another", async () => {
    expect((await ingested(["automatic", "coded"])).voxels).toBe(masks.first);
  });

  it("is what the user names, several taken together", async () => {
    expect((await ingested(["lesions"], ["Satellite "])).voxels).toBe(masks.second);
    expect((await ingested(["lesions"], ["index lesion", "satellite"])).voxels).toBe(masks.both);
    expect((await ingested(["automatic"], ["tumour"])).voxels).toBe(masks.second);
    const missing = await ingested(["lesions"], ["tumour"]);
    expect([missing.voxels, missing.codes]).toEqual([undefined, ["reference-missing"]]);
    expect(missing.text).toContain("index lesion");
    const twice = await ingested(["automatic", "other-grid"], ["tumour"]);
    expect([twice.voxels, twice.codes]).toEqual([undefined, ["reference-ambiguous"]]);
  });
});
