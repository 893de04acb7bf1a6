/** What is done to images before a model is applied to them, by what the model records. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeExamination } from "../../src/io/layouts/native.ts";
import { AS_ACQUIRED, type ImagesConfig } from "../../src/study/schema.ts";
import { TUMOUR_LABELS } from "../../src/study/segmentation/cases.ts";
import { inputCases } from "../../src/study/segmentation/input-cases.ts";
import { torso, torsoGrid, tumourIn } from "../e2e/both-breasts.ts";

let folder: string;
const { series } = torso(torsoGrid(), [tumourIn("left", 1)], 5);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "input-preparation-"));
  for (const patient of ["P1", "P2"]) {
    for (const visit of ["post", "pre"]) await writeExamination(folder, patient, visit, series);
  }
  await writeFile(join(folder, "clinical.csv"), "patient_id,side\nP1,right\nP2,\n");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function casesOf(images: ImagesConfig | undefined, { prepare = true, inputs = [folder] } = {}) {
  const channels = { source: "dce" as const, names: ["early"] };
  const description = { channels, labels: [...TUMOUR_LABELS], ...(images === undefined ? {} : { images }) };
  return inputCases(inputs, description, { prepare });
}
const ONE_BREAST: ImagesConfig = { ...AS_ACQUIRED, breast: "tumour-side", laterality: "side" };

describe("inputs of a model", () => {
  it("are taken as they are, with a note, where the model does not record how its images were prepared", async () => {
    const { value, issues } = await casesOf(undefined);
    expect(issues.map(({ code }) => code)).toEqual(["model-images-unknown"]);
    const { value: loaded } = await value[0].load();
    expect([loaded.prepared, loaded.grid.shape]).toEqual([undefined, series.phases[0].grid.shape]);
  });

  it("are taken as they are, without a word, where those that trained the model were", async () => {
    const { value, issues } = await casesOf(AS_ACQUIRED);
    expect(issues).toEqual([]);
    expect((await value[0].load()).value.prepared).toBeUndefined();
  });

  it("stay on their own grids, with a note, where the model's study carried visits to each other", async () => {
    const { issues } = await casesOf({ ...ONE_BREAST, visits: "rigid" });
    expect(issues.map(({ code }) => code)).toEqual(["images-visits-not-carried"]);
  });

  it("are taken as they are, with a note, where the user says so", async () => {
    const { issues } = await casesOf(ONE_BREAST, { prepare: false });
    expect(issues.map(({ code }) => code)).toEqual(["images-not-prepared"]);
  });

  it("are cut to the side that the cohort's table names, else to the one that enhances", async () => {
    const { value } = await casesOf(ONE_BREAST);
    const sides: unknown[] = [];
    for (const { id, load } of value) {
      const { value: loaded, issues } = await load();
      expect(issues.at(-1)).toMatchObject({ code: "images-prepared", subject: id });
      sides.push([id, loaded.prepared?.breast?.evidence.side]);
    }
    expect(sides).toEqual([
      ["P1/pre", "right"],
      ["P1/post", "right"],
      ["P2/pre", "left"],
      ["P2/post", "left"],
    ]);
  });

  it("are refused where two have one name", async () => {
    const inputs = [folder, join(folder, "images/P1/pre")];
    await expect(casesOf(AS_ACQUIRED, { inputs })).rejects.toMatchObject({ code: "input-twice" });
  });
});
