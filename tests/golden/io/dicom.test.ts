import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataError } from "../../../src/domain/errors.ts";
import { createGrid, toVoxel, toWorld } from "../../../src/domain/grid.ts";
import type { VoxelArray } from "../../../src/domain/volume.ts";
import { readDceSeries } from "../../../src/io/dicom/dce.ts";
import { readDicomFolder, readDicomSlice, readDicomVolume, readPhase } from "../../../src/io/dicom/folder.ts";
import { readDicomSegmentation } from "../../../src/io/dicom/segmentation.ts";
import { hasSharedData, sharedData } from "./shared-data.ts";

interface GoldenSegmentation {
  readonly file: string;
  readonly rows: number;
  readonly columns: number;
  readonly orientation: number[];
  readonly pixelSpacing: number[];
  readonly sliceMm: number;
  readonly frames: { segment: number; position: [number, number, number]; sum: number; digest: string }[];
}

interface Golden {
  readonly files: { file: string; values: number[] }[];
  /** Slices of one compressed series, by descending x, which is the order along the normal, after rle.dcm. */
  readonly stack: { file: string; values: number[] }[];
  readonly series: { folder: string; shape: number[]; phases: string[] }[];
  readonly variant: string;
  readonly ge: { affineRas: number[][]; phases: string[] };
  readonly segmentations: GoldenSegmentation[];
}

const folder = join(import.meta.dirname, "dicom");
const golden: Golden = JSON.parse(await readFile(join(folder, "dicom.json"), "utf8"));

function digest(data: VoxelArray): string {
  return createHash("sha256")
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest("hex");
}

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "residua-dicom-"));
});
afterAll(() => rm(scratch, { recursive: true }));

describe("one file against pydicom", () => {
  it.each(golden.files)("reads the values of $file", async ({ file, values }) => {
    const { data, grid } = await readDicomSlice(join(folder, file));
    const wanted = data instanceof Float32Array ? values.map(Math.fround) : values;
    expect(Array.from(data)).toEqual(wanted);
    expect(grid).toMatchObject({ shape: [1, 5, 6], spacingMm: [3, 0.8, 0.7], origin: [12.5, -30.25, 7] });
    expect(grid.direction.map((axis) => axis.map(Math.round))).toEqual([
      [-1, 0, 0],
      [0, 0, -1],
      [0, 1, 0],
    ]);
  });

  it("refuses a file cut off anywhere, unless only padding is lost", async () => {
    for (const name of ["explicit.dcm", "implicit.dcm", "rle.dcm", "deflated.dcm", "big-endian.dcm"]) {
      const whole = await readFile(join(folder, name));
      const { data } = await readDicomSlice(join(folder, name));
      const file = join(scratch, "cut.dcm");
      for (let length = 0; length < whole.length; length += 3) {
        await writeFile(file, whole.subarray(0, length));
        const outcome = await readDicomSlice(file).catch((error) => error);
        if (length > whole.length - 2 && !(outcome instanceof Error)) expect(outcome.data).toEqual(data);
        else expect(outcome, `${name} of ${length} bytes`).toBeInstanceOf(DataError);
      }
    }
  });

  it("decodes compressed slices together in the order of their positions", async () => {
    const dir = join(scratch, "compressed");
    await mkdir(dir);
    const wanted = [golden.files.find(({ file }) => file === "rle.dcm"), golden.stack[1], golden.stack[0]];
    for (const slice of wanted) await copyFile(join(folder, slice?.file ?? ""), join(dir, slice?.file ?? ""));
    const { grid, data } = await readDicomVolume(dir);
    expect(grid).toMatchObject({ shape: [3, 5, 6], spacingMm: [3, 0.8, 0.7], origin: [12.5, -30.25, 7] });
    expect(Array.from(data)).toEqual(wanted.flatMap((slice) => slice?.values));
  });

  it("throws nothing but data errors on bytes changed at random", async () => {
    const whole = await readFile(join(folder, "explicit.dcm"));
    const file = join(scratch, "changed.dcm");
    for (let run = 0; run < 300; run++) {
      const bytes = Buffer.from(whole);
      for (let k = 0; k < 6; k++)
        bytes[132 + ((run * 7919 + k * 104729) % (bytes.length - 132))] = (run * 31 + k) & 255;
      await writeFile(file, bytes);
      await readDicomSlice(file).catch((error) => expect(error).toMatchObject({ name: "DataError" }));
    }
  });
});

describe("a folder", () => {
  it("reports a damaged file by name and reads the others", async () => {
    const dir = join(scratch, "mixed");
    await mkdir(join(dir, "below"), { recursive: true });
    await copyFile(join(folder, "explicit.dcm"), join(dir, "below", "IM0001"));
    await writeFile(join(dir, "broken"), (await readFile(join(folder, "implicit.dcm"))).subarray(0, 700));
    await writeFile(join(dir, "notes.txt"), "not an image");
    const { series, issues } = await readDicomFolder(dir);
    expect(series).toHaveLength(1);
    expect(issues).toEqual([
      expect.objectContaining({ code: "dicom-damaged", severity: "error", file: "broken" }),
      expect.objectContaining({
        code: "dicom-left-out",
        severity: "info",
        message: expect.stringContaining("1 file"),
      }),
    ]);
  });

  it("is refused where it holds no DICOM file or does not exist", async () => {
    const dir = join(scratch, "empty");
    await mkdir(dir);
    await expect(readDicomFolder(dir)).rejects.toMatchObject({ code: "dicom-none" });
    await expect(readDicomFolder(join(dir, "no"))).rejects.toMatchObject({ code: "file-missing" });
  });
});

const patient = "breast-dce-ucsf/UCSF-BR-06";

describe.skipIf(!hasSharedData("breast-dce-ucsf"))("a breast DCE-MRI", () => {
  it("has the voxels that pydicom reads, in three phases at 0, 407 and 761 s", async () => {
    const [reference] = golden.series;
    const { value, sources, issues } = await readDceSeries(sharedData(reference.folder));
    expect(value.timesSeconds).toEqual([0, 407, 761]);
    expect(value.phases.map(({ data }) => digest(data))).toEqual(reference.phases);
    expect(value.phases[0].grid.shape).toEqual(reference.shape);
    expect(sources.map(({ seriesDescription }) => seriesDescription)).toEqual(["Sagittal-IR_3DFGRE"]);
    expect(issues.map(({ code }) => code)).toEqual(["series-times-content"]);
  });

  it("is found among the derived maps of its folder, which lie on its grid", async () => {
    const { value } = await readDceSeries(sharedData(patient));
    expect(value.timesSeconds).toEqual([0, 407, 761]);
    for (const { folder: map, phases } of golden.series.slice(1)) {
      const { grid, data } = await readDicomVolume(sharedData(map));
      expect(digest(data)).toEqual(phases[0]);
      expect(grid).toEqual(value.phases[0].grid);
    }
  });
});

describe.skipIf(!hasSharedData("dicom-variants"))("one slice in seven encodings", () => {
  it("has the same pixels in all whole files, and the cut-off one is refused", async () => {
    const files = (await readdir(sharedData("dicom-variants"))).filter((name) => name.endsWith(".dcm"));
    expect(files).toHaveLength(8);
    for (const name of files) {
      const read = readDicomSlice(sharedData(`dicom-variants/${name}`));
      if (name === "MR_truncated.dcm") await expect(read).rejects.toMatchObject({ code: "dicom-damaged" });
      else expect(digest((await read).data), name).toBe(golden.variant);
    }
    const { series, issues } = await readDicomFolder(sharedData("dicom-variants"));
    expect(series).toHaveLength(1);
    expect(issues).toContainEqual(
      expect.objectContaining({ code: "dicom-damaged", severity: "error", file: "MR_truncated.dcm" }),
    );
  });
});

describe.skipIf(!hasSharedData("dcm-qa"))("a GE series of ten volumes", () => {
  it("has the voxels and the affine of dcm2niix, and says that its times are unknown", async () => {
    const { series } = await readDicomFolder(sharedData("dcm-qa/In/20180918GE"));
    const phases = await Promise.all(series[0].phases.map((_, phase) => readPhase(series[0], phase)));
    expect(phases.map(({ data }) => digest(data))).toEqual(golden.ge.phases);
    for (const [slice, row, column] of [
      [0, 0, 0],
      [14, 63, 63],
    ] as const) {
      const ras = golden.ge.affineRas
        .slice(0, 3)
        .map((r) => r[0] * column + r[1] * row + r[2] * slice + r[3]);
      const lps = toWorld(series[0].grid, [slice, row, column]);
      [-ras[0], -ras[1], ras[2]].forEach((value, axis) => {
        expect(lps[axis]).toBeCloseTo(value, 3);
      });
    }
    expect(series[0].timesSeconds).toBeUndefined();
    expect(series[0].issues.map(({ code }) => code)).toEqual(["series-times-unknown"]);
  });

  it("is one of three series of its folder, the others being mosaics with their times", async () => {
    const { series, issues } = await readDicomFolder(sharedData("dcm-qa/In"));
    expect(series.map(({ phases }) => phases.length)).toEqual([2, 10, 2]);
    expect(series[0].timesSeconds?.[0]).toBe(0);
    expect(issues.filter(({ severity }) => severity === "error")).toEqual([]);
  });
});

describe.skipIf(!hasSharedData("dicom-seg"))("segmentations against pydicom", () => {
  it.each(golden.segmentations)("puts every frame of $file in its place", async (reference) => {
    const grid = gridAround(reference);
    const { segments } = await readDicomSegmentation(sharedData(reference.file), { grid });
    const size = reference.rows * reference.columns;
    for (const { segment, position, digest: wanted } of reference.frames) {
      const slice = Math.round(toVoxel(grid, position)[0]);
      const found = segments.find(({ number }) => number === segment);
      const plane = found?.volume.data.slice(slice * size, (slice + 1) * size) ?? [];
      expect(digest(Float32Array.from(plane))).toBe(wanted);
    }
    let total = 0;
    for (const { volume } of segments) for (const value of volume.data) total += value;
    expect(total).toBeCloseTo(
      reference.frames.reduce((sum, frame) => sum + frame.sum, 0),
      2,
    );
    const covered = segments.reduce((sum, { coveredSlices }) => sum + coveredSlices, 0);
    expect(covered).toBe(reference.frames.length);
  });

  it("refuses a grid on which a frame does not lie", async () => {
    const [reference] = golden.segmentations;
    const grid = gridAround(reference);
    const beside = { ...grid, origin: [grid.origin[0], grid.origin[1] + 0.3, grid.origin[2]] as const };
    const shorter = { ...grid, shape: [grid.shape[0] - 1, grid.shape[1], grid.shape[2]] as const };
    for (const wrong of [beside, shorter]) {
      await expect(readDicomSegmentation(sharedData(reference.file), { grid: wrong })).rejects.toMatchObject({
        code: "segmentation-off-grid",
      });
    }
  });
});

/** The smallest grid that holds all frames of a segmentation. */
function gridAround({ rows, columns, orientation, pixelSpacing, sliceMm, frames }: GoldenSegmentation) {
  const [a, b] = [orientation.slice(0, 3), orientation.slice(3)];
  const normal = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  const height = (p: readonly number[]) => p.reduce((sum, value, i) => sum + value * normal[i], 0);
  const sorted = [...frames].sort((x, y) => height(x.position) - height(y.position));
  const span = height(sorted[sorted.length - 1].position) - height(sorted[0].position);
  return createGrid({
    shape: [Math.round(span / sliceMm) + 1, rows, columns],
    spacingMm: [sliceMm, pixelSpacing[0], pixelSpacing[1]],
    direction: [normal, b, a] as never,
    origin: sorted[0].position,
  });
}
