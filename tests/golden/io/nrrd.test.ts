import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readNrrd } from "../../../src/io/nrrd/read.ts";
import { hasSharedData, sharedData } from "./shared-data.ts";

interface Case {
  readonly file: string;
  readonly origin: number[];
  readonly spacingMm: number[];
  readonly direction: number[][];
  readonly values: number[];
}

const folder = join(import.meta.dirname, "nrrd");
const golden: { cases: Case[]; refused: { file: string; code: string }[] } = JSON.parse(
  await readFile(join(folder, "nrrd.json"), "utf8"),
);

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "residua-nrrd-"));
});
afterAll(() => rm(scratch, { recursive: true }));

function expectClose(found: readonly number[], wanted: readonly number[]): void {
  wanted.forEach((value, i) => {
    expect(found[i]).toBeCloseTo(value, 6);
  });
}

describe("readNrrd against SimpleITK", () => {
  it.each(golden.cases)("reads $file with the same values at the same places", async (reference) => {
    const { grid, data } = await readNrrd(join(folder, reference.file));
    expect(Array.from(data)).toEqual(reference.values);
    expectClose(grid.origin, reference.origin);
    expectClose(grid.spacingMm, reference.spacingMm);
    expectClose(grid.direction.flat(), reference.direction.flat());
  });

  it.each(golden.refused)("refuses $file with $code", async ({ file, code }) => {
    await expect(readNrrd(join(folder, file))).rejects.toMatchObject({ code });
  });

  it("tells of unstated units and is silent about millimetres", async () => {
    expect((await readNrrd(join(folder, "text.nrrd"))).issues.map(({ code }) => code)).toEqual([
      "nrrd-units-unstated",
    ]);
    expect((await readNrrd(join(folder, "units.nrrd"))).issues).toEqual([]);
  });

  it("names the data file that a detached header misses", async () => {
    const header = join(scratch, "alone.nhdr");
    await writeFile(header, await readFile(join(folder, "detached.nhdr")));
    await expect(readNrrd(header)).rejects.toMatchObject({ code: "file-missing" });
  });

  it("throws nothing but data errors on bytes changed at random", async () => {
    for (const name of ["raw-short.nrrd", "gzip-float.nrrd", "text.nrrd"]) {
      const whole = await readFile(join(folder, name));
      for (let run = 0; run < 200; run++) {
        const bytes = Buffer.from(whole);
        for (let k = 0; k < 5; k++)
          bytes[(run * 7919 + k * 104729) % bytes.length] = (run * 37 + k * 11) & 255;
        const file = join(scratch, `changed-${name}`);
        await writeFile(file, bytes);
        await readNrrd(file).catch((error) => expect(error).toMatchObject({ name: "DataError" }));
      }
    }
  });
});

describe.skipIf(!hasSharedData("breast1-nrrd"))("readNrrd on a breast MR", () => {
  it("gives pyradiomics' mean and 90th percentile in the tumour mask", async () => {
    const image = await readNrrd(sharedData("breast1-nrrd/breast1_image.nrrd"));
    const mask = await readNrrd(sharedData("breast1-nrrd/breast1_label.nrrd"));
    const inside = Array.from(image.data)
      .filter((_, i) => mask.data[i] === 1)
      .sort((a, b) => a - b);
    expect(inside).toHaveLength(143);
    expect(inside.reduce((sum, value) => sum + value, 0) / 143).toBeCloseTo(131.12587, 5);
    // numpy's linear percentile, which pyradiomics uses.
    const at = 0.9 * 142;
    const low = Math.floor(at);
    expect(inside[low] + (at - low) * (inside[low + 1] - inside[low])).toBeCloseTo(151.8, 6);
  });
});
