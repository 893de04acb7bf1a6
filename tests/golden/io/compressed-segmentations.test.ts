import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readDicomSegmentation } from "../../../src/io/dicom/segmentation.ts";

interface Golden {
  readonly shape: readonly number[];
  /** Base64: numbers of segments, and 255 times the shares. */
  readonly labels: string;
  readonly levels: string;
}

const folder = join(import.meta.dirname, "compressed-segmentations");
const golden: Golden = JSON.parse(await readFile(join(folder, "compressed.json"), "utf8"));
const labels = Buffer.from(golden.labels, "base64");
const levels = Buffer.from(golden.levels, "base64");

describe("compressed segmentations", () => {
  it.each([
    "binary.deflated",
    "binary.deflated-frame",
    "binary.jpeg-2000",
    "binary.rle",
    "labelmap.deflated-frame",
    "labelmap.jpeg-2000",
    "labelmap.jpeg-ls",
    "labelmap.rle",
  ])("%s has the segments that were encoded", async (name) => {
    const { grid, segments } = await readDicomSegmentation(join(folder, `${name}.dcm`));
    expect(grid.shape).toEqual(golden.shape);
    expect(segments.map(({ label }) => label)).toEqual(["tumour", "core", "vessel"]);
    for (const { number, volume } of segments) {
      expect(Buffer.from(volume.data)).toEqual(Buffer.from(labels.map((value) => Number(value === number))));
    }
  });

  it.each(["fractional.jpeg-2000", "fractional.jpeg-ls", "fractional.rle"])(
    "%s has the shares that were encoded",
    async (name) => {
      const { segments } = await readDicomSegmentation(join(folder, `${name}.dcm`));
      expect(segments).toHaveLength(1);
      expect([...segments[0].volume.data]).toEqual([...levels].map((level) => Math.fround(level / 255)));
    },
  );

  it("are refused at once where a JPEG-LS frame has lost its end", async () => {
    const bytes = await readFile(join(folder, "fractional.jpeg-ls.dcm"));
    bytes[bytes.lastIndexOf("ffd9", undefined, "hex")] = 0x7f;
    const file = join(await mkdtemp(join(tmpdir(), "jpeg-ls-")), "endless.dcm");
    await writeFile(file, bytes);
    await expect(readDicomSegmentation(file)).rejects.toMatchObject({ code: "dicom-pixels" });
  });

  it("are refused where the compression may have changed the numbers of segments", async () => {
    const reading = readDicomSegmentation(join(folder, "labelmap.lossy.dcm"));
    await expect(reading).rejects.toMatchObject({ code: "segmentation-lossy" });
  });
});
