/** A hospital's table and its DICOM files, through `residua ingest` into a study: keyed, moved, and without a name. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createGrid } from "../../src/domain/grid.ts";
import { readTable } from "../../src/io/tables/read.ts";
import type { TableRow } from "../../src/io/tables/table.ts";
import { writePhase } from "../layouts/dicom-file.ts";
import { type Finished, residua } from "./command-line.ts";

const workbook = path.join(import.meta.dirname, "../golden/io/tables/hospital.xlsx");
const folder = mkdtempSync(path.join(tmpdir(), "clinical-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As the DICOM files have them: the workbook's numbers have lost the leading zeros. */
const PATIENTS = [
  { id: "0012345", family: "PLANTONE", studyDate: "20140302" },
  { id: "0023456", family: "PLANTTWO", studyDate: "20150701" },
  { id: "0034567", family: "PLANTTHREE", studyDate: "20150901" },
  { id: "0045678", family: "PLANTFOUR", studyDate: "20160104" },
] as const;
const IDENTIFIERS =
  /PLANT|JANE|\b0*(12345|23456|34567|45678|99999)\b|1961|1972|2014-03-02|2014-08-25|2015-07-01|2016-01-02/i;

const grid = createGrid({
  shape: [4, 8, 8],
  spacingMm: [2, 1, 1],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [0, 0, 0],
});

function writeStudy(
  dir: string,
  { id, family, studyDate }: (typeof PATIENTS)[number],
  patientFolder: string,
) {
  for (const phase of [0, 1, 2]) {
    const data = Float32Array.from({ length: 256 }, (_, i) => (i % 50) + 10 * phase);
    writePhase(path.join(dir, patientFolder, "pre"), `p${phase}`, grid, data, {
      patientId: id,
      study: `1.9.1.${id}`,
      studyDescription: "MRI BREAST",
      seriesUid: `1.9.1.${id}.1`,
      seriesDescription: "dyn",
      imageType: "ORIGINAL\\PRIMARY",
      acquisitionTime: `1000${String(10 * phase).padStart(2, "0")}`,
      temporalPosition: phase + 1,
      more: [
        [0x00080020, "DA", studyDate],
        [0x00100010, "PN", `${family}^JANE`],
      ],
    });
  }
}

interface Ingested {
  readonly examinations: readonly { readonly reused: boolean }[];
  readonly issues: readonly { readonly code: string; readonly message: string }[];
}

const source = path.join(folder, "source");
const cohort = path.join(folder, "cohort");
const options = ["--clinical", workbook, "--sheet", "Patients", "--id", "Hospital number"];
const daysBetween = (a: string, b: string) => (Date.parse(b) - Date.parse(a)) / 86_400_000;
let first: Finished;
let ingested: Ingested;
let rows: readonly TableRow[];
let studyIds: readonly string[];

beforeAll(async () => {
  for (const patient of PATIENTS) writeStudy(source, patient, `${patient.family}_${patient.id}`);
  // The key is fixed, so that moved dates are, and cannot by chance fall on dates of the table.
  const begun = { format: "residua-identities", formatVersion: 1, key: "5a".repeat(32), patients: {} };
  writeFileSync(`${cohort}.identities.json`, JSON.stringify(begun), { mode: 0o600 });
  first = await residua("ingest", source, cohort, "--json", ...options);
  expect([first.code, first.code === 0 ? "" : first.err]).toEqual([0, ""]);
  ingested = JSON.parse(first.out) as Ingested;
  rows = (await readTable(path.join(cohort, "clinical.csv"), { textColumns: ["patient_id"] })).rows;
  const { patients } = JSON.parse(readFileSync(`${cohort}.identities.json`, "utf8"));
  studyIds = PATIENTS.map(({ id }) => patients[id].studyId);
});

const rowOf = (patient: number) => rows.find((row) => row.patient_id === studyIds[patient]);

describe("the clinical table of ingested patients", () => {
  it("has the study identifiers, measurements as they were, and no column that identifies", () => {
    expect(rows).toHaveLength(2);
    expect(rowOf(0)).toMatchObject({ Age: 53, Side: "left", "RCB score": 0 });
    expect(rowOf(1)).toMatchObject({ Age: 43, Side: "right", "RCB score": 1.51 });
    expect(Object.keys(rows[0])).toEqual([
      "patient_id",
      "Date of MRI",
      "Surgery",
      "Age",
      "Side",
      "RCB score",
    ]);
  });

  it("agrees with the moved dates of the images and keeps intervals", () => {
    for (const patient of [0, 1]) {
      const row = rowOf(patient)!;
      const file = path.join(cohort, "images", studyIds[patient], "pre/examination.json");
      expect(row["Date of MRI"]).toBe(JSON.parse(readFileSync(file, "utf8")).source.studyDateShifted);
    }
    const intervals = [daysBetween("2014-03-02", "2014-08-25"), daysBetween("2015-07-01", "2016-01-02")];
    expect(
      [0, 1].map((i) => daysBetween(String(rowOf(i)!["Date of MRI"]), String(rowOf(i)!.Surgery))),
    ).toEqual(intervals);
  });

  it("and the console name no patient, but count what has no match and name the columns left out", () => {
    const table = readFileSync(path.join(cohort, "clinical.csv"), "utf8");
    for (const text of [table, first.out, first.err]) expect(text).not.toMatch(IDENTIFIERS);
    const told = (code: string) =>
      ingested.issues.filter((issue) => issue.code === code).map(({ message }) => message);
    expect(told("clinical-keyed")).toEqual([expect.stringMatching(/^2 of 5 rows are keyed .* PatientID/)]);
    expect(told("clinical-rows-unmatched")).toEqual([expect.stringMatching(/^1 rows .*line 6/)]);
    expect(told("clinical-rows-repeated")).toEqual([expect.stringMatching(/^2 rows .*lines 4, 5/)]);
    expect(told("clinical-patients-missing")).toEqual([expect.stringMatching(/^2 patients/)]);
    const [leftOut] = told("clinical-columns-left-out").map((message) => message.match(/"[^"]*"/g)?.sort());
    expect(leftOut).toEqual(['"Contact"', '"Date of birth"', '"Label"', '"Name"', '"Report"', '"Year"']);
    expect(told("clinical-dates-unread")).toEqual([
      expect.stringContaining('1 cells of the column "Surgery"'),
    ]);
  });

  it("is written alone where the images stand there already", async () => {
    rmSync(path.join(cohort, "clinical.csv"));
    const table = path.join(folder, "later.csv");
    writeFileSync(table, "mrn;grade;score\n0034567;2;1,5\n0045678;3;0,2\n");
    const again = await residua("ingest", source, cohort, "--json", "--clinical", table, "--id", "mrn");
    expect((JSON.parse(again.out) as Ingested).examinations.map(({ reused }) => reused)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    const later = await readTable(path.join(cohort, "clinical.csv"));
    expect(later.rows.map(({ grade, score }) => [grade, score]).sort()).toEqual([
      [2, 1.5],
      [3, 0.2],
    ]);
    expect(later.columns).toEqual(["patient_id", "grade", "score"]);
  });

  it("is what a study reads, without a hand laid on it", async () => {
    const dir = path.join(folder, "study-source");
    const lines = ["folder,diameter,rcb_score,name_of_drug"];
    for (let n = 0; n < 24; n++) {
      const patient = {
        id: `MRN55${100 + n}`,
        family: `PLANT${"abcdefghijklmnopqrstuvwx"[n]}`,
        studyDate: "20180301",
      };
      writeStudy(dir, patient as unknown as (typeof PATIENTS)[number], `LIMA-${n}`);
      lines.push(`lima-${n},${10 + ((n * 7) % 24)},${((n * 7) % 24) / 6},AC`);
    }
    const table = path.join(folder, "lima.csv");
    writeFileSync(table, `${lines.join("\n")}\n`);
    const out = path.join(folder, "lima");
    const made = await residua(
      "ingest",
      dir,
      out,
      "--clinical",
      table,
      "--id",
      "folder",
      "--keep-columns",
      "name_of_drug",
    );
    expect([made.code, made.code === 0 ? "" : made.err]).toEqual([0, ""]);
    expect(readFileSync(path.join(out, "clinical.csv"), "utf8").split("\n").slice(0, 2)).toEqual([
      "patient_id,diameter,rcb_score,name_of_drug",
      "LIMA-0,10,0,AC",
    ]);
    const study = path.join(out, "study.yaml");
    writeFileSync(
      study,
      "name: Table\noutcome: { rcb: rcb_score }\nnetworks: []\nmodels: [{ name: size, columns: [diameter] }]\n",
    );
    const ran = await residua("run", study, "--json", "--out", path.join(folder, "results"));
    expect([ran.code, ran.code === 0 ? "" : ran.err]).toEqual([0, ""]);
  }, 120_000);
});

describe("a clinical table is refused", () => {
  it("where no row is of a patient, without an identifier in the message", async () => {
    const table = path.join(folder, "wrong.csv");
    writeFileSync(table, "patient_id,grade\nPLANTX,2\n");
    const { code, err } = await residua("ingest", source, cohort, "--clinical", table);
    expect([code, err]).toEqual([3, expect.stringContaining("clinical-unmatched")]);
    expect(err).not.toMatch(IDENTIFIERS);
  });

  it("where PatientIDs and folders' names match equally and lead to different patients", async () => {
    const dir = path.join(folder, "crossed");
    writeStudy(dir, { ...PATIENTS[0], id: "B-2" } as never, "A-1");
    writeStudy(dir, { ...PATIENTS[1], id: "A-1" } as never, "B-2");
    const table = path.join(folder, "crossed.csv");
    writeFileSync(table, "patient_id,grade\nA-1,2\nB-2,3\n");
    const { code, err } = await residua("ingest", dir, path.join(folder, "crossed-out"), "--clinical", table);
    expect([code, err]).toEqual([3, expect.stringContaining("clinical-ambiguous")]);
  });

  it("where a patient stands in the place of the names of columns", async () => {
    const table = path.join(folder, "headless.csv");
    writeFileSync(table, "0012345,PLANTONE,2\n0023456,PLANTTWO,3\n");
    const { code, err } = await residua("ingest", source, cohort, "--clinical", table, "--id", "mrn");
    expect([code, err]).toEqual([3, expect.stringContaining("clinical-header")]);
    expect(err).not.toMatch(IDENTIFIERS);
  });

  it("before any image is read where its column is missing, and where nothing names the table", async () => {
    const out = path.join(folder, "untouched");
    const { code, err } = await residua("ingest", source, out, ...options.slice(0, 4), "--id", "MRN");
    expect([code, err]).toEqual([3, expect.stringContaining('"Hospital number"')]);
    expect(err).not.toContain("ingest 1");
    const alone = await residua("ingest", source, out, "--id", "mrn");
    expect([alone.code, alone.err]).toEqual([2, expect.stringContaining("--clinical")]);
  });
});
