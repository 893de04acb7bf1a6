import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDceSeries } from "../../domain/dce.ts";
import { createGrid } from "../../domain/grid.ts";
import { writeExamination } from "../../io/layouts/native.ts";
import { openSegmentationData } from "./cases.ts";
import { trainingCases } from "./training-cases.ts";

const grid = createGrid({
  shape: [2, 2, 2],
  spacingMm: [1, 1, 1],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [0, 0, 0],
});

describe("the cases that may train", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "residua-cases-"));
    const phase = { grid, data: new Float32Array(8).fill(1) };
    const series = createDceSeries([phase, phase, phase], [0, 90, 300]);
    const segmentation = { grid, data: new Uint8Array(8) };
    for (const id of ["A", "B", "C"]) await writeExamination(folder, id, "pre", series, { segmentation });
    await writeExamination(folder, "D", "pre", series);
    await writeFile(path.join(folder, "clinical.csv"), "patient_id,set,s\nA,train,1\nB,test,2\nD,train,1\n");
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const ids = async () => {
    const { value } = await trainingCases(folder, await openSegmentationData(folder, ["early"]));
    return value.map(({ id }) => id);
  };

  it("are those with a reference", async () => {
    expect(await ids()).toEqual(["A/pre", "B/pre", "C/pre"]);
  });

  it("are none of the test set of a study file beside them, nor of patients that its table does not know", async () => {
    const study =
      "cohort: { split: { column: set, train: train, test: test } }\noutcome: { rcb: s }\nmodels: [volume]\n";
    await writeFile(path.join(folder, "study.yaml"), `name: S\n${study}`);
    expect(await ids()).toEqual(["A/pre"]);
  });
});
