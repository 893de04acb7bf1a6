/** A study on published tables: I-SPY 2, functional tumour volume and diameter on MRI against pCR. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { residua } from "./command-line.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const DATA = path.join(ROOT, "../shared/data/ispy2-clinical");
const absent = !existsSync(DATA);
if (absent) process.stderr.write(`Skipped: no I-SPY 2 tables at ${DATA}.\n`);

/** AUC against pCR at the four visits, as the data's description states it. */
const STATED = {
  FTV: [0.5168, 0.6262, 0.6747, 0.6329],
  diameter: [0.5992, 0.6528, 0.754, 0.7542],
};

describe.skipIf(absent)("the study on I-SPY 2's tables", () => {
  let folder: string;
  let models: Record<string, { auc: number; n: number }>;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "residua-ispy2-"));
    const { code, err } = await residua(
      "run",
      path.join(ROOT, "examples/ispy2-volume.yaml"),
      "--out",
      folder,
    );
    expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
    models = JSON.parse(await readFile(path.join(folder, "metrics.json"), "utf8")).endpoints.pcr.models;
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(Object.entries(STATED))("gives the stated figures of %s at each visit", (measure, stated) => {
    stated.forEach((auc, visit) => {
      expect(models[`${measure} at T${visit}`].n).toBe(384);
      expect(models[`${measure} at T${visit}`].auc).toBeCloseTo(auc, 4);
    });
  });

  it("joins tables whose identifiers have other names, and takes the patients with measurements", async () => {
    const { patients, issues } = JSON.parse(await readFile(path.join(folder, "manifest.json"), "utf8"));
    expect(patients).toEqual({ train: 384, test: 0 });
    expect(issues).toContainEqual(expect.objectContaining({ code: "patients-incomplete" }));
  });

  it("finds more in the diameter before surgery with the subtype than in either, out of fold", () => {
    const both = models["diameter at T3 + subtype"].auc;
    expect(both).toBeGreaterThan(models["diameter at T3"].auc);
    expect(both).toBeGreaterThan(models.subtype.auc);
    for (const { n } of Object.values(models)) expect(n).toBe(384);
  });
});
