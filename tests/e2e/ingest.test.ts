/** From a hospital's DICOM files to a cohort in the native layout, and the same kinetics from both. */
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { writeDicom } from "../layouts/dicom-file.ts";
import { residua } from "./command-line.ts";

const data = fileURLToPath(new URL("../../../shared/data", import.meta.url));
const dce = path.join(data, "breast-dce-ucsf/UCSF-BR-06/image_dce_3dfgre_orig");
const truncated = path.join(data, "dicom-variants/MR_truncated.dcm");
const absent = !existsSync(dce) || !existsSync(truncated);
if (absent) process.stderr.write(`Skipped: no real examination at ${dce}.\n`);

const folder = mkdtempSync(path.join(tmpdir(), "ingest-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(absent)("ingesting DICOM", () => {
  it("writes phases and times, and nothing that names the patient", async () => {
    const cohort = path.join(folder, "one");
    const { code, out } = await residua("ingest", dce, cohort, "--patient", "P1", "--visit", "pre", "--json");
    expect(code).toBe(0);
    const examination = { patient: "P1", visit: "pre", phases: 3, timesSeconds: [0, 407, 761] };
    expect(JSON.parse(out)).toMatchObject({ layout: "dicom", examinations: [examination] });
    expect(readFileSync(path.join(cohort, "images/P1/pre/examination.json"), "utf8")).not.toMatch(
      /UCSF-BR|1\.3\.6\.1/,
    );
  });

  it("keeps an examination made from the same files, and makes one of other files again", async () => {
    const source = path.join(folder, "again");
    cpSync(dce, source, { recursive: true });
    const ingest = async (...more: string[]) =>
      JSON.parse(
        (
          await residua(
            "ingest",
            source,
            path.join(folder, "three"),
            "--patient",
            "P3",
            "--visit",
            "pre",
            "--json",
            ...more,
          )
        ).out,
      ).examinations[0].reused;
    const images = path.join(folder, "three/images/P3/pre");
    expect(await ingest()).toBe(false);
    expect(await ingest()).toBe(true);
    rmSync(path.join(images, "dce_001.nii.gz"));
    expect(await ingest()).toBe(false);
    copyFileSync(truncated, path.join(source, "another"));
    expect(await ingest()).toBe(false);
    expect(await ingest("--uncompressed")).toBe(false);
    expect(readdirSync(images)).toEqual(["dce_000.nii", "dce_001.nii", "dce_002.nii", "examination.json"]);
  });

  it("reads an examination in which a damaged file of another patient lies", async () => {
    const source = path.join(folder, "strayed");
    cpSync(dce, source, { recursive: true });
    copyFileSync(truncated, path.join(source, "another"));
    const cohort = path.join(folder, "strayed-cohort");
    const { code, out } = await residua(
      "ingest",
      source,
      cohort,
      "--patient",
      "P4",
      "--visit",
      "pre",
      "--json",
    );
    expect(code).toBe(0);
    const { examinations, issues } = JSON.parse(out);
    expect(examinations).toMatchObject([{ patient: "P4", phases: 3 }]);
    expect(issues).toContainEqual(expect.objectContaining({ code: "dicom-damaged", severity: "error" }));
  });

  it("measures the same kinetics on the ingested examination as on the DICOM files", async () => {
    const native = path.join(folder, "one/images/P1/pre");
    const fromNative = await residua("kinetics", native, path.join(folder, "a"), "--json");
    const fromDicom = await residua("kinetics", dce, path.join(folder, "b"), "--json");
    expect(JSON.parse(fromNative.out)).toEqual({ ...JSON.parse(fromDicom.out), issues: expect.anything() });
  });

  it("measures the same kinetics by a DICOMDIR as by its folder, and says where there is none", async () => {
    const medium = path.join(folder, "medium");
    cpSync(dce, path.join(medium, "DICOM"), { recursive: true });
    writeDicom(path.join(medium, "DICOMDIR"), [[0x00041220, "SQ", [[[0x00041500, "CS", "DICOM\\ABSENT"]]]]]);
    const byDirectory = await residua(
      "kinetics",
      path.join(medium, "DICOMDIR"),
      path.join(folder, "c"),
      "--json",
    );
    const byFolder = await residua("kinetics", dce, path.join(folder, "d"), "--json");
    const { issues, ...measured } = JSON.parse(byDirectory.out);
    expect(JSON.parse(byFolder.out)).toMatchObject(measured);
    expect(issues).toContainEqual(expect.objectContaining({ code: "dicomdir-files-missing" }));
    const absentOne = await residua("kinetics", path.join(dce, "DICOMDIR"), path.join(folder, "e"));
    expect(absentOne).toMatchObject({ code: 3, err: expect.stringContaining("file-missing") });
  });

  it("goes on after an examination that cannot be read", async () => {
    const source = path.join(folder, "source");
    cpSync(dce, path.join(source, "P2/pre"), { recursive: true });
    mkdirSync(path.join(source, "P2/post"));
    copyFileSync(truncated, path.join(source, "P2/post/a.dcm"));
    const { code, out } = await residua("ingest", source, path.join(folder, "two"), "--json");
    expect(code).toBe(0);
    const { examinations, issues } = JSON.parse(out);
    expect(examinations).toMatchObject([{ patient: "P2", visit: "pre", phases: 3 }]);
    expect(issues).toContainEqual(expect.objectContaining({ severity: "error", subject: "P2/post" }));
  });
});

it("refuses a source without examination folders, and a visit without a patient", async () => {
  const empty = path.join(folder, "empty");
  mkdirSync(empty);
  expect(await residua("ingest", empty, path.join(folder, "x"))).toMatchObject({
    code: 3,
    err: expect.stringContaining("ingest-none"),
  });
  const named = await residua("ingest", empty, path.join(folder, "x"), "--visit", "pre");
  expect(named).toMatchObject({ code: 2, err: expect.stringContaining("ingest-name") });
});
