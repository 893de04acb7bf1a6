import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readDicomSlice } from "../../../src/io/dicom/folder.ts";

const folder = join(import.meta.dirname, "codecs");
const { images } = JSON.parse(await readFile(join(folder, "codecs.json"), "utf8")) as {
  images: { name: string; values: number[] }[];
};
const files = (await readdir(folder)).filter((name) => name.endsWith(".dcm"));

describe("pixels compressed by GDCM, DCMTK and OpenJPH", () => {
  it.each(images)("come out as they were: $name", async ({ name, values }) => {
    const lossless = files.filter((file) => file.startsWith(`${name}.`) && !file.includes("lossy"));
    expect(lossless).toHaveLength(8);
    for (const file of lossless) {
      const { data } = await readDicomSlice(join(folder, file));
      expect(Array.from(data), file).toEqual(values);
    }
  });

  it("differ little after lossy JPEG", async () => {
    const values = images.find(({ name }) => name === "bytes")?.values ?? [];
    const { data } = await readDicomSlice(join(folder, "bytes.lossy-jpeg.dcm"));
    const differences = values.map((value, i) => Math.abs(value - data[i]));
    expect(Math.max(...differences)).toBeLessThan(20);
    expect(Math.max(...differences)).toBeGreaterThan(0);
  });

  it("place the frames of a compressed multi-frame image by their positions", async () => {
    const { grid } = await readDicomSlice(join(folder, "frames.jpeg-2000.dcm"));
    expect(grid).toMatchObject({ shape: [3, 18, 14], spacingMm: [2, 1, 1] });
  });
});
