/** What other programs may rely on: exit codes, the one JSON document on standard output, its keys. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDceSeries } from "../../src/domain/dce.ts";
import { createGrid } from "../../src/domain/grid.ts";
import { writeExamination } from "../../src/io/layouts/native.ts";
import { writeNifti } from "../../src/io/nifti/write.ts";
import { residua } from "./command-line.ts";

const COMMANDS = [
  ...[
    "demo",
    "run",
    "phantom",
    "ingest",
    "kinetics",
    "plan",
    "train",
    "segment",
    "evaluate",
    "features",
    "rcb",
  ],
  ...["compare", "predict", "export", "bench", "doctor"],
];
/** Options without which a command does not look at the others. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  train: ["--network", "nnunet", "--out", "m"],
  segment: ["--out", "m"],
  features: ["--out", "f.csv"],
  compare: ["--outcome", "o"],
  export: ["--out", "m.onnx"],
};
const COMPONENTS = [
  "--d1",
  "20",
  "--d2",
  "15",
  "--cellularity",
  "20",
  "--cis",
  "10",
  "--nodes",
  "1",
  "--met",
  "5",
];

const grid = createGrid({
  shape: [6, 8, 8],
  spacingMm: [2, 1, 1],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [0, 0, 0],
});
const box = (voxels: number) => ({
  grid,
  data: Uint8Array.from({ length: 384 }, (_, i) => (i >= 64 && i < 64 + voxels ? 1 : 0)),
});

let folder: string;
const at = (name: string) => path.join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "residua-commands-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs with `--json` and reads standard output, which must hold one document and nothing else. */
async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await residua(...args, "--json");
  expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
  return JSON.parse(out);
}

describe("every command", () => {
  it("is listed by --help, which exits with 0", async () => {
    const { code, out } = await residua("--help");
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(out).toMatch(new RegExp(`^  ${command}\\b`, "m"));
  });

  it.each(COMMANDS)("has its help with examples: %s", async (command) => {
    const { code, out } = await residua(command, "--help");
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`Examples:\\n  residua ${command}`));
  });

  it.each(COMMANDS)("refuses an unknown flag with exit code 2: %s", async (command) => {
    const { code, out, err } = await residua(command, "--no-such-flag", ...(REQUIRED[command] ?? []));
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain("--no-such-flag");
  });
});

describe("wrong usage", () => {
  it.each([
    [["kinetcs"], "kinetics"],
    [["rcb", "--nods", "1"], "--nodes"],
    [["compare", "t.csv", "--outcome", "x", "--refrence", "x"], "--reference"],
    [["run", "s.yaml", "--sed", "1"], "--seed"],
  ])("exits with 2 and suggests what was meant: %j", async (args, meant) => {
    const { code, out, err } = await residua(...args);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(`Did you mean ${meant}?`);
  });

  it.each([
    [["rcb", "--d1", "wide"], '"wide" is not a number'],
    [["phantom", "x", "--train", "0"], "whole number from 1"],
    [["phantom", "x", "--size", "huge"], "small, full"],
    [["run", "s.yaml", "--seed", "1.5"], "whole number from 0"],
    [["train", "d", "--network", "unet", "--out", "m"], "nnunet"],
    [["segment", "m", "i", "--out", "o", "--step", "1.5"], "at most 1"],
    [["bench", "--patch", "40"], "multiple of 16"],
    [["compare", "t.csv"], "--outcome"],
    [["compare", "t.csv", "--outcome", "x", "--models", "a,,b"], "empty name"],
    [["compare", "t.csv", "--outcome", "x", "--kind", "ordinal"], "binary, rcb, continuous"],
    [["rcb", "--d1", "1"], "--d2, --cellularity"],
    [["rcb", "t.csv", "--d1", "1"], "either a table or the six components"],
    [["predict", "r", "a", "b", "--value", "grade"], "column=value"],
    [["evaluate", "one"], "reference"],
    [["rcb", ...COMPONENTS, "extra.csv", "extra2.csv"], "too many arguments"],
  ])("exits with 2 and says what was expected: %j", async (args, words) => {
    const { code, out, err } = await residua(...args);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(words);
  });
});

describe("residua rcb", () => {
  it("gives score and class as JSON and as text", async () => {
    const expected = 1.4 * (0.18 * Math.sqrt(300)) ** 0.17 + 5 ** 0.17;
    const found = await json("rcb", ...COMPONENTS);
    expect(Object.keys(found)).toEqual(["score", "class"]);
    expect(found.score).toBeCloseTo(expected, 5);
    expect(found.class).toBe("II");
    expect((await residua("rcb", ...COMPONENTS)).out).toBe(`RCB ${expected.toFixed(3)}, class II\n`);
  });

  it("refuses contradictory components with exit code 3, nothing on standard output", async () => {
    const { code, out, err } = await residua("rcb", ...COMPONENTS.slice(0, -1), "0", "--json");
    expect([code, out]).toEqual([3, ""]);
    expect(err).toMatch(/rcb-contradiction.*1 positive nodes.*both zero or both above zero/);
  });

  it("scores a table row by row and tells which rows it cannot", async () => {
    await writeFile(
      at("p.csv"),
      "d1,d2,cellularity,cis,nodes,met\n0,0,0,0,0,0\n20,15,20,10,1,5\n20,15,20,10,1,0\n",
    );
    const { rows, issues } = (await json("rcb", at("p.csv"))) as {
      rows: { class: string | null }[];
      issues: { code: string; subject: string }[];
    };
    expect(rows.map((row) => row.class)).toEqual(["0", "II", null]);
    expect(issues).toMatchObject([{ code: "rcb-contradiction", subject: "row 3" }]);
  });
});

describe("residua evaluate", () => {
  it("gives the agreed keys per case and as mean", async () => {
    await writeNifti(at("predicted/a.nii.gz"), box(32));
    await writeNifti(at("predicted/b.nii.gz"), box(64));
    await writeNifti(at("reference/a.nii.gz"), box(64));
    await writeNifti(at("reference/b.nii.gz"), box(64));
    const found = (await json("evaluate", at("predicted"), at("reference"))) as {
      cases: { case: string; labels: Record<string, Record<string, number>> }[];
      mean: Record<string, Record<string, number>>;
    };
    expect(found.cases.map((entry) => entry.case)).toEqual(["a", "b"]);
    expect(Object.keys(found.cases[0].labels["1"])).toEqual(["dice", "hd95Mm", "nsd", "volumeErrorMl"]);
    expect(found.cases[0].labels["1"].dice).toBeCloseTo(64 / 96, 12);
    expect(found.cases[0].labels["1"].volumeErrorMl).toBeCloseTo(-0.064, 12);
    expect(found.mean["1"].dice).toBeCloseTo((64 / 96 + 1) / 2, 12);
  });
});

describe("residua compare", () => {
  const table = "id,outcome,a,b\n1,0,1,4\n2,0,2,3\n3,0,4,1\n4,1,3,2\n5,1,5,6\n6,1,6,5\n7,1,,7\n";
  beforeAll(() => writeFile(at("scores.csv"), table));

  it("gives the agreed keys of a binary outcome, without guessing a direction", async () => {
    const args = ["compare", at("scores.csv"), "--outcome", "outcome", "--models", "a,b", "--reference", "a"];
    const found = (await json(...args)) as {
      n: number;
      endpoints: Record<
        string,
        { models: Record<string, Record<string, unknown>>; pairs: Record<string, unknown>[] }
      >;
      issues: unknown[];
    };
    expect(found.n).toBe(7);
    expect(Object.keys(found.endpoints)).toEqual(["binary"]);
    const { models, pairs } = found.endpoints.binary;
    expect(models.a.auc).toBeCloseTo(8 / 9, 12);
    expect(models.a.ci).toHaveLength(2);
    expect(pairs[0]).toMatchObject({ a: "a", b: "b", method: expect.any(String) });
    for (const key of ["difference", "ci", "z", "p", "pHolm"]) expect(pairs[0]).toHaveProperty(key);
    expect(Array.isArray(found.issues)).toBe(true);
    const turned = await json(...args, "--positive", "0");
    expect((turned.endpoints as typeof found.endpoints).binary.models.a.auc).toBeCloseTo(1 / 9, 12);
  });

  it("gives Spearman's rho of a continuous outcome, and the three endpoints of an RCB score", async () => {
    const spearman = await json(
      "compare",
      at("scores.csv"),
      "--outcome",
      "b",
      "--models",
      "a",
      "--kind",
      "continuous",
    );
    expect(Object.keys(spearman.endpoints as object)).toEqual(["spearman"]);
    await writeFile(at("rcb.csv"), "s,m\n0,1\n0,2\n1.2,2.5\n2.5,3\n3.1,2\n4,5\n");
    const rcb = await json("compare", at("rcb.csv"), "--outcome", "s", "--kind", "rcb");
    expect(Object.keys(rcb.endpoints as object).sort()).toEqual(["pcr", "rcb-auc", "spearman"]);
    expect(rcb.endpoints).toMatchObject({
      pcr: { positive: 2 },
      spearman: { models: { m: { rho: expect.any(Number) } } },
    });
  });

  it.each([
    [["--outcome", "outcom"], 3, 'Did you mean "outcome"'],
    [["--outcome", "outcome", "--models", "a,c"], 3, '"c"'],
    [["--outcome", "outcome", "--positive", "yes"], 2, "yes"],
    [["--outcome", "outcome", "--reference", "c"], 2, "c"],
  ])("refuses names and values that the table has not: %j", async (args, expectedCode, words) => {
    const { code, out, err } = await residua("compare", at("scores.csv"), ...args, "--json");
    expect([code, out]).toEqual([expectedCode, ""]);
    expect(err).toContain(words);
  });
});

describe("residua plan", () => {
  it("plans from a fingerprint, with the agreed keys", async () => {
    const fingerprint = {
      spacings: Array.from({ length: 10 }, () => [2, 1, 1]),
      shapes_after_crop: Array.from({ length: 10 }, () => [60, 160, 160]),
      foreground_intensity_properties_per_channel: {
        0: { max: 9, mean: 3, median: 3, min: 0, percentile_00_5: 0, percentile_99_5: 8, std: 1 },
      },
      median_relative_size_after_cropping: 0.9,
    };
    await writeFile(at("fingerprint.json"), JSON.stringify(fingerprint));
    const found = await json("plan", "--fingerprint", at("fingerprint.json"));
    const stages = (found.features as number[]).length;
    expect(found).toMatchObject({
      spacingMm: [2, 1, 1],
      batchSize: expect.any(Number),
      patchSize: [64, 160, 160],
    });
    for (const key of ["strides", "kernels", "blocksPerStage"]) expect(found[key]).toHaveLength(stages);
    expect(found.normalisation).toEqual(["z-score"]);
  });

  it("says what is wrong with a file that is no fingerprint", async () => {
    await writeFile(at("broken.json"), "{");
    const { code, out, err } = await residua("plan", "--fingerprint", at("broken.json"), "--json");
    expect([code, out]).toEqual([3, ""]);
    expect(err).toContain("fingerprint-invalid");
  });
});

describe("residua kinetics", () => {
  it("writes maps on the grid of the source and the agreed keys", async () => {
    const phase = (value: number) => ({ grid, data: new Float32Array(384).fill(value) });
    await writeExamination(
      folder,
      "P",
      "pre",
      createDceSeries([phase(100), phase(250), phase(200)], [0, 120, 400]),
    );
    const found = await json("kinetics", at("images/P/pre"), at("kinetics"));
    expect(found).toMatchObject({
      timesSeconds: [0, 120, 400],
      ftvMl: expect.any(Number),
      issues: expect.any(Array),
    });
    expect(JSON.parse(await readFile(at("kinetics/kinetics.json"), "utf8"))).toEqual(found);
    const { readVolume } = await import("../../src/io/images.ts");
    const pe = await readVolume(at("kinetics/pe.nii.gz"));
    const ser = await readVolume(at("kinetics/ser.nii.gz"));
    expect([pe.data[0], ser.data[0]]).toEqual([150, 1.5]);
    expect(pe.grid.spacingMm).toEqual(grid.spacingMm);
    expect((await readVolume(at("kinetics/ftv.nii.gz"))).grid.shape).toEqual(grid.shape);
  });
});

describe("residua bench and doctor", () => {
  it("measure this machine with the agreed keys", async () => {
    const bench = ["bench", "--patch", "32", "--batch", "1", "--runs", "1"] as const;
    const found = await json(...bench, "--engine", "onnx");
    expect(found).toMatchObject({ engine: "onnx", precision: "fp32", patch: [32, 32, 32], batch: 1 });
    for (const key of ["trainStepSeconds", "inferenceSeconds", "peakMemoryMiB"])
      expect(found[key]).toBeGreaterThan(0);
    const { engines } = await json("doctor");
    const [native, onnx] = engines as { name: string; available: boolean; problem: string | null }[];
    expect(onnx).toMatchObject({ name: "onnx", available: true, problem: null });
    expect(native.name).toBe("native");
    if (native.available) {
      const faster = await json(...bench, "--precision", "fp32");
      expect(faster).toMatchObject({ engine: "native", precision: "fp32" });
      expect(faster.convolutionShare).toBeGreaterThan(0);
    } else expect(native.problem).toContain("scripts/build-native.sh");
  });
});

describe("the residua process", () => {
  it("exits with the code of the failure and writes the reason to standard error alone", async () => {
    const main = path.join(import.meta.dirname, "../../src/cli/main.ts");
    const ended = await promisify(execFile)(process.execPath, [main, "run", at("none.yaml"), "--json"]).catch(
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
    expect(ended).toMatchObject({ code: 3, stdout: "", stderr: expect.stringContaining("file-missing") });
  });
});
