/** What a folder of DICOM files may be like beside whole and in order. */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readDceSeries } from "../../../src/io/dicom/dce.ts";
import { readDicomFolder, readDicomSlice, readPhase } from "../../../src/io/dicom/folder.ts";
import { type MadeAttributes, writeSlice } from "./made-slices.ts";

const golden = join(import.meta.dirname, "dicom");
let root: string;
let dir: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "residua-dicom-folder-"));
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  dir = await mkdtemp(join(root, "case-"));
});

async function write(name: string, z: number, value: number, attributes: MadeAttributes = {}): Promise<void> {
  await writeSlice(join(dir, name), value, {
    SeriesInstanceUID: "1.2.3.5",
    SeriesNumber: "3",
    ImagePositionPatient: `0\\0\\${z}`,
    AcquisitionTime: "090000",
    ...attributes,
  });
}

const codes = (issues: readonly { code: string }[]) => issues.map(({ code }) => code);

describe("slices that an archive holds twice", () => {
  it("are left out once, named, where their pixels are the same", async () => {
    for (const z of [0, 1, 2]) await write(`a${z}`, z, z);
    await write("copy", 1, 1);
    const { series } = await readDicomFolder(dir);
    expect(series[0].issues).toMatchObject([{ code: "series-slices-duplicate", severity: "warning" }]);
    expect(series[0].issues[0].message).toMatch(/\bcopy\b|\ba1\b/);
    const { data } = await readPhase(series[0], 0);
    expect(Array.from(data).filter((_, i) => i % 6 === 0)).toEqual([0, 1, 2]);
  });

  it("refuse the series, named, where their pixels differ", async () => {
    for (const z of [0, 1, 2]) await write(`a${z}`, z, z);
    await write("other", 1, 7);
    const { series, issues } = await readDicomFolder(dir);
    expect(series).toEqual([]);
    expect(issues).toMatchObject([
      { code: "series-slices-duplicate", severity: "error", subject: "series 3" },
    ]);
  });
});

describe("a series of several components", () => {
  it("is split into water and fat, whose phases stay apart", async () => {
    for (const [kind, value] of [
      ["WATER", 5],
      ["FAT", 9],
    ] as const) {
      for (const phase of [0, 1]) {
        for (const z of [0, 1]) {
          await write(`${kind}${phase}${z}`, z, value, {
            ImageType: `DERIVED\\PRIMARY\\DIXON\\${kind}`,
            AcquisitionTime: `09000${phase}`,
          });
        }
      }
    }
    const { series } = await readDicomFolder(dir);
    expect(series.map(({ phases }) => phases.length)).toEqual([2, 2]);
    const first = await Promise.all(series.map(async (one) => (await readPhase(one, 0)).data[0]));
    expect(first.sort()).toEqual([5, 9]);
    const { value, issues } = await readDceSeries(dir);
    expect(value.phases.map(({ data }) => data[0])).toEqual([5, 5]);
    expect(codes(issues)).toContain("dce-component");
  });
});

describe("a medium", () => {
  it("whose DICOMDIR lists a file that is not there says so, and reads the others", async () => {
    const name = (text: string) => text.padEnd(text.length + (text.length % 2));
    const item = (file: string) => element(0x00041500, "CS", Buffer.from(name(file), "latin1"));
    const records = Buffer.concat(
      ["IMAGES\\A0", "IMAGES\\A1", "IMAGES\\A2"].map((file) => {
        const content = item(file);
        return Buffer.concat([tag(0xfffee000), uint32(content.length), content]);
      }),
    );
    await mkdir(join(dir, "images"));
    for (const z of [0, 1]) await write(`images/a${z}.dcm`, z, z);
    const syntax = element(0x00020010, "UI", Buffer.from("1.2.840.10008.1.2.1\0"));
    const sequence = Buffer.concat([tag(0x00041220), Buffer.from("SQ\0\0"), uint32(records.length), records]);
    await writeFile(
      join(dir, "DICOMDIR"),
      Buffer.concat([Buffer.alloc(128), Buffer.from("DICM"), syntax, sequence]),
    );
    const { series, issues } = await readDicomFolder(join(dir, "DICOMDIR"));
    expect(series[0].grid.shape[0]).toBe(2);
    expect(codes(issues)).toEqual(["dicom-left-out", "dicomdir-files-missing"]);
    expect(issues[1].message).toContain("IMAGES/A2");
    expect(issues[1].message).not.toContain("IMAGES/A1");
  });
});

describe("files", () => {
  it("without the preamble of PS3.10 are read, with the file header and without", async () => {
    for (const [name, start] of [
      ["explicit.dcm", 132],
      ["implicit.dcm", 132],
    ] as const) {
      const whole = await readFile(join(golden, name));
      await writeFile(join(dir, "bare"), whole.subarray(start));
      const dataSet = start + 12 + whole.readUInt32LE(140);
      await writeFile(join(dir, "raw"), whole.subarray(dataSet));
      const { data } = await readDicomSlice(join(golden, name));
      expect((await readDicomSlice(join(dir, "bare"))).data).toEqual(data);
      expect((await readDicomSlice(join(dir, "raw"))).data).toEqual(data);
    }
  });

  it("of a Siemens mosaic without its private header are refused, and those beside them are read", async () => {
    await copyFile(join(golden, "explicit.dcm"), join(dir, "a"));
    await write("mosaic", 0, 1, { ImageType: "ORIGINAL\\PRIMARY\\MOSAIC", SeriesInstanceUID: "1.2.3.6" });
    const { series, issues } = await readDicomFolder(dir);
    expect(series).toHaveLength(1);
    expect(issues).toMatchObject([{ code: "dicom-mosaic", severity: "error", file: "mosaic" }]);
  });

  it("with decimal strings that are no numbers are refused, not read as zero or as hexadecimal", async () => {
    for (const spacing of ["0x1\\0.7", "\\0.7", "1,5\\0.7"]) {
      await write("a", 0, 1, { PixelSpacing: spacing, SliceThickness: "2" });
      await expect(readDicomSlice(join(dir, "a"))).rejects.toMatchObject({ code: "dicom-attribute" });
    }
  });
});

describe("an enhanced image", () => {
  it("gives its phases, their times and its rescaled values", async () => {
    const folder = join(import.meta.dirname, "dcm2niix/enhanced-rescaled");
    const { value } = await readDceSeries(folder);
    expect(value.timesSeconds).toEqual([0, 20, 40]);
    expect(value.phases[0].data).toBeInstanceOf(Float32Array);
  });
});

function tag(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(value >>> 16, 0);
  bytes.writeUInt16LE(value & 0xffff, 2);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function element(number: number, vr: string, value: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16LE(value.length);
  return Buffer.concat([tag(number), Buffer.from(vr), length, value]);
}
