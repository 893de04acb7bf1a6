/** Ctrl-C while `residua train` runs, in a process of its own, with the engine that serves here. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createGrid } from "../../src/domain/grid.ts";
import { RandomStream, randomKey } from "../../src/domain/random.ts";
import { decodeCheckpoint } from "../../src/engine/checkpoint.ts";
import { writeNifti } from "../../src/io/nifti/write.ts";

const EDGE = 16;
const grid = createGrid({
  shape: [EDGE, EDGE, EDGE],
  spacingMm: [1, 1, 1],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [0, 0, 0],
});

let folder: string;
let child: ChildProcess;
let err: string;
let ended: Promise<number | NodeJS.Signals | null>;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "residua-interrupt-"));
  const data = path.join(folder, "data");
  await mkdir(data);
  const files = { name: "Cubes", channel_names: { 0: "MR" }, file_ending: ".nii.gz", numTraining: 4 };
  const labels = { background: 0, cube: 1 };
  await writeFile(path.join(data, "dataset.json"), JSON.stringify({ ...files, labels }));
  for (let i = 0; i < 4; i++) {
    const stream = new RandomStream(randomKey(i));
    const mask = Uint8Array.from({ length: EDGE ** 3 }, (_, j) =>
      [j / EDGE ** 2, (j / EDGE) % EDGE, j % EDGE].every((at) => at > 3 + i && at < 10 + i) ? 1 : 0,
    );
    const image = Float32Array.from(mask, (inside) => 100 + 80 * inside + stream.normal(0, 10));
    await writeNifti(path.join(data, `imagesTr/case_${i}_0000.nii.gz`), { grid, data: image });
    await writeNifti(path.join(data, `labelsTr/case_${i}.nii.gz`), { grid, data: mask });
  }
  start();
});
afterEach(async () => {
  child.kill("SIGKILL");
  await ended;
  await rm(folder, { recursive: true, force: true });
});

function start(): void {
  const main = path.join(import.meta.dirname, "../../src/cli/main.ts");
  const model = path.join(folder, "model");
  const args = [
    main,
    "train",
    path.join(folder, "data"),
    "--network",
    "nnunet",
    "--out",
    model,
    "--steps",
    "1000000",
  ];
  child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  err = "";
  child.stderr?.on("data", (chunk) => {
    err += chunk;
  });
  ended = new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? signal));
  });
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    if (child.exitCode !== null) throw new Error(`the training ended: ${err}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const isTraining = () => /train nnunet.*loss/.test(err);

it("stops between two steps, keeps them in the checkpoint and goes on from there", async () => {
  await until(isTraining);
  child.kill("SIGINT");
  expect(await ended).toBe(1);
  expect(err).toContain("Run the same command again to go on.");
  const { metadata } = decodeCheckpoint(await readFile(path.join(folder, "model/checkpoint.safetensors")));
  const { step } = metadata as { step: number };
  expect(step).toBeGreaterThan(0);
  start();
  await until(() => /going on from step \d+\D/.test(err));
  expect(err).toMatch(new RegExp(`going on from step ${step}\\b`));
});

it("ends at once when it is interrupted twice, with no checkpoint or a whole one", async () => {
  await until(isTraining);
  child.kill("SIGINT");
  await until(() => err.includes("stopping"));
  child.kill("SIGINT");
  // The work may have come to its end in between.
  expect([1, "SIGINT"]).toContain(await ended);
  const checkpoint = path.join(folder, "model/checkpoint.safetensors");
  if (existsSync(checkpoint)) {
    expect(decodeCheckpoint(await readFile(checkpoint)).metadata).toHaveProperty("step");
  }
  expect(existsSync(path.join(folder, "model/weights.safetensors"))).toBe(false);
});
