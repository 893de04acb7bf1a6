/** `residua segment` on DICOM images: masks and measurements as DICOM objects that belong to them. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDceSeries } from "../../src/domain/dce.ts";
import { createGrid } from "../../src/domain/grid.ts";
import { RandomStream, randomKey } from "../../src/domain/random.ts";
import { parseDicom } from "../../src/io/dicom/data-set.ts";
import { readDceSeries } from "../../src/io/dicom/dce.ts";
import { readDicomSegmentation } from "../../src/io/dicom/segmentation.ts";
import { readLabelMap } from "../../src/io/images.ts";
import { writeExamination } from "../../src/io/layouts/native.ts";
import { writeDicom } from "../layouts/dicom-file.ts";
import { residua } from "./command-line.ts";

const visit = path.join(
  import.meta.dirname,
  "../golden/io/planted/PLANTFAMILY_PLANTGIVEN/1995-03-02 PLANTFAMILY",
);
const name = path.basename(visit);
const folder = mkdtempSync(path.join(tmpdir(), "objects-"));
const at = (file: string) => path.join(folder, file);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const grid = createGrid({
  shape: [8, 16, 16],
  spacingMm: [2, 2, 2],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [0, 0, 0],
});

beforeAll(async () => {
  for (let i = 1; i <= 2; i++) {
    const stream = new RandomStream(randomKey(i));
    const inside = Uint8Array.from({ length: 2048 }, (_, v) => (v % 16 > 5 && v > 600 && v < 1400 ? 1 : 0));
    const phases = [0, 1, 0.7].map((rise) => ({
      grid,
      data: Float32Array.from(inside, (tumour) => 100 + stream.normal(0, 5) + tumour * rise * 120),
    }));
    const series = createDceSeries(phases, [0, 120, 400]);
    await writeExamination(at("cohort"), `P${i}`, "pre", series, { segmentation: { grid, data: inside } });
  }
  const trained = await residua(
    "train",
    at("cohort"),
    "--network",
    "nnunet",
    "--out",
    at("model"),
    "--steps",
    "4",
  );
  expect([trained.code, trained.code === 0 ? "" : trained.err]).toEqual([0, ""]);
}, 120_000);

describe("segmenting DICOM images", () => {
  it("writes a SEG with the voxels of the NIfTI mask, filed under the patient and study of the images", async () => {
    const { code, out } = await residua(
      "segment",
      at("model"),
      visit,
      "--out",
      at("a"),
      "--dicom-sr",
      "--json",
    );
    expect(code).toBe(0);
    const [{ file, dicomFiles, volumesMl }] = JSON.parse(out).cases;
    expect(dicomFiles).toEqual([at(`a/${name}.seg.dcm`), at(`a/${name}.sr.dcm`)]);
    const { value, slices } = await readDceSeries(visit);
    const { source, segments } = await readDicomSegmentation(dicomFiles[0], {
      grid: value.phases[0].grid,
    });
    expect(Buffer.from(segments[0].volume.data)).toEqual(Buffer.from((await readLabelMap(file)).data));
    const { patientId, studyInstanceUid, frameOfReferenceUid } = slices[0][0].source;
    expect(source).toMatchObject({ patientId, studyInstanceUid, frameOfReferenceUid, modality: "SEG" });
    const report = parseDicom(readFileSync(dicomFiles[1]), dicomFiles[1]);
    expect(report.text("Modality")).toBe("SR");
    const content = readFileSync(dicomFiles[1], "latin1");
    expect(content).toContain(String(volumesMl.tumour));
    expect(content).toContain(parseDicom(readFileSync(dicomFiles[0]), dicomFiles[0]).text("SOPInstanceUID"));
  });

  it("takes a DICOMDIR, beside which a folder may be called as those of a cohort", async () => {
    const medium = at("medium");
    cpSync(visit, path.join(medium, "images"), { recursive: true });
    writeDicom(path.join(medium, "DICOMDIR"), [[0x00041220, "SQ", []]]);
    const directory = path.join(medium, "DICOMDIR");
    const seg = ["--dicom-seg", "--json"];
    const { code, out } = await residua("segment", at("model"), directory, "--out", at("d"), ...seg);
    expect(code).toBe(0);
    const [{ case: id, dicomFiles, volumesMl }] = JSON.parse(out).cases;
    const byFolder = await residua("segment", at("model"), visit, "--out", at("e"), ...seg);
    expect([id, volumesMl]).toEqual(["medium", JSON.parse(byFolder.out).cases[0].volumesMl]);
    expect(existsSync(dicomFiles[0])).toBe(true);
  });

  it("writes the same for images that were ingested, given their DICOM files", async () => {
    const cohort = at("ingested");
    await residua("ingest", visit, cohort, "--patient", "S1", "--visit", "pre");
    const examination = path.join(cohort, "images/S1/pre");
    const args = ["--out", at("b"), "--dicom-seg"];
    const { code, out } = await residua(
      "segment",
      at("model"),
      examination,
      ...args,
      "--dicom-source",
      visit,
    );
    expect([code, out]).toEqual([0, expect.stringContaining(at("b/S1/pre.seg.dcm"))]);
    expect(existsSync(at("b/S1/pre.sr.dcm"))).toBe(false);
    const without = await residua("segment", at("model"), examination, ...args);
    expect(without).toMatchObject({ code: 3, err: expect.stringContaining("--dicom-source") });
  });
});
