import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Grid, toWorld } from "../../../src/domain/grid.ts";
import type { VoxelArray } from "../../../src/domain/volume.ts";
import { readNifti } from "../../../src/io/nifti/read.ts";
import { writeNifti } from "../../../src/io/nifti/write.ts";

interface Case {
  readonly file: string;
  readonly affineRas: number[][];
  readonly values: number[];
  readonly stored: string;
}

const folder = join(import.meta.dirname, "nifti");
const golden: { cases: Case[]; units: Case[]; refused: { file: string; code: string }[] } = JSON.parse(
  await readFile(join(folder, "nifti.json"), "utf8"),
);

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "residua-nifti-"));
});
afterAll(() => rm(scratch, { recursive: true }));

/** LPS position of a voxel by the reference's RAS affine, whose order is (column, row, slice). */
function referencePoint(
  affine: number[][],
  [slice, row, column]: readonly [number, number, number],
): number[] {
  const ras = affine.slice(0, 3).map((r) => r[0] * column + r[1] * row + r[2] * slice + r[3]);
  return [-ras[0], -ras[1], ras[2]];
}

const CORNERS = [
  [0, 0, 0],
  [1, 0, 0],
  [0, 2, 0],
  [0, 0, 3],
  [1, 2, 3],
] as const;

function expectPlace(grid: Grid, affine: number[][], unit = 1): void {
  for (const corner of CORNERS) {
    const found = toWorld(grid, corner);
    referencePoint(affine, corner).forEach((value, axis) => {
      expect(found[axis] / unit).toBeCloseTo(value, 4);
    });
  }
}

describe("readNifti against nibabel", () => {
  it.each(golden.cases)(
    "reads $file ($stored) with the same values at the same places",
    async (reference) => {
      const { grid, data, issues } = await readNifti(join(folder, reference.file));
      expect(grid.shape).toEqual([2, 3, 4]);
      expectPlace(grid, reference.affineRas);
      const rounded = data instanceof Float32Array ? reference.values.map(Math.fround) : reference.values;
      expect(Array.from(data)).toEqual(rounded);
      expect(issues).toEqual([]);
    },
  );

  it("keeps the stored type where nothing is rescaled", async () => {
    expect((await readNifti(join(folder, "int16.nii"))).data).toBeInstanceOf(Int16Array);
    expect((await readNifti(join(folder, "uint32.nii"))).data).toBeInstanceOf(Uint32Array);
    expect((await readNifti(join(folder, "scaled.nii"))).data).toBeInstanceOf(Float32Array);
  });

  it.each(golden.refused)("refuses $file with $code", async ({ file, code }) => {
    await expect(readNifti(join(folder, file))).rejects.toMatchObject({ code });
  });

  it("takes metres and micrometres to millimetres and tells of an unstated unit", async () => {
    const [metres, microns, unstated] = golden.units;
    expectPlace((await readNifti(join(folder, metres.file))).grid, metres.affineRas, 1000);
    expectPlace((await readNifti(join(folder, microns.file))).grid, microns.affineRas, 0.001);
    const { grid, issues } = await readNifti(join(folder, unstated.file));
    expectPlace(grid, unstated.affineRas);
    expect(issues.map(({ code }) => code)).toEqual(["nifti-units-unstated"]);
  });
});

describe("readNifti on damaged files", () => {
  it("refuses every truncation of a plain and of a compressed file", async () => {
    for (const name of ["int16.nii", "compressed.nii.gz"]) {
      const whole = await readFile(join(folder, name));
      const file = join(scratch, name);
      for (let length = 0; length < whole.length; length += 13) {
        await writeFile(file, whole.subarray(0, length));
        await expect(readNifti(file), `${name} of ${length} bytes`).rejects.toMatchObject({
          name: "DataError",
        });
      }
    }
  });

  it("refuses a header that promises far more voxels than a small compressed file can hold", async () => {
    const bytes = Buffer.from(await readFile(join(folder, "uint8.nii")));
    [1024, 1024, 1024].forEach((size, axis) => {
      bytes.writeInt16LE(size, 42 + 2 * axis);
    });
    const file = join(scratch, "bomb.nii.gz");
    await writeFile(file, gzipSync(bytes));
    const before = process.memoryUsage().rss;
    await expect(readNifti(file)).rejects.toMatchObject({ code: "nifti-truncated" });
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  });

  it("throws nothing but data errors on bytes changed at random", async () => {
    for (const name of ["int16.nii", "nifti2.nii"]) {
      const whole = await readFile(join(folder, name));
      for (let run = 0; run < 200; run++) {
        const bytes = Buffer.from(whole);
        for (let k = 0; k < 5; k++)
          bytes[(run * 7919 + k * 104729) % bytes.length] = (run * 37 + k * 11) & 255;
        const file = join(scratch, `changed-${name}`);
        await writeFile(file, bytes);
        await readNifti(file).catch((error) => expect(error).toMatchObject({ name: "DataError" }));
      }
    }
  });

  it("warns where pixdim contradicts the sform", async () => {
    const bytes = Buffer.from(await readFile(join(folder, "uint8.nii")));
    bytes.writeFloatLE(5, 80);
    const file = join(scratch, "conflict.nii");
    await writeFile(file, bytes);
    expect((await readNifti(file)).issues.map(({ code }) => code)).toEqual(["nifti-spacing-conflict"]);
  });
});

describe("writeNifti", () => {
  const arrays: readonly (new (values: number[]) => VoxelArray)[] = [
    Int8Array,
    Uint8Array,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
  ];

  it("gives back what was written: values, type and geometry, for any rotation and mirroring", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          shape: fc.tuple(
            fc.integer({ min: 1, max: 4 }),
            fc.integer({ min: 1, max: 4 }),
            fc.integer({ min: 1, max: 4 }),
          ),
          spacingMm: fc.tuple(...[0, 1, 2].map(() => fc.double({ min: 0.2, max: 8, noNaN: true }))),
          angles: fc.tuple(...[0, 1, 2].map(() => fc.double({ min: -Math.PI, max: Math.PI, noNaN: true }))),
          mirror: fc.boolean(),
          origin: fc.tuple(...[0, 1, 2].map(() => fc.double({ min: -300, max: 300, noNaN: true }))),
          ArrayType: fc.constantFrom(...arrays),
          seed: fc.integer({ min: 0, max: 100 }),
          compressed: fc.boolean(),
        }),
        async ({ shape, spacingMm, angles, mirror, origin, ArrayType, seed, compressed }) => {
          const count = shape[0] * shape[1] * shape[2];
          const data = new ArrayType(Array.from({ length: count }, (_, i) => (seed * 7 + i * 13) % 120));
          const direction = rotated(angles as [number, number, number], mirror);
          const grid = { shape, spacingMm, direction, origin } as unknown as Grid;
          const file = join(scratch, `${run++}.nii${compressed ? ".gz" : ""}`);
          await writeNifti(file, { grid, data });
          const read = await readNifti(file);
          expect(read.data).toEqual(data);
          expect(read.issues).toEqual([]);
          for (const corner of [[0, 0, 0], shape.map((size) => size - 1)] as [number, number, number][]) {
            const wanted = toWorld(grid, corner);
            toWorld(read.grid, corner).forEach((value, axis) => {
              expect(value).toBeCloseTo(wanted[axis], 3);
            });
          }
        },
      ),
      { numRuns: 60, seed: 20261124 },
    );
  });

  it("writes a qform that agrees with its sform", async () => {
    const file = join(scratch, "both.nii");
    for (const mirror of [false, true]) {
      const grid = {
        shape: [2, 3, 4],
        spacingMm: [3, 0.8, 0.7],
        direction: rotated([2.8, -0.4, 1.9], mirror),
        origin: [4, 5, 6],
      } as unknown as Grid;
      await writeNifti(file, { grid, data: new Uint8Array(24) });
      const bytes = Buffer.from(await readFile(file));
      bytes.writeInt16LE(0, 254); // sform_code
      await writeFile(file, bytes);
      const { grid: byQform } = await readNifti(file);
      for (const corner of CORNERS) {
        toWorld(byQform, corner).forEach((value, axis) => {
          expect(value).toBeCloseTo(toWorld(grid, corner)[axis], 4);
        });
      }
    }
  });

  it("writes the same bytes for the same volume, and refuses other names", async () => {
    const { grid, data } = await readNifti(join(folder, "int16.nii"));
    const files = ["a.nii.gz", "b.nii.gz"].map((name) => join(scratch, name));
    for (const file of files) await writeNifti(file, { grid, data });
    expect(await readFile(files[0])).toEqual(await readFile(files[1]));
    await expect(writeNifti(join(scratch, "a.nrrd"), { grid, data })).rejects.toMatchObject({
      code: "nifti-name",
    });
  });
});

/** Unit axes (slice, row, column) turned about x, y and z. */
function rotated([x, y, z]: [number, number, number], mirror: boolean): Grid["direction"] {
  const about = (axis: number, angle: number) => (v: number[]) => {
    const [a, b] = [(axis + 1) % 3, (axis + 2) % 3];
    const result = [...v];
    result[a] = Math.cos(angle) * v[a] - Math.sin(angle) * v[b];
    result[b] = Math.sin(angle) * v[a] + Math.cos(angle) * v[b];
    return result;
  };
  const axes = [
    [0, 0, mirror ? -1 : 1],
    [0, 1, 0],
    [1, 0, 0],
  ];
  return axes.map((axis) => about(2, z)(about(1, y)(about(0, x)(axis)))) as unknown as Grid["direction"];
}
