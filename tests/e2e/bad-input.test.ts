/** Bad input through the commands: what was found, what was expected, what to do; others go on; nothing half-written stays. */
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDceSeries } from "../../src/domain/dce.ts";
import { createGrid, type Grid } from "../../src/domain/grid.ts";
import { RandomStream, randomKey } from "../../src/domain/random.ts";
import { readVolume } from "../../src/io/images.ts";
import { writeExamination } from "../../src/io/layouts/native.ts";
import { writeNifti } from "../../src/io/nifti/write.ts";
import { residua } from "./command-line.ts";
import { inCohort, smallStudy } from "./small-cohort.ts";

const TRUNCATED_DICOM = path.join(
  import.meta.dirname,
  "../../../shared/data/dicom-variants/MR_truncated.dcm",
);
const noDicom = !existsSync(TRUNCATED_DICOM);
if (noDicom) process.stderr.write(`Skipped: no truncated DICOM file at ${TRUNCATED_DICOM}.\n`);

const grid: Grid = createGrid({
  shape: [12, 16, 16],
  spacingMm: [2, 2, 2],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [0, 0, 0],
});
const elsewhere = createGrid({ ...grid, origin: [7, 0, 0] });
const tumour = (on: Grid = grid) => ({
  grid: on,
  data: Uint8Array.from({ length: 3072 }, (_, i) =>
    i % 16 > 5 && i % 16 < 11 && i > 1000 && i < 2000 ? 1 : 0,
  ),
});

/** Noise that enhances where the tumour is. */
function series(seed: number) {
  const stream = new RandomStream(randomKey(seed));
  const { data: mask } = tumour();
  const phases = [0, 1, 0.7].map((enhancement) => ({
    grid,
    data: Float32Array.from(mask, (inside) => 100 + stream.normal(0, 5) + inside * enhancement * 120),
  }));
  return createDceSeries(phases, [0, 120, 400]);
}

let template: string;
let folder: string;
const at = (name: string) => path.join(folder, name);

beforeAll(async () => {
  template = await mkdtemp(path.join(tmpdir(), "residua-template-"));
  for (let i = 1; i <= 8; i++) {
    for (const visit of ["pre", "post"]) {
      await writeExamination(template, `P${i}`, visit, series(10 * i + visit.length), {
        segmentation: tumour(),
      });
    }
  }
});
afterAll(() => rm(template, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "residua-bad-"));
});
afterEach(async () => {
  const entries = await readdir(folder, { recursive: true });
  await rm(folder, { recursive: true, force: true });
  expect(entries.filter((name) => name.includes("partial"))).toEqual([]);
});

/** The command fails with the code of the data, says these things on standard error and nothing on standard output. */
async function refused(args: readonly string[], ...words: readonly (string | RegExp)[]): Promise<void> {
  const { code, out, err } = await residua(...args);
  expect([code, out]).toEqual([3, ""]);
  for (const part of words) expect(err).toMatch(part);
}

const HEAD = "patient_id,set,size,rcb_score";
const TABLE = [1, 2, 3, 4, 5, 6, 7, 8].map(
  (i) => `P${i},${i < 7 ? "train" : "test"},${10 + i},${[0, 0.8, 2, 3, 3.5, 1.8, 0, 2.2][i - 1]}`,
);

/** A study on the table alone. */
async function tableStudy(
  rows: readonly string[],
  outcome = "{ rcb: rcb_score }",
  head = HEAD,
): Promise<string[]> {
  await writeFile(at("clinical.csv"), `${[head, ...rows].join("\n")}\n`);
  const study = smallStudy({ steps: 2, networks: "[]", models: "[{ name: volume, columns: [size] }]" })
    .replace(/^subtype:.*\n/m, "")
    .replace("{ rcb: rcb_score }", outcome);
  await writeFile(at("study.yaml"), study);
  return ["run", at("study.yaml"), "--out", at("results"), "--json"];
}

interface Run {
  readonly issues: readonly { code: string; subject?: string; severity: string; message: string }[];
  readonly comparisons: readonly {
    set: string;
    comparison: { n: number; issues: { code: string; message: string }[] };
  }[];
}

async function runs(args: readonly string[]): Promise<Run> {
  const { code, out, err } = await residua(...args);
  expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
  expect(await readdir(at("results"))).toEqual(
    expect.arrayContaining(["manifest.json", "metrics.json", "report.html"]),
  );
  return JSON.parse(out) as Run;
}

const found = ({ issues }: Run, code: string, subject?: string) =>
  issues.find((issue) => issue.code === code && (subject === undefined || issue.subject === subject))
    ?.message ?? "";

describe("a file that is missing", () => {
  it.each([
    ["run", "none.yaml", "--out", "out"],
    ["compare", "none.csv", "--outcome", "x"],
    ["rcb", "none.csv"],
    ["evaluate", "none.nii.gz", "none.nii.gz"],
    ["kinetics", "none", "out"],
    ["plan", "none.yaml"],
    ["plan", "none"],
    ["train", "none", "--network", "nnunet", "--out", "out"],
    ["segment", "none", "none", "--out", "out"],
    ["predict", "none", "none", "none"],
    ["export", "none", "--out", "out.onnx"],
  ])("is named, and nothing is written: %s %s", async (command, ...args) => {
    const places = args.map((arg) => (/^(none|out)/.test(arg) ? at(arg) : arg));
    await refused([command, ...places], /error (file|model)-missing/, "none", /[Nn]o such|no model/);
    expect(await readdir(folder)).toEqual([]);
  });

  it("of the study's table leaves no results", async () => {
    const args = await tableStudy(TABLE);
    await rm(at("clinical.csv"));
    await refused(args, "file-missing", "clinical.csv", "Check the path");
    expect(existsSync(at("results"))).toBe(false);
  });
});

describe("images that are cut off", () => {
  it.skipIf(noDicom)("as DICOM are refused by kinetics", async () => {
    await cp(TRUNCATED_DICOM, at("dicom/MR_truncated.dcm"));
    await refused(["kinetics", at("dicom"), at("out")], "MR_truncated.dcm", /Expected/);
    expect(existsSync(at("out"))).toBe(false);
  });

  it("as NIfTI are refused by kinetics, with the file and what to do; no map is written", async () => {
    await cp(path.join(template, "images/P1/pre"), at("P1/pre"), { recursive: true });
    const file = at("P1/pre/dce_001.nii.gz");
    await writeFile(file, (await readFile(file)).subarray(0, 900));
    await refused(["kinetics", at("P1/pre"), at("out")], "dce_001.nii.gz", /[Ee]xpected/);
    expect(existsSync(at("out"))).toBe(false);
  });

  it("as NIfTI mask are left out by evaluate with an issue; the other cases go on", async () => {
    for (const name of ["a", "b"]) {
      await writeNifti(at(`predicted/${name}.nii.gz`), tumour());
      await writeNifti(at(`reference/${name}.nii.gz`), tumour());
    }
    await writeFile(at("predicted/a.nii.gz"), (await readFile(at("predicted/a.nii.gz"))).subarray(0, 60));
    const { code, out } = await residua("evaluate", at("predicted"), at("reference"), "--json");
    expect(code).toBe(0);
    const { cases, issues } = JSON.parse(out) as {
      cases: { case: string }[];
      issues: { subject: string; message: string }[];
    };
    expect(cases.map((entry) => entry.case)).toEqual(["b"]);
    expect(issues).toMatchObject([
      { subject: "a", severity: "error", message: expect.stringContaining("left out") },
    ]);
  });
});

describe("masks on another grid", () => {
  it("are refused by evaluate, with both grids", async () => {
    await writeNifti(at("a.nii.gz"), tumour(elsewhere));
    await writeNifti(at("b.nii.gz"), tumour());
    await refused(
      ["evaluate", at("a.nii.gz"), at("b.nii.gz"), "--json"],
      /12x16x16.*\(7\.0, 0\.0, 0\.0\)/,
      "resample",
    );
  });

  it("are refused as kinetics' region", async () => {
    await writeNifti(at("region.nii.gz"), tumour(elsewhere));
    const args = [
      "kinetics",
      path.join(template, "images/P1/pre"),
      at("out"),
      "--region",
      at("region.nii.gz"),
    ];
    await refused(args, "grid-mismatch", "region.nii.gz");
    expect(existsSync(at("out"))).toBe(false);
  });

  it("do not train, and where no other is left there is nothing to plan from", async () => {
    await cp(template, folder, { recursive: true });
    for (let i = 1; i <= 8; i++) {
      for (const visit of ["pre", "post"])
        await writeNifti(at(`segmentations/P${i}/${visit}.nii.gz`), tumour(elsewhere));
    }
    await refused(["plan", folder, "--json"], "none of 16", "grid");
  });
});

describe("a table", () => {
  it("without a column that the study names is refused, with the nearest column", async () => {
    const args = await tableStudy(TABLE, "{ rcb: rcb_score }", "patient_id,set,size,rcb_scor");
    await refused(args, "column-unknown", "rcb_score", 'Did you mean "rcb_scor"');
    expect(existsSync(at("results"))).toBe(false);
  });

  it("with duplicate patients, missing outcomes and impossible scores goes on with the others", async () => {
    const outcome = await runs(
      await tableStudy([...TABLE, "P1,train,30,2", "P9,train,11,", "P10,train,12,-1"]),
    );
    expect(found(outcome, "patients-duplicate", "P1")).toMatch(/2 rows.*one is expected.*Keep the right row/);
    expect(found(outcome, "outcome-missing", "P9")).toMatch(/Fill in/);
    expect(found(outcome, "rcb-range", "P10")).toMatch(/-1.*Expected.*counts as missing/);
    const rows = (await readFile(at("results/predictions.csv"), "utf8")).trim().split("\n").slice(1);
    expect(rows.map((row) => row.split(",")[0])).toEqual(
      [..."2345678"].map((n) => `P${n}`).concat("P9", "P10"),
    );
  });

  it("with impossible components goes on with the others", async () => {
    const rows = [..."12345678"].map(
      (n) =>
        `P${n},${Number(n) < 7 ? "train" : "test"},1${n},20,${10 + Number(n)},20,10,${n === "2" ? 0 : 1},${n === "3" ? 500 : 5}`,
    );
    const head = "patient_id,set,size,d1,d2,cellularity,cis,nodes,met";
    const components =
      "{ components: { d1: d1, d2: d2, cellularity: cellularity, cis: cis, nodes: nodes, met: met } }";
    const outcome = await runs(await tableStudy(rows, components, head));
    expect(found(outcome, "rcb-contradiction", "P2")).toMatch(
      /0 positive nodes.*both zero or both above zero.*Ask/,
    );
    expect(found(outcome, "rcb-range", "P3")).toMatch(/500.*from 0 to 200 mm/);
    expect(outcome.comparisons.find(({ set }) => set === "train")?.comparison.n).toBe(4);
  });

  it("in which no outcome is known is refused", async () => {
    const args = await tableStudy(TABLE.map((row) => row.replace(/[^,]*$/, "")));
    await refused(args, "outcome-missing", "Check the outcome columns");
  });

  it("with a single class of outcome gives a report without AUCs, for a stated reason", async () => {
    const outcome = await runs(await tableStudy(TABLE.map((row) => row.replace(/[^,]*$/, "2.0"))));
    const metrics = JSON.parse(await readFile(at("results/metrics.json"), "utf8"));
    expect(Object.keys(metrics.endpoints)).toEqual([]);
    expect(Object.keys(metrics.outOfFold.endpoints)).toEqual(["spearman"]);
    const [issue] = outcome.comparisons[0].comparison.issues;
    expect(issue).toMatchObject({ code: "outcome-single-class", severity: "error" });
    expect(issue.message).toMatch(/0 of 2 cases are positive.*needs cases of both classes/);
    expect(await readFile(at("results/report.html"), "utf8")).toContain("outcome-single-class");
  });

  it("that does not suffice for one model goes on with the others", async () => {
    const args = await tableStudy(
      TABLE.map((row, i) => `${row},${i < 2 ? i : ""}`),
      "{ rcb: rcb_score }",
      `${HEAD},rare`,
    );
    const study = await readFile(at("study.yaml"), "utf8");
    const second = "{ name: rare, columns: [rare], estimator: forest }";
    await writeFile(at("study.yaml"), study.replace("columns: [size] }]", `columns: [size] }, ${second}]`));
    expect(found(await runs(args), "forest-rows", "rare")).toMatch(/at least 3.*predicts nobody/);
    const metrics = JSON.parse(await readFile(at("results/metrics.json"), "utf8"));
    const { models, pairs } = metrics.outOfFold.endpoints["rcb-auc"];
    expect([models.volume.auc, models.rare.auc]).toEqual([expect.any(Number), null]);
    expect(pairs).toMatchObject([{ a: "volume", b: "rare", difference: null, p: null }]);
  });

  it("that fails after a former run leaves that run's report with its own manifest", async () => {
    const args = await tableStudy(TABLE);
    await runs(args);
    const before = await readFile(at("results/manifest.json"), "utf8");
    await refused(await tableStudy(TABLE.map((row) => row.replace(/[^,]*$/, ""))), "outcome-missing");
    expect(await readFile(at("results/manifest.json"), "utf8")).toBe(before);
  });
});

describe("images of a study", () => {
  it("with NaN voxels, a mask elsewhere, a cut-off phase and a missing visit leave out no more than they must", async () => {
    await cp(template, folder, { recursive: true });
    await writeFile(at("clinical.csv"), `${[HEAD, ...TABLE].join("\n")}\n`);
    const study = smallStudy({ steps: 2, models: "[{ name: volume, columns: [size] }, { deep: nnunet }]" });
    await writeFile(at("study.yaml"), study.replace(/^subtype:.*\n/m, ""));
    const { data } = await readVolume(inCohort(folder, "P1", "pre", "dce_001.nii.gz"));
    await writeNifti(inCohort(folder, "P1", "pre", "dce_001.nii.gz"), {
      grid,
      data: Float32Array.from(data, (value, i) => (i % 1000 === 0 ? Number.NaN : value)),
    });
    await writeNifti(at("segmentations/P2/pre.nii.gz"), tumour(elsewhere));
    await rm(at("images/P7/post"), { recursive: true });
    const cut = inCohort(folder, "P8", "pre", "dce_000.nii.gz");
    await writeFile(cut, (await readFile(cut)).subarray(0, 700));

    const outcome = await runs(["run", at("study.yaml"), "--out", at("results"), "--json"]);
    expect(found(outcome, "phase-non-finite", "P1/pre")).toMatch(/4 voxels.*expected.*Check/);
    expect(found(outcome, "grid-mismatch", "P2/pre")).toMatch(/Expected the grid of its image/);
    expect(found(outcome, "visit-missing", "P7")).toMatch(/no readable post/i);
    expect(
      outcome.issues.filter(({ subject }) => subject === "P8/pre").map(({ severity }) => severity),
    ).toContain("error");
    const segmented = await readdir(at("results/segmentations/nnunet"), { recursive: true });
    expect(segmented.filter((name) => name.endsWith(".nii.gz"))).toHaveLength(14);
    expect(segmented).toEqual(
      expect.arrayContaining(["P1/pre.nii.gz", "P2/pre.nii.gz", "P7/pre.nii.gz", "P8/post.nii.gz"]),
    );
    const rows = (await readFile(at("results/predictions.csv"), "utf8")).trim().split("\n").slice(1);
    expect(rows.filter((row) => row.endsWith(",")).map((row) => row.split(",")[0])).toEqual(["P7", "P8"]);

    await mkdir(at("images/P3/extra"));
    const model = at("results/models/nnunet");
    const { code, out } = await residua("segment", model, folder, "--out", at("masks"), "--json");
    expect(code).toBe(0);
    const { cases, issues } = JSON.parse(out) as { cases: unknown[]; issues: Run["issues"] };
    expect(cases).toHaveLength(14);
    expect(issues.filter(({ severity }) => severity === "error").map(({ subject }) => subject)).toEqual([
      "P3/extra",
      "P8/pre",
    ]);
  }, 120_000);

  it("that all lack a mask cannot train a network, which is said before anything is written", async () => {
    await cp(template, folder, { recursive: true });
    await rm(at("segmentations"), { recursive: true });
    await writeFile(at("clinical.csv"), `${[HEAD, ...TABLE].join("\n")}\n`);
    await writeFile(
      at("study.yaml"),
      smallStudy({ steps: 2, models: "[volume]" }).replace(/^subtype:.*\n/m, ""),
    );
    await refused(["run", at("study.yaml"), "--out", at("results")], "no case", "segmentation");
    expect(existsSync(at("results/report.html"))).toBe(false);
  });
});

describe("a training that cannot be", () => {
  it("for want of memory is refused before it begins, with what fits", async () => {
    const args = ["train", template, "--network", "nnunet", "--patch", "512,512,512", "--out", at("model")];
    const { code, out, err } = await residua(...args);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(/memory-insufficient.*512x512x512 and a batch of \d+ takes \d+\.\d GiB/);
    expect(err).toMatch(/--patch [\d,]+ --batch \d+.*--force/);
    expect(existsSync(at("model"))).toBe(false);
  });

  it("for want of patients says how many folds there may be", async () => {
    const args = ["train", template, "--network", "nnunet", "--fold", "all", "--folds", "12"];
    await refused(
      [...args, "--out", at("model")],
      /folds-too-many.*12 folds of 8 patients.*--folds 8 or fewer/,
    );
  });
});
