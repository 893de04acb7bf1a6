/** The main job on a small simulated cohort with damaged members: layout, caching, reproduction, prediction. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readVolume } from "../../src/io/images.ts";
import { writeNifti } from "../../src/io/nifti/write.ts";
import { type Finished, residua } from "./command-line.ts";
import { cutToTumours, editCsv, inCohort, smallStudy } from "./small-cohort.ts";

interface Stage {
  readonly stage: string;
  readonly finishedAt: string;
}
interface Manifest {
  readonly configuration: { readonly training: { readonly preset: string }; readonly seed: number };
  readonly defaulted: readonly string[];
  readonly stages: readonly Stage[];
  readonly testReadings: readonly unknown[];
  readonly issues: readonly { readonly code: string; readonly subject?: string; readonly message: string }[];
}

let root: string;
let cohort: string;
let results: string;
let first: Finished;

const read = (file: string, folder = results) => readFile(path.join(folder, file), "utf8");
const readJson = async <T>(file: string, folder = results) => JSON.parse(await read(file, folder)) as T;
const filesOf = async (folder: string) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();

async function damage(): Promise<void> {
  await rm(path.join(cohort, "images/train-0003/post"), { recursive: true });
  const truncated = inCohort(cohort, "train-0005", "post", "dce_001.nii.gz");
  await writeFile(truncated, (await readFile(truncated)).subarray(0, 4000));
  const spoilt = inCohort(cohort, "test-0001", "pre", "dce_001.nii.gz");
  const { grid, data } = await readVolume(spoilt);
  await writeNifti(spoilt, {
    grid,
    data: Float32Array.from(data, (value, i) => (i < 50 ? Number.NaN : value)),
  });
  // The mask of another patient: another box of the same size.
  await cp(
    path.join(cohort, "segmentations/train-0001/pre.nii.gz"),
    path.join(cohort, "segmentations/train-0006/pre.nii.gz"),
  );
  await editCsv(path.join(cohort, "clinical.csv"), (rows) => {
    const of = (id: string) => rows.find((row) => row.patient_id === id)!;
    of("test-0003").rcb_score = "";
    of("test-0002").rcb_score = "-4";
    return [...rows, { ...of("train-0009"), grade: "1" }];
  });
}

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), "residua-study-"));
  cohort = path.join(root, "cohort");
  results = path.join(root, "results");
  const simulated = await residua("phantom", cohort, "--train", "11", "--test", "5", "--seed", "4");
  expect(simulated.code).toBe(0);
  await cutToTumours(cohort);
  await damage();
  await writeFile(path.join(cohort, "study.yaml"), smallStudy({ steps: 3 }));
  first = await residua("run", path.join(cohort, "study.yaml"), "--out", results);
}, 900_000);
afterAll(() => rm(root, { recursive: true, force: true }));

describe("a study on a simulated cohort with damaged members", () => {
  it("runs to its end and says where the report is", () => {
    expect([first.code, first.code === 0 ? "" : first.err]).toEqual([0, ""]);
    expect(first.out).toContain(path.join(results, "report.html"));
    expect(first.out).toContain("External test set");
  });

  it("leaves the results in their places, and nothing half-written", async () => {
    const files = await filesOf(results);
    expect(files).toEqual(
      expect.arrayContaining([
        "features/nnunet.csv",
        "manifest.json",
        "metrics.json",
        "models/nnunet/fold-0/model.json",
        "models/nnunet/fold-1/weights.safetensors",
        "models/outcome-models.json",
        "predictions.csv",
        "report.html",
        "segmentations/nnunet/test-0001/post.nii.gz",
      ]),
    );
    expect(files.filter((file) => /^figures\/.*\.svg$/.test(file)).length).toBeGreaterThan(2);
    expect(files.filter((file) => /partial|checkpoint/.test(file))).toEqual([]);
  });

  it("tells each damage by its code and patient, in the manifest and in the report", async () => {
    const { issues } = await readJson<Manifest>("manifest.json");
    const html = await read("report.html");
    const expected: [code: string, subject: string, words: RegExp][] = [
      ["visit-missing", "train-0003", /post/],
      ["patients-duplicate", "train-0009", /2 rows.*one is expected.*Keep the right row/],
      ["outcome-missing", "test-0003", /Fill in/],
      ["rcb-range", "test-0002", /-4.*Expected/],
      ["phase-non-finite", "test-0001/pre", /50 voxels.*NaN.*expected.*Check/],
      ["grid-mismatch", "train-0006/pre", /Expected the grid of its image.*Export/],
    ];
    for (const [code, subject, words] of expected) {
      const found = issues.find((issue) => issue.code === code && issue.subject === subject);
      expect([code, subject, found?.message]).toEqual([code, subject, expect.stringMatching(words)]);
      expect(html).toContain(code);
    }
    const truncated = issues.filter(({ subject }) => subject === "train-0005/post");
    expect(truncated.length).toBeGreaterThan(0);
    expect(truncated[0].message).toMatch(/dce_001\.nii\.gz.*(left out)/s);
  });

  it("predicts a patient from DICOM images, with segmentations and reports as DICOM objects", async () => {
    const visit = path.join(
      import.meta.dirname,
      "../golden/io/planted/PLANTFAMILY_PLANTGIVEN/1995-03-02 PLANTFAMILY",
    );
    const objects = path.join(root, "objects");
    const values = ["grade=3", "nodal_status=1", "subtype=TN", "radiological_response=1"];
    const clinical = values.flatMap((value) => ["--value", value]);
    const args = [results, visit, visit, ...clinical, "--out", objects, "--dicom-sr", "--json"];
    const { code, out } = await residua("predict", ...args);
    expect(code).toBe(0);
    const { dicomFiles, models } = JSON.parse(out);
    expect(dicomFiles).toEqual(
      ["pre.seg", "pre.sr", "post.seg", "post.sr"].map((name) => path.join(objects, `${name}.dcm`)),
    );
    const [before, after] = [
      await readFile(dicomFiles[1], "latin1"),
      await readFile(dicomFiles[3], "latin1"),
    ];
    for (const [model, value] of Object.entries(models)) {
      if (value === null) continue;
      expect(after).toContain(model);
      expect(after).toContain(String(value));
    }
    expect(after).toContain("Predicted residual cancer burden index");
    expect(before).not.toContain("Predicted");
  });

  it("predicts all other patients by every model, and the damaged ones as far as their data go", async () => {
    const [head, ...lines] = (await read("predictions.csv")).trim().split("\n");
    expect(head).toBe(
      "patient_id,set,rcb_score,rcb_class,pcr,volume,volume after,volume+subtype,deep(nnunet),clinical,combined",
    );
    const rows = new Map(lines.map((line) => [line.split(",")[0], line.split(",")]));
    expect(rows.has("train-0009")).toBe(false);
    expect(rows.size).toBe(15);
    for (const [id, cells] of rows) {
      const known = cells.slice(5).map((cell) => cell !== "");
      const postMissing = id === "train-0003" || id === "train-0005";
      expect([id, known]).toEqual([
        id,
        postMissing ? [false, false, false, false, true, false] : Array(6).fill(true),
      ]);
    }
    expect(rows.get("test-0002")?.slice(2, 5)).toEqual(["", "", ""]);
  });

  it("has its figures from its predictions: residua compare finds the same", async () => {
    const lines = (await read("predictions.csv")).trim().split("\n");
    interface Figures {
      readonly n: number;
      readonly endpoints: Record<
        string,
        { models: Record<string, { auc?: number; rho?: number; ci: unknown }> }
      >;
    }
    const metrics = await readJson<Figures & { outOfFold: Figures }>("metrics.json");
    for (const [set, stated] of [
      ["test", metrics],
      ["train", metrics.outOfFold],
    ] as const) {
      const file = path.join(root, `${set}.csv`);
      await writeFile(file, [lines[0], ...lines.filter((line) => line.split(",")[1] === set)].join("\n"));
      const compared = await residua(
        ...["compare", file, "--outcome", "rcb_score", "--kind", "rcb", "--reference", "volume"],
        ...["--resamples", "100", "--json"],
      );
      const found = JSON.parse(compared.out) as Figures;
      expect(found.n).toBe(stated.n);
      for (const endpoint of ["pcr", "rcb-auc", "spearman"]) {
        const figures = ({ endpoints }: Figures) =>
          Object.entries(endpoints[endpoint].models).map(([name, { auc, rho, ci }]) => [
            name,
            auc ?? rho,
            ci,
          ]);
        expect(figures(found)).toEqual(figures(stated));
      }
    }
  });

  it("writes its whole configuration, defaults marked, and one reading of the test set", async () => {
    const manifest = await readJson<Manifest>("manifest.json");
    expect(manifest.configuration.training.preset).toBe("compact");
    expect(manifest.defaulted).toContain("training.preset");
    expect(manifest.defaulted).not.toContain("training.steps");
    expect(manifest.testReadings).toHaveLength(1);
  });

  it("applies to a new patient: the test set's own examinations get its predictions", async () => {
    const visit = (name: string) => path.join(cohort, "images/test-0004", name);
    const row = (await read("predictions.csv"))
      .split("\n")
      .find((line) => line.startsWith("test-0004"))!
      .split(",");
    const found = await residua("predict", results, visit("pre"), visit("post"), "--json");
    expect(found.code).toBe(0);
    const { models } = JSON.parse(found.out) as { models: Record<string, number | null> };
    expect(models.volume).toBeCloseTo(Number(row[5]), 5);
    expect(models["deep(nnunet)"]).toBeCloseTo(Number(row[8]), 5);
    expect(models.clinical).toBeNull();
  });

  it("run again takes every stage as it is and leaves the same bytes", async () => {
    const before = await Promise.all([read("predictions.csv"), read("metrics.json")]);
    const { stages } = await readJson<Manifest>("manifest.json");
    const again = await residua("run", path.join(cohort, "study.yaml"), "--out", results);
    expect(again.code).toBe(0);
    const after = await readJson<Manifest>("manifest.json");
    expect(after.stages).toEqual(stages);
    expect(after.testReadings).toHaveLength(1);
    expect(await Promise.all([read("predictions.csv"), read("metrics.json")])).toEqual(before);
  }, 120_000);

  it("run in another folder gives the same weights and the same predictions, bit by bit", async () => {
    const other = path.join(root, "other");
    expect((await residua("run", path.join(cohort, "study.yaml"), "--out", other)).code).toBe(0);
    for (const file of [
      "predictions.csv",
      "models/nnunet/fold-0/weights.safetensors",
      "segmentations/nnunet/test-0004/pre.nii.gz",
    ]) {
      expect((await readFile(path.join(other, file))).equals(await readFile(path.join(results, file)))).toBe(
        true,
      );
    }
  }, 900_000);
});
