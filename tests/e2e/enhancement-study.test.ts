/** A study on enhancement alone: functional tumour volume and diameter need images, and no network. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readTable } from "../../src/io/tables/read.ts";
import { residua } from "./command-line.ts";
import { cutToTumours } from "./small-cohort.ts";

const root = mkdtempSync(path.join(tmpdir(), "enhancement-"));
const cohort = path.join(root, "cohort");
const results = path.join(root, "results");
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("a study without a network", () => {
  beforeAll(async () => {
    await residua("phantom", cohort, "--train", "8", "--test", "6", "--seed", "3", "--size", "small");
    await cutToTumours(cohort);
    writeFileSync(
      path.join(cohort, "study.yaml"),
      `name: Enhancement
cohort: { split: { column: set, train: train, test: test } }
outcome: { rcb: rcb_score }
networks: []
images: { registration: none }
training: { folds: 2 }
forest: { trees: 10, minLeaf: 2 }
models: [ftv, diameter]
comparison: { reference: ftv, primary: rcb-auc, resamples: 100 }
`,
    );
    const { code, err } = await residua("run", path.join(cohort, "study.yaml"), "--out", results);
    expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
  }, 300_000);

  it("predicts every patient by what enhances, and reports", async () => {
    const { rows } = await readTable(path.join(results, "predictions.csv"), { textColumns: ["patient_id"] });
    expect(rows).toHaveLength(14);
    for (const row of rows) expect([typeof row.ftv, typeof row.diameter]).toEqual(["number", "number"]);
    expect(new Set(rows.map(({ ftv }) => ftv)).size).toBeGreaterThan(1);
    expect(readFileSync(path.join(results, "report.html"), "utf8")).toContain("functional tumour volume, ml");
  });

  it("applies to a patient whose examinations are at hand", async () => {
    const { rows } = await readTable(path.join(results, "predictions.csv"), { textColumns: ["patient_id"] });
    const [known] = rows.filter(({ set }) => set === "test");
    const visits = ["pre", "post"].map((visit) =>
      path.join(cohort, "images", String(known.patient_id), visit),
    );
    const { code, out } = await residua("predict", results, ...visits, "--json");
    expect(code).toBe(0);
    const { ftv, diameter } = JSON.parse(out).models;
    expect([ftv, diameter].map((value: number) => value.toFixed(4))).toEqual(
      [known.ftv, known.diameter].map((value) => Number(value).toFixed(4)),
    );
  });
});
