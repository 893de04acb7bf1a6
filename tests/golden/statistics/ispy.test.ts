/** Known figures of two public trials (TCIA ISPY1, ISPY2), read where the data are at hand. */
import { existsSync, readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import type { PathologyOutcome } from "../../../src/domain/outcome.ts";
import { randomKey } from "../../../src/domain/random.ts";
import { RCB_CLASSES } from "../../../src/domain/rcb.ts";
import { compareModels } from "../../../src/statistics/comparison.ts";

const DATA = new URL("../../../../shared/data/", import.meta.url);
const present = existsSync(DATA);
if (!present) process.stderr.write("I-SPY figures are not checked: ../shared/data is absent.\n");

type Row = Readonly<Record<string, string>>;

function table(path: string): Row[] {
  return parse(readFileSync(new URL(path, DATA)), { columns: true, bom: true }) as Row[];
}

const number = (text: string): number | null => (text === "" ? null : Number(text));

describe.skipIf(!present)("I-SPY 1: longest diameter against pCR and RCB class", () => {
  const visits = ["MRI LD Baseline", "MRI LD 1-3dAC", "MRI LD InterReg", "MRI LD PreSurg"];
  const published = {
    auc: [0.5645, 0.5979, 0.6751, 0.734],
    casesWithPcr: [213, 204, 196, 204],
    rho: [0.105, 0.1433, 0.3211, 0.4202],
    casesWithClass: [199, 191, 184, 192],
  };

  it("gives the known AUCs and correlations to four decimals", () => {
    const outcomeOf = new Map(table("ispy1-clinical/outcomes.csv").map((row) => [row.SUBJECTID, row]));
    const rows = table("ispy1-clinical/predictors.csv");
    const values = rows.map(({ SUBJECTID }): PathologyOutcome => {
      const { PCR, RCBClass } = outcomeOf.get(SUBJECTID)!;
      return {
        rcbScore: null,
        rcbClass: RCBClass === "" ? null : RCB_CLASSES[Number(RCBClass)],
        pcr: PCR === "" ? null : PCR === "1",
      };
    });
    const models = visits.map((name) => ({ name, scores: rows.map((row) => number(row[name])) }));
    const result = compareModels({
      outcome: { kind: "rcb", values },
      models,
      key: randomKey(1),
      resamples: 100,
    });
    visits.forEach((visit, i) => {
      const { pcr, spearman } = result.endpoints;
      expect(pcr!.models[visit].n).toBe(published.casesWithPcr[i]);
      expect(pcr!.models[visit].auc!.toFixed(4)).toBe(published.auc[i].toFixed(4));
      expect(spearman!.models[visit].n).toBe(published.casesWithClass[i]);
      expect(spearman!.models[visit].rho!.toFixed(4)).toBe(published.rho[i].toFixed(4));
    });
    expect(result.n).toBe(215);
    expect(result.issues.map(({ code }) => code)).toEqual([
      "outcomes-incomplete",
      "rows-incomplete",
      "rows-incomplete",
      "rows-incomplete",
      "rows-incomplete",
    ]);
  });
});

describe.skipIf(!present)("I-SPY 2: tumour volume and longest diameter against pCR", () => {
  const published = {
    VOLUME_TUM_BLU_V10: 0.5168,
    VOLUME_TUM_BLU_V20: 0.6262,
    VOLUME_TUM_BLU_V30: 0.6747,
    VOLUME_TUM_BLU_V40: 0.6329,
    LD_T0: 0.5992,
    LD_T1: 0.6528,
    LD_T2: 0.754,
    LD_T3: 0.7542,
  };

  it("gives the known AUCs to four decimals, a small tumour speaking for pCR", () => {
    const clinical = new Map(table("ispy2-clinical/clinical_n985.csv").map((row) => [row.Patient_ID, row]));
    const rows = table("ispy2-clinical/multifeature_n384.csv");
    const pcr = rows.map((row) => number(clinical.get(row["CLINICAL-TRIAL-SUBJECT-ID"])!.pCR));
    const names = Object.keys(published);
    const models = names.map((name) => ({ name, scores: rows.map((row) => -Number(row[name])) }));
    const outcome = { kind: "binary", values: pcr, positive: 1 } as const;
    const result = compareModels({ outcome, models, reference: "LD_T3", key: randomKey(1), resamples: 100 });
    const endpoint = result.endpoints.binary!;
    expect([endpoint.n, endpoint.positive]).toEqual([384, 113]);
    for (const [name, auc] of Object.entries(published)) {
      expect(endpoint.models[name].auc!.toFixed(4)).toBe(auc.toFixed(4));
    }
  });
});
