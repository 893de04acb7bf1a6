import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import type { Cohort } from "../../domain/cohort.ts";
import { createDceSeries } from "../../domain/dce.ts";
import { createGrid, sameGrid, toWorld, voxelCount } from "../../domain/grid.ts";
import { UNKNOWN_OUTCOME } from "../../domain/outcome.ts";
import { RandomStream, randomKey } from "../../domain/random.ts";
import { simulatePatient } from "../../imaging/phantom/cohort.ts";
import { volumeMl } from "../../imaging/shape.ts";
import { readDceSeriesOf, readSegmentationOf, writeExamination } from "../../io/layouts/native.ts";
import { FileHashes } from "../file-hashes.ts";
import { SILENT } from "../progress.ts";
import { studySchema } from "../schema.ts";
import { imageStages } from "./images.ts";

const root = mkdtempSync(path.join(tmpdir(), "images-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const grid = createGrid({
  shape: [12, 40, 80],
  spacingMm: [8, 4, 4],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [-158, -100, -44],
});

/** A torso with two breasts; what a phase adds stands in the left one. */
function phase(enhancement: number, seed: number) {
  const stream = new RandomStream(randomKey(seed));
  const data = Int16Array.from({ length: voxelCount(grid) }, (_, i) => {
    const [x, y, z] = toWorld(grid, [Math.floor(i / 3200), Math.floor(i / 80) % 40, i % 80]);
    const body = (Math.abs(x) < 150 && y > 0) || Math.hypot(Math.abs(x) - 80, y) < 60;
    const signal = body ? 100 + (tumour(x, y, z) ? enhancement : 0) : 0;
    return Math.round(Math.hypot(signal + stream.normal(0, 2), stream.normal(0, 2)));
  });
  return { grid, data };
}

const tumour = (x: number, y: number, z: number) => Math.hypot(x - 80, y + 20, z) < 14;

it("cuts images and masks to the breast with the tumour, found before chemotherapy, at both visits", async () => {
  const mask = {
    grid,
    data: Uint8Array.from({ length: voxelCount(grid) }, (_, i) =>
      tumour(
        ...(toWorld(grid, [Math.floor(i / 3200), Math.floor(i / 80) % 40, i % 80]) as [
          number,
          number,
          number,
        ]),
      )
        ? 1
        : 0,
    ),
  };
  const times = [0, 120, 400];
  const pre = createDceSeries([phase(0, 1), phase(200, 2), phase(180, 3)], times);
  const post = createDceSeries([phase(0, 4), phase(10, 5), phase(10, 6)], times);
  // The later visit is listed first, and shows nothing.
  const records = [
    await writeExamination(root, "P1", "post", post, {
      segmentation: { grid, data: new Uint8Array(voxelCount(grid)) },
    }),
    await writeExamination(root, "P1", "pre", pre, { segmentation: mask }),
  ];
  const cohort: Cohort = {
    name: "x",
    patients: [{ id: "P1", set: "train", clinical: {}, outcome: UNKNOWN_OUTCOME, examinations: records }],
  };
  const config = studySchema.parse({
    name: "x",
    outcome: { pcr: "pcr" },
    models: ["ftv"],
    images: { registration: "none", breast: "tumour-side" },
  });
  const run = { folder: path.join(root, "run"), seed: 0, progress: SILENT };
  const found = await imageStages(run, config, new FileHashes(), cohort);
  const [patient] = found.cohort.patients;
  for (const record of patient.examinations) {
    const { value } = await readDceSeriesOf(record);
    const cut = value.phases[0].grid;
    expect(cut.shape[2]).toBeLessThan(50);
    expect(cut.origin[0]).toBeGreaterThan(-20);
    const { data } = await readSegmentationOf(record, cut);
    const whole = record.visit === "pre" ? mask.data.reduce((sum, value) => sum + value, 0) : 0;
    expect(data.reduce((sum, value) => sum + value, 0)).toBe(whole);
  }
  expect(patient.clinical["pre.ftv_ml"]).toBeGreaterThan(5);
  expect(patient.clinical["post.ftv_ml"]).toBe(0);
  const codes = found.stages[0].issues.map(({ code, subject }) => `${code} ${subject}`);
  expect(codes).toContain("breast-side P1/pre");
  expect(codes).toContain("breast-side P1/post");
  const again = await imageStages(run, config, new FileHashes(), cohort);
  expect(again.stages[0].cached).toBe(true);
});

it("carries the images and the mask of a later visit to the first one, and measures them where they were", async () => {
  const { visits } = simulatePatient(randomKey(3), { set: "train", index: 2 }, "small", { repositioning: 1 });
  const examinations = await Promise.all(
    visits.map(({ visit, dce, mask }) => writeExamination(root, "P2", visit, dce, { segmentation: mask })),
  );
  const cohort: Cohort = {
    name: "x",
    patients: [{ id: "P2", set: "train", clinical: {}, outcome: UNKNOWN_OUTCOME, examinations }],
  };
  const prepared = async (carry: "none" | "rigid") => {
    const config = studySchema.parse({
      name: "x",
      outcome: { pcr: "pcr" },
      models: ["ftv"],
      images: { registration: "none", visits: carry },
    });
    const run = { folder: path.join(root, `run-${carry}`), seed: 0, progress: SILENT };
    return { run, ...(await imageStages(run, config, new FileHashes(), cohort)) };
  };
  const [still, carried] = [await prepared("none"), await prepared("rigid")];
  const [pre, post] = carried.cohort.patients[0].examinations;
  expect(pre).toBe(examinations[0]);
  const { value } = await readDceSeriesOf(post);
  expect(sameGrid(value.phases[0].grid, visits[0].dce.phases[0].grid)).toBe(true);
  const mask = await readSegmentationOf(post, value.phases[0].grid);
  expect(volumeMl(mask) / volumeMl(visits[1].mask)).toBeGreaterThan(0.8);
  expect(volumeMl(mask) / volumeMl(visits[1].mask)).toBeLessThan(1.1);
  expect(carried.cohort.patients[0].clinical).toEqual(still.cohort.patients[0].clinical);
  const [head, first, second] = (await readFile(path.join(carried.run.folder, "quality.csv"), "utf8")).split(
    "\n",
  );
  const cell = (row: string, name: string) => row.split(",")[head.split(",").indexOf(name)];
  expect([cell(first, "visit_registration"), cell(second, "visit_registration")]).toEqual(["", "rigid"]);
  const [before, after] = ["before", "after"].map((when) =>
    Number(cell(second, `visit_correlation_${when}`)),
  );
  expect(after).toBeGreaterThan(before + 0.2);
}, 60_000);
