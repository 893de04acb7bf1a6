import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDceSeries } from "../domain/dce.ts";
import { createGrid } from "../domain/grid.ts";
import { writeExamination } from "../io/layouts/native.ts";
import { readStudyCohort } from "./cohort.ts";
import { parseStudy } from "./study-file.ts";

describe("the cohort of a study", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "residua-cohort-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function read(lines: string, tables: Record<string, string>) {
    for (const [name, text] of Object.entries(tables)) await writeFile(path.join(folder, name), text);
    const { config, defaulted } = parseStudy(`name: S\n${lines}\n`, "study.yaml");
    return readStudyCohort({ config, defaulted, file: path.join(folder, "study.yaml"), folder });
  }
  const TABLE_ONLY = "networks: []\nmodels: [{ name: m, columns: [d] }]\noutcome: { rcb: score }";
  const codes = (issues: readonly { code: string; subject?: string }[]) =>
    issues.map(({ code, subject }) => [code, subject]);

  it("joins tables on the identifier, which stays text", async () => {
    const { value } = await read(`${TABLE_ONLY}\ncohort: { table: [a.csv, b.csv], id: pid }`, {
      "a.csv": "pid,d\n007,1\n8,2\n",
      "b.csv": "pid,score\n8,0\n007,3.5\n",
    });
    expect(value.patients.map(({ id, clinical, outcome }) => [id, clinical.d, outcome.rcbClass])).toEqual([
      ["007", 1, "III"],
      ["8", 2, "0"],
    ]);
  });

  it("leaves out patients that stand twice and rows without identifier; the others go on", async () => {
    const { value, issues } = await read(TABLE_ONLY, {
      "clinical.csv": "patient_id,d,score\nA,1,1\nB,2,1\nA,3,1\n,4,1\n",
    });
    expect(value.patients.map(({ id }) => id)).toEqual(["B"]);
    expect(codes(issues)).toEqual([
      ["patients-duplicate", "A"],
      ["patients-unnamed", undefined],
    ]);
    expect(issues[0]).toMatchObject({
      severity: "error",
      message: expect.stringMatching(/2 rows.*one is expected/),
    });
  });

  it("leaves out a patient that stands twice in one of several tables", async () => {
    const { value } = await read(`${TABLE_ONLY}\ncohort: { table: [a.csv, b.csv] }`, {
      "a.csv": "patient_id,d\nA,1\nB,2\n",
      "b.csv": "patient_id,score\nA,1\nA,2\nB,1\n",
    });
    expect(value.patients.map(({ id, outcome }) => [id, outcome.rcbScore])).toEqual([
      ["A", null],
      ["B", 1],
    ]);
  });

  it.each([
    ["outcome: { rcb: scores }", '"scores" (outcome.rcb)', 'Did you mean "score"'],
    [
      "cohort: { id: patientid }\noutcome: { rcb: score }",
      '"patientid" (cohort.id)',
      'Did you mean "patient_id"',
    ],
    [
      "outcome: { rcb: score }\ncohort: { split: { column: st, train: a, test: b } }",
      '"st" (cohort.split.column)',
      'Did you mean "set"',
    ],
    ["outcome: { rcb: score }\nsubtype: { hr: hrr, her2: d }", '"hrr" (subtype.hr)', 'Did you mean "hr"'],
  ])("is refused where the table lacks a column that the study names: %s", async (lines, found, advice) => {
    const reading = read(`networks: []\nmodels: [{ name: m, columns: [d] }]\n${lines}`, {
      "clinical.csv": "patient_id,d,score,set,hr\nA,1,1,a,1\n",
    });
    await expect(reading).rejects.toMatchObject({ name: "DataError", code: "column-unknown" });
    await expect(reading).rejects.toThrow(found);
    await expect(reading).rejects.toThrow(advice);
  });

  it("names every unknown column of models at once, but not those that the study makes", async () => {
    const reading = read(
      "networks: [nnunet]\noutcome: { rcb: score }\nsubtype: { column: hr }\nmodels: [{ name: m, columns: [x, y, subtype, pre.volume_ml] }]",
      { "clinical.csv": "patient_id,score,hr\nA,1,1\n" },
    );
    await expect(reading).rejects.toThrow(/"x" \(model "m"\); no column "y" \(model "m"\)\./);
  });

  it("splits by the values that the study names, as text or number, and leaves out others with an issue", async () => {
    const { value, issues } = await read(
      `${TABLE_ONLY}\ncohort: { split: { column: set, train: 1, test: 2 } }`,
      { "clinical.csv": "patient_id,d,score,set\nA,1,1,1\nB,2,1,2\nC,3,1,3\nD,3,1,\n" },
    );
    expect(value.patients.map(({ id, set }) => [id, set])).toEqual([
      ["A", "train"],
      ["B", "test"],
    ]);
    expect(codes(issues)).toEqual([
      ["set-unknown", "C"],
      ["set-unknown", "D"],
    ]);
    expect(issues[0].message).toContain('"3" in "set", where "1" or "2" is expected');
  });

  it("is refused where nobody is left to train on", async () => {
    const reading = read(`${TABLE_ONLY}\ncohort: { split: { column: set, train: train, test: test } }`, {
      "clinical.csv": "patient_id,d,score,set\nA,1,1,test\n",
    });
    await expect(reading).rejects.toMatchObject({ code: "cohort-empty" });
  });

  it("tells missing and impossible outcomes and keeps the patients", async () => {
    const { value, issues } = await read(TABLE_ONLY, {
      "clinical.csv": "patient_id,d,score\nA,1,\nB,2,-3\nC,3,1\n",
    });
    expect(value.patients).toHaveLength(3);
    expect(codes(issues)).toEqual([
      ["rcb-range", "B"],
      ["outcome-missing", "A"],
      ["outcome-missing", "B"],
    ]);
  });

  it("makes the subtype of two receptor columns, unknown where one is", async () => {
    const { value } = await read(`${TABLE_ONLY}\nsubtype: { hr: hr, her2: her2 }`, {
      "clinical.csv": "patient_id,d,score,hr,her2\nA,1,1,1,0\nB,1,1,1,\nC,1,1,0,0\n",
    });
    expect(value.patients.map(({ clinical }) => clinical.subtype)).toEqual([
      "HR 1 HER2 0",
      null,
      "HR 0 HER2 0",
    ]);
  });

  it("tells which visit a patient lacks, and refuses an identifier that is no folder's name", async () => {
    const grid = createGrid({
      shape: [2, 2, 2],
      spacingMm: [1, 1, 1],
      direction: [
        [0, 0, 1],
        [0, 1, 0],
        [1, 0, 0],
      ],
      origin: [0, 0, 0],
    });
    const phase = { grid, data: new Float32Array(8) };
    const series = createDceSeries([phase, phase, phase], [0, 90, 300]);
    for (const visit of ["pre", "post"]) await writeExamination(folder, "A", visit, series);
    await writeExamination(folder, "B", "pre", series);
    await mkdir(path.join(folder, "images/C/post"), { recursive: true });
    const { value, issues } = await read("outcome: { rcb: score }\nmodels: [volume]", {
      "clinical.csv": "patient_id,score\nA,1\nB,1\nC,1\n../D,1\n",
    });
    expect(value.patients.map(({ id, examinations }) => [id, examinations.length])).toEqual([
      ["A", 2],
      ["B", 1],
      ["C", 0],
    ]);
    expect(codes(issues)).toEqual([
      ["examination-empty", "C/post"],
      ["patient-name", "../D"],
      ["visit-missing", "B"],
      ["visit-missing", "C"],
    ]);
    expect(issues[2].message).toContain("No readable post examination");
  });
});
