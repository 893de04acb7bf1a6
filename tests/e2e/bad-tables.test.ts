/** Studies on tables that no statistician would wish for: each ends in a clear error or a coded issue, never in a NaN. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { residua } from "./command-line.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), "residua-tables-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

type Row = Record<string, string | number>;

/** A third with pCR; `size` goes with the class, `noise` does not. */
const ROWS: readonly Row[] = Array.from({ length: 36 }, (_, i) => ({
  patient_id: `P${String(i).padStart(2, "0")}`,
  set: i % 6 === 5 ? "test" : "train",
  rcb: [0, 1, 2, 3, 2, 0][i % 6],
  size: [3, 9, 20, 31, 24, 2][i % 6] + 9 * (i % 5),
  noise: (i * 37) % 11,
  subtype: ["TN", "HR", "HER2"][i % 3],
}));

const MODELS = `
  - { name: size, columns: [size] }
  - { name: forest, columns: [size, noise] }
  - { name: subtype, columns: [size, subtype] }
  - { name: both, of: [forest, subtype] }`;

let runs = 0;
async function run(
  rows: readonly Row[],
  options: { models?: string; more?: string; folds?: number; forest?: string } = {},
) {
  const folder = path.join(root, `run-${runs++}`);
  await mkdir(folder);
  const head = Object.keys(rows[0]);
  const lines = rows.map((row) => head.map((column) => row[column]).join(","));
  await writeFile(path.join(folder, "clinical.csv"), `${[head.join(","), ...lines].join("\n")}\n`);
  await writeFile(
    path.join(folder, "study.yaml"),
    `name: Table\noutcome: { rcbClass: rcb }\nnetworks: []\ntraining: { folds: ${options.folds ?? 3} }\nforest: ${options.forest ?? "{ trees: 12 }"}\ncomparison: { resamples: 100 }\n${options.more ?? ""}models:${options.models ?? MODELS}\n`,
  );
  const results = path.join(folder, "results");
  const { code, err } = await residua("run", path.join(folder, "study.yaml"), "--out", results);
  const read = (file: string) => readFile(path.join(results, file), "utf8").catch(() => "");
  const [metrics, html, manifest, predictions] = await Promise.all(
    ["metrics.json", "report.html", "manifest.json", "predictions.csv"].map(read),
  );
  for (const text of [metrics, html, manifest, predictions]) expect(text).not.toMatch(/\bNaN\b|\bInfinity\b/);
  const issues = [manifest, metrics].flatMap((text) =>
    text === "" ? [] : (JSON.parse(text) as { issues: { code: string; subject?: string }[] }).issues,
  );
  return {
    code,
    err,
    codes: issues.map((issue) => issue.code),
    issues,
    metrics,
    predictions,
    folder,
    results,
  };
}
const change = (of: (row: Row, i: number) => Row) => ROWS.map((row, i) => ({ ...row, ...of(row, i) }));

describe("a study on a bad table", () => {
  it("is no trouble where the table is good", async () => {
    const { code, err, codes } = await run(ROWS);
    expect([code, code === 0 ? "" : err, codes]).toEqual([0, "", []]);
  });

  it("with constant predictors has models that tell nobody apart, with an AUC of one half", async () => {
    const { code, metrics } = await run(change(() => ({ size: 7, noise: 1, subtype: "TN" })));
    expect(code).toBe(0);
    const { endpoints } = JSON.parse(metrics);
    expect(endpoints.pcr.models.size.auc).toBe(0.5);
    // The forest of each fold predicts one number, and those of the folds differ a little.
    expect(endpoints.pcr.models.forest.auc).toBeLessThan(0.6);
    expect(endpoints.spearman.models.size?.rho ?? null).toBeNull();
  });

  it("with one class only says so for each model, and has no endpoint of classes", async () => {
    const { code, codes, metrics } = await run(change(() => ({ rcb: 2 })));
    expect(code).toBe(0);
    expect(codes).toContain("target-constant");
    expect(Object.keys(JSON.parse(metrics).endpoints)).not.toContain("pcr");
  });

  it("of three patients is refused by the number of folds, and with two folds by each model", async () => {
    const three = ROWS.slice(0, 3);
    const tooMany = await run(three, { folds: 5 });
    expect(tooMany.code).toBe(2);
    expect(tooMany.err).toMatch(/5 folds for 3 patients/);
    const two = await run(three, { folds: 2 });
    expect(two.code).toBe(0);
    expect(two.issues).toContainEqual(expect.objectContaining({ code: "forest-rows", subject: "forest" }));
    expect(two.predictions).toContain("P01");
  });

  it("with NaN, infinite and unreadable values takes them as missing and names them", async () => {
    const { code, issues } = await run(
      change((row, i) =>
        i === 3 ? { size: "NaN" } : i === 4 ? { size: "1e999" } : i === 8 ? { size: "-Inf" } : row,
      ),
    );
    expect(code).toBe(0);
    const told = issues.filter(({ code: own }) =>
      ["value-not-numeric", "column-mixed", "values-missing", "prediction-missing"].includes(own),
    );
    expect(told.map(({ subject }) => subject)).toContainEqual(expect.stringContaining("size"));
  });

  it("takes a category of the test set that was not seen in training as none of the known", async () => {
    const { code, issues } = await run(
      change((row) => (row.set === "test" ? { subtype: "new" } : {})),
      { more: "cohort: { split: { column: set, train: train, test: test } }\n" },
    );
    expect(code).toBe(0);
    const unseen = issues.filter((issue) => issue.code === "category-unseen");
    expect(unseen.length).toBeGreaterThan(0);
    expect(unseen[0].subject).toContain("subtype");
  });

  it("with a column twice under two names predicts as it does with one", async () => {
    const models = `
  - { name: once, columns: [size, noise] }
  - { name: twice, columns: [size, copy, noise] }`;
    const { code, metrics } = await run(
      change((row) => ({ copy: row.size })),
      { models },
    );
    expect(code).toBe(0);
    const { models: found } = JSON.parse(metrics).endpoints["rcb-auc"];
    expect(Math.abs(found.once.auc - found.twice.auc)).toBeLessThan(0.15);
    const named = await run(ROWS, { models: "\n  - { name: twice, columns: [size, size] }" });
    expect(named.code).toBe(2);
    expect(named.err).toMatch(/twice/);
  });

  it("with classes rarer than the folds says which folds lack them, and goes on", async () => {
    const { code, codes } = await run(change((_, i) => ({ rcb: i === 0 ? 0 : i === 1 ? 3 : 2 })));
    expect(code).toBe(0);
    expect(codes.filter((own) => own === "folds-stratum-small")).toHaveLength(2);
  });
});

describe("the external test set", () => {
  it("is read once per setting, and a second reading is told in the report", async () => {
    const more = "cohort: { split: { column: set, train: train, test: test } }\n";
    const { folder, results, codes } = await run(ROWS, { more });
    expect(codes).not.toContain("test-set-read-again");
    const study = path.join(folder, "study.yaml");
    const text = await readFile(study, "utf8");
    const readings = async () => JSON.parse(await readFile(path.join(results, "manifest.json"), "utf8"));
    expect((await residua("run", study, "--out", results)).code).toBe(0);
    expect((await readings()).testReadings).toHaveLength(1);
    // Threads change nothing, and neither does the name of the study.
    await writeFile(study, text.replace("trees: 12", "trees: 12, threads: 1"));
    expect((await residua("run", study, "--out", results)).code).toBe(0);
    expect((await readings()).testReadings).toHaveLength(1);

    await writeFile(study, text.replace("trees: 12", "trees: 13"));
    expect((await residua("run", study, "--out", results)).code).toBe(0);
    const { testReadings, issues } = await readings();
    expect(testReadings).toHaveLength(2);
    expect(testReadings[1].changed).toEqual(["forest"]);
    const again = issues.find((issue: { code: string }) => issue.code === "test-set-read-again");
    expect(again.message).toMatch(/read 2 times.*other forest/);
    expect(await readFile(path.join(results, "report.html"), "utf8")).toContain("test-set-read-again");

    await writeFile(path.join(results, "test-readings.json"), "{");
    expect((await residua("run", study, "--out", results)).code).toBe(3);
  });
});

describe("choices of the study file", () => {
  const centred = change((_, i) => ({ centre: ["A", "B", "C"][Math.floor(i / 12)] }));

  it("leave out each centre in turn", async () => {
    const more = "cohort: { centre: centre }\nresampling: { by: centre }\n";
    const { code, predictions, results } = await run(centred, { more });
    expect(code).toBe(0);
    const fitted = JSON.parse(await readFile(path.join(results, "models/outcome-models.json"), "utf8"));
    expect(Object.keys(fitted.fitted)).toEqual(["size", "forest", "subtype", "both"]);
    // A patient's prediction does not depend on the outcomes of its own centre.
    const changed = await run(
      centred.map((row) => (row.centre === "B" ? { ...row, rcb: 3 - Number(row.rcb) } : row)),
      { more },
    );
    const column = (text: string, centre: string) => {
      const [head, ...lines] = text
        .trim()
        .split("\n")
        .map((line) => line.split(","));
      const at = head.indexOf("forest");
      return lines.filter((_, i) => centred[i].centre === centre).map((cells) => cells[at]);
    };
    expect(column(changed.predictions, "B")).toEqual(column(predictions, "B"));
    expect(column(changed.predictions, "A")).not.toEqual(column(predictions, "A"));
    const without = await run(centred, { more: "resampling: { by: centre }\n" });
    expect(without.code).toBe(2);
    expect(without.err).toMatch(/cohort\.centre/);
  });

  it("write intervals around single forests, the same on any number of threads", async () => {
    const models = `${MODELS}
  - { name: two, columns: [size, noise], forest: { parts: two, minLeaf: 2 } }
  - { name: tuned, columns: [size, noise], forest: { kind: extra-trees, tuning: { minLeaf: [5, 2], trees: 5 } } }`;
    const written: { predictions: string; intervals: string }[] = [];
    for (const threads of [1, 2]) {
      const { code, results, predictions } = await run(ROWS, {
        models,
        forest: `{ trees: 12, intervals: 0.8, threads: ${threads} }`,
        more: "resampling: { repeats: 2 }\n",
      });
      expect(code).toBe(0);
      written.push({ predictions, intervals: await readFile(path.join(results, "intervals.csv"), "utf8") });
    }
    expect(written[1]).toEqual(written[0]);
    const [head, ...lines] = written[0].intervals
      .trim()
      .split("\n")
      .map((line) => line.split(","));
    expect(head).toEqual(["patient_id", "set", "model", "low", "high"]);
    expect(new Set(lines.map(([, , model]) => model))).toEqual(new Set(["forest", "subtype", "tuned"]));
    expect(lines).toHaveLength(3 * ROWS.length);
    for (const [, , , low, high] of lines) {
      expect(Number(low)).toBeGreaterThanOrEqual(0);
      expect(Number(high)).toBeLessThanOrEqual(3);
      expect(Number(low)).toBeLessThanOrEqual(Number(high));
    }
  });
});
