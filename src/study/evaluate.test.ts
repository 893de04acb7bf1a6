import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createGrid, type Grid } from "../domain/grid.ts";
import { writeNifti } from "../io/nifti/write.ts";
import { evaluateMasks } from "./evaluate.ts";
import { SILENT } from "./progress.ts";

const grid: Grid = createGrid({
  shape: [8, 10, 10],
  spacingMm: [3, 1, 1],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [0, 0, 0],
});

/** A block of slices 2–3, rows 3–5 and columns from `from` for 4 voxels. */
function block(from: number, label = 1, on = grid) {
  const data = new Uint8Array(800);
  for (const slice of [2, 3]) {
    for (const row of [3, 4, 5])
      data.fill(label, (slice * 10 + row) * 10 + from, (slice * 10 + row) * 10 + from + 4);
  }
  return { grid: on, data };
}
const EMPTY = { grid, data: new Uint8Array(800) };

describe("evaluating masks", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "residua-evaluate-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function evaluate(
    predicted: Record<string, typeof EMPTY>,
    reference: Record<string, typeof EMPTY>,
    toleranceMm = 2,
  ) {
    for (const [set, masks] of [
      ["p", predicted],
      ["r", reference],
    ] as const) {
      for (const [name, mask] of Object.entries(masks))
        await writeNifti(path.join(folder, set, `${name}.nii.gz`), mask);
    }
    return evaluateMasks(path.join(folder, "p"), path.join(folder, "r"), toleranceMm, SILENT);
  }

  it("gives Dice, HD95, surface Dice and volume error of each label and case, and their means", async () => {
    const { cases, mean } = await evaluate(
      { a: block(2), b: block(3), c: block(2, 2) },
      { a: block(2), b: block(2), c: block(2, 2) },
    );
    const perfect = { dice: 1, hd95Mm: 0, nsd: 1, volumeErrorMl: 0 };
    expect(cases).toEqual([
      { case: "a", labels: { "1": perfect } },
      // One of 4 columns beside the other: 18 of 24 voxels shared, faces 1 mm apart.
      { case: "b", labels: { "1": { dice: 0.75, hd95Mm: 1, nsd: 1, volumeErrorMl: 0 } } },
      { case: "c", labels: { "2": perfect } },
    ]);
    expect(mean).toEqual({ "1": { dice: 0.875, hd95Mm: 0.5, nsd: 1, volumeErrorMl: 0 }, "2": perfect });
  });

  it("counts a surface that is farther away than the tolerance", async () => {
    const { cases } = await evaluate({ b: block(3) }, { b: block(2) }, 0.5);
    expect(cases[0].labels["1"].nsd).toBeLessThan(1);
  });

  it("leaves undefined figures out of the mean: an empty mask has no distance, two empty ones have no label", async () => {
    const { cases, mean } = await evaluate(
      { a: block(2), b: EMPTY, c: EMPTY },
      { a: block(2), b: block(2), c: EMPTY },
    );
    const volumeErrorMl = expect.closeTo(-0.072, 12);
    expect(cases[1].labels["1"]).toEqual({ dice: 0, hd95Mm: null, nsd: 0, volumeErrorMl });
    expect(cases[2]).toEqual({ case: "c", labels: {} });
    expect(mean["1"]).toEqual({ dice: 0.5, hd95Mm: 0, nsd: 0.5, volumeErrorMl: expect.closeTo(-0.036, 12) });
  });

  it("pairs by name below the folders, and tells what has no counterpart on either side", async () => {
    const { cases, issues } = await evaluate(
      { "P1/pre": block(2), "P2/pre": block(2) },
      { "P1/pre": block(2), "P3/pre": block(2) },
    );
    expect(cases.map((entry) => entry.case)).toEqual(["P1/pre"]);
    expect(issues.map(({ code, subject, message }) => [code, subject, message.slice(0, 22)])).toEqual([
      ["mask-unpaired", "P3/pre", "There is no prediction"],
      ["mask-unpaired", "P2/pre", "There is no reference "],
    ]);
  });

  it("leaves out a mask on another grid and goes on; with none left it refuses", async () => {
    const elsewhere = createGrid({ ...grid, origin: [4, 0, 0] });
    const { cases, issues } = await evaluate(
      { a: block(2), b: block(2, 1, elsewhere) },
      { a: block(2), b: block(2) },
    );
    expect(cases).toHaveLength(1);
    expect(issues).toMatchObject([{ code: "grid-mismatch", severity: "error", subject: "b" }]);
    const single = evaluateMasks(path.join(folder, "p/b.nii.gz"), path.join(folder, "r/b.nii.gz"), 2, SILENT);
    await expect(single).rejects.toMatchObject({ code: "masks-unusable" });
  });

  it("refuses folders without a common name, and places that are not there", async () => {
    await expect(evaluate({ a: block(2) }, { b: block(2) })).rejects.toMatchObject({
      code: "masks-unpaired",
    });
    const absent = evaluateMasks(path.join(folder, "p"), path.join(folder, "none"), 2, SILENT);
    await expect(absent).rejects.toMatchObject({ name: "DataError", code: "file-missing" });
  });
});
