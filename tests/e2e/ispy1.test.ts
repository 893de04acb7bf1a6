/** A study on a published table: I-SPY 1, the longest diameter on MRI against pathology. */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { residua } from "./command-line.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const DATA = path.join(ROOT, "../shared/data/ispy1-clinical");
const absent = !existsSync(DATA);
if (absent) process.stderr.write(`Skipped: no I-SPY 1 tables at ${DATA}.\n`);

/** Model; AUC against pCR; Spearman against RCB class with its n; all as the data's description states them. */
const STATED = [
  ["diameter at baseline", 0.5645, 0.105, 199],
  ["diameter after 1-3 days", 0.5979, 0.1433, 191],
  ["diameter between regimens", 0.6751, 0.3211, 184],
  ["diameter before surgery", 0.734, 0.4202, 192],
] as const;

describe.skipIf(absent)("the study on I-SPY 1's table", () => {
  let folder: string;
  let metrics: {
    set: string;
    endpoints: {
      pcr: { models: Record<string, { auc: number }> };
      spearman: { models: Record<string, { rho: number; n: number }> };
      "rcb-auc": { primary: boolean };
    };
  };
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "residua-ispy1-"));
    const study = path.join(ROOT, "examples/ispy1-diameter.yaml");
    const { code, err } = await residua("run", study, "--out", folder);
    expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
    metrics = JSON.parse(await readFile(path.join(folder, "metrics.json"), "utf8"));
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(STATED)("gives the stated figures of the %s", (model, auc, rho, n) => {
    expect(metrics.endpoints.pcr.models[model].auc).toBeCloseTo(auc, 4);
    expect(metrics.endpoints.spearman.models[model].rho).toBeCloseTo(rho, 4);
    expect(metrics.endpoints.spearman.models[model].n).toBe(n);
  });

  it("measures out-of-fold predictions, with the RCB groups as the primary endpoint, and reports without a network", async () => {
    expect(metrics.set).toBe("train");
    expect(metrics.endpoints["rcb-auc"].primary).toBe(true);
    expect(await readdir(folder)).toEqual(
      expect.arrayContaining(["manifest.json", "predictions.csv", "report.html"]),
    );
    const html = await readFile(path.join(folder, "report.html"), "utf8");
    expect(html).toContain("diameter before surgery + subtype");
    expect(html).toContain("no external test set");
  });
});
