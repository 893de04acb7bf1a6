/** Deep features of a study and of `residua features`: columns, change, code shares, stability, maps, and who saw whom. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readVolume } from "../../src/io/images.ts";
import { residua } from "./command-line.ts";
import { cutToTumours, inCohort } from "./small-cohort.ts";

const STUDY = `name: Features
cohort: { split: { column: set, train: train, test: test } }
outcome: { rcb: rcb_score }
images: { registration: none }
networks: [attention-unet, vq]
training: { steps: 2, folds: 2, checkpointEvery: 1, vq: { codes: 12, dimensions: 6 } }
inference: { step: 1 }
features: { stability: { shifts: [1], mirrorAxes: [2] } }
forest: { trees: 5, minLeaf: 2 }
models:
  - deep: vq
  - { deep: vq, minIcc: -1 }
comparison: { resamples: 100 }
`;

type Row = Readonly<Record<string, string>>;

let root: string;
let cohort: string;
let results: string;
const at = (name: string) => path.join(root, name);

async function readRows(file: string): Promise<Row[]> {
  const [head, ...lines] = (await readFile(file, "utf8")).trim().split("\n");
  const columns = head.split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((cell, i) => [columns[i], cell])));
}

const features = (row: Row) => Object.keys(row).filter((column) => column.split(".").length === 3);

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), "residua-features-"));
  cohort = at("cohort");
  results = at("results");
  expect((await residua("phantom", cohort, "--train", "6", "--test", "2", "--seed", "9")).code).toBe(0);
  await cutToTumours(cohort);
  await writeFile(path.join(cohort, "study.yaml"), STUDY);
  const ran = await residua("run", path.join(cohort, "study.yaml"), "--out", results);
  expect([ran.code, ran.code === 0 ? "" : ran.err]).toEqual([0, ""]);
}, 600_000);
afterAll(() => rm(root, { recursive: true, force: true }));

describe("deep features of a study", () => {
  it("are the named statistics of three regions, at both visits and as their change", async () => {
    const rows = await readRows(path.join(results, "features/vq.csv"));
    const columns = features(rows[0]);
    expect(columns).toHaveLength(3 * (3 * 6 + 12));
    expect(columns).toEqual(
      expect.arrayContaining([
        "breast.mean.c000",
        "rim.deviation.c005",
        "tumour.maximum.c001",
        "rim.code.k011",
      ]),
    );
    const of = (id: string, visit: string) =>
      rows.find((row) => row.patient_id === id && row.visit === visit) as Row;
    const [pre, post, change] = ["pre", "post", "change"].map((visit) => of("train-0002", visit));
    for (const column of [...columns, "volume_ml"]) {
      expect(Number(change[column])).toBeCloseTo(Number(post[column]) - Number(pre[column]), 9);
    }
    for (const region of ["tumour", "rim", "breast"]) {
      const shares = columns.filter((column) => column.startsWith(`${region}.code.`));
      expect(shares.reduce((sum, column) => sum + Number(pre[column]), 0)).toBeCloseTo(1, 5);
    }
  });

  it("of a training patient come from the network that has not seen the patient", async () => {
    const rows = await readRows(path.join(results, "features/attention-unet.csv"));
    const row = rows.find(({ patient_id, visit }) => patient_id === "train-0003" && visit === "post") as Row;
    const other = String(1 - Number(row.fold));
    const found: Row[][] = [];
    for (const fold of [row.fold, other]) {
      const model = path.join(results, `models/attention-unet/fold-${fold}`);
      const image = path.join(cohort, "images/train-0003/post");
      const out = at(`fold-${fold}.csv`);
      expect((await residua("features", model, image, "--out", out, "--step", "1")).code).toBe(0);
      found.push(await readRows(out));
    }
    const columns = features(row);
    expect(columns.map((column) => found[0][0][column])).toEqual(columns.map((column) => row[column]));
    expect(columns.map((column) => found[1][0][column])).not.toEqual(columns.map((column) => row[column]));
    const { training } = JSON.parse(
      await readFile(path.join(results, `models/attention-unet/fold-${row.fold}/model.json`), "utf8"),
    ) as { training: { fold: number } };
    expect(String(training.fold)).toBe(row.fold);
  });

  it("have their stability in a table, and a model that looks at the stable ones", async () => {
    const rows = await readRows(path.join(results, "features/stability.csv"));
    const networks = new Set(rows.map(({ network }) => network));
    expect(networks).toEqual(new Set(["attention-unet", "vq"]));
    expect(rows.filter(({ network }) => network === "vq")).toHaveLength(3 * 3 * (3 * 6 + 12));
    const known = rows.filter(({ icc }) => icc !== "");
    expect(known.length).toBeGreaterThan(100);
    for (const { icc, n } of known) {
      expect(Number(icc)).toBeLessThanOrEqual(1);
      expect(n).toBe("6");
    }
    const [head] = (await readFile(path.join(results, "predictions.csv"), "utf8")).split("\n");
    expect(head).toContain('deep(vq),"deep(vq, ICC -1)"');
    const { fitted } = JSON.parse(
      await readFile(path.join(results, "models/outcome-models.json"), "utf8"),
    ) as { fitted: Record<string, { encoding: { columns: { column: string }[] } }> };
    const looksAt = (name: string) => fitted[name].encoding.columns.map(({ column }) => column);
    const varying = rows.filter(({ network, icc }) => network === "vq" && Number(icc) >= -1 && icc !== "");
    expect(looksAt("deep(vq, ICC -1)")).toEqual(varying.map(({ column }) => column));
    expect(looksAt("deep(vq)").length).toBe(3 * 3 * (3 * 6 + 12));
  });

  it("are told in the report, with the codes and the attention", async () => {
    const html = await readFile(path.join(results, "report.html"), "utf8");
    expect(html).toContain("Deep features");
    expect(html).toContain("Use of the codebook");
    expect(html).toContain("stable under a shift by 1 voxel and mirroring along one axis");
    expect(html).toMatch(/attention of the gate at level \d on the same slice/);
    const codes = await readVolume(path.join(results, "maps/vq/train-0001/pre.codes.nii.gz"));
    expect(Math.min(...codes.data)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...codes.data)).toBeLessThanOrEqual(12);
  });
});

describe("residua features", () => {
  it("goes on after an examination that cannot be read, and writes maps on the images' grids", async () => {
    const broken = inCohort(cohort, "test-0001", "post", "dce_001.nii.gz");
    await writeFile(broken, (await readFile(broken)).subarray(0, 500));
    const model = path.join(results, "models/vq");
    const args = ["--out", at("vq.csv"), "--maps", at("maps"), "--step", "1", "--json"];
    const { code, out } = await residua("features", model, cohort, ...args);
    expect(code).toBe(0);
    const found = JSON.parse(out) as { rows: number; issues: { subject: string; severity: string }[] };
    const rows = await readRows(at("vq.csv"));
    // Seven patients with two visits and a change, one with a visit only; each seen by both networks.
    expect([found.rows, rows.length]).toEqual([44, 44]);
    expect(found.issues).toContainEqual(
      expect.objectContaining({ subject: "test-0001/post", severity: "error" }),
    );
    const study = await readRows(path.join(results, "features/vq.csv"));
    const same = (row: Row) => row.patient_id === "test-0002" && row.visit === "change" && row.fold === "1";
    const [mine, theirs] = [rows.find(same) as Row, study.find(same) as Row];
    expect(features(mine).map((column) => mine[column])).toEqual(
      features(mine).map((column) => theirs[column]),
    );
    const image = await readVolume(inCohort(cohort, "test-0002", "pre", "dce_000.nii.gz"));
    const map = await readVolume(at("maps/test-0002/pre.codes-fold-1.nii.gz"));
    expect(map.grid).toEqual(image.grid);
  }, 120_000);

  it("refuses maps of a network that has none, and names it does not know", async () => {
    const { code, err } = await residua(
      ...["features", "none", "none", "--out", at("x.csv"), "--regions", "tumour,breats"],
    );
    expect([code, err]).toEqual([2, expect.stringContaining("tumour, rim, breast")]);
  });
});
