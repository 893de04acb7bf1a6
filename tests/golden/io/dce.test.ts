import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readDceSeries } from "../../../src/io/dicom/dce.ts";
import { readDicomFolder, readPhase } from "../../../src/io/dicom/folder.ts";
import { type MadeAttributes, writeSlice } from "./made-slices.ts";

let root: string;
let dir: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "residua-dce-"));
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  dir = await mkdtemp(join(root, "case-"));
});

/** A series of three slices whose voxels all have one value. */
async function writePhase(name: string, value: number, attributes: MadeAttributes): Promise<void> {
  for (let z = 0; z < 3; z++) {
    await writeSlice(join(dir, `${name}-${z}`), value, {
      SeriesInstanceUID: `1.2.3.${name.length}.${value}`,
      SeriesDescription: name,
      ImagePositionPatient: `0\\0\\${2 * z}`,
      AcquisitionDate: "20200101",
      ...attributes,
    });
  }
}

const values = ({ phases }: { phases: readonly { data: ArrayLike<number> }[] }) =>
  phases.map(({ data }) => data[0]);

describe("readDceSeries", () => {
  it("joins one series per phase by acquisition time, whatever the names and numbers say", async () => {
    await writePhase("Dyn Ph2 +C", 30, { AcquisitionTime: "100400", SeriesNumber: "4" });
    await writePhase("Dyn PRE", 10, { AcquisitionTime: "100000", SeriesNumber: "6" });
    await writePhase("Dyn Ph1 +C", 20, { AcquisitionTime: "100130", SeriesNumber: "5" });
    const { value, issues, sources } = await readDceSeries(dir);
    expect(values(value)).toEqual([10, 20, 30]);
    expect(value.timesSeconds).toEqual([0, 90, 240]);
    expect(issues.map(({ code }) => code)).toEqual(["series-joined"]);
    expect(sources.map(({ seriesDescription }) => seriesDescription)).toEqual([
      "Dyn PRE",
      "Dyn Ph1 +C",
      "Dyn Ph2 +C",
    ]);
  });

  it("joins a series before contrast with a series of several phases after it, across midnight", async () => {
    await writePhase("t1 pre", 10, { AcquisitionTime: "235900" });
    const after = {
      SeriesInstanceUID: "1.2.3.77",
      SeriesDescription: "t1 post",
      AcquisitionDate: "20200102",
    };
    await writePhase("post-a", 21, { ...after, AcquisitionTime: "000100", TemporalPositionIdentifier: "1" });
    await writePhase("post-b", 22, { ...after, AcquisitionTime: "000230", TemporalPositionIdentifier: "2" });
    const { value } = await readDceSeries(dir);
    expect(value.timesSeconds).toEqual([0, 120, 210]);
    expect(values(value)).toEqual([10, 21, 22]);
  });

  it("does not join other contrasts, other places or derived images", async () => {
    await writePhase("dyn 1", 10, { AcquisitionTime: "100000" });
    await writePhase("dyn 2", 20, { AcquisitionTime: "100200" });
    await writePhase("dyn 3", 30, { AcquisitionTime: "100300", EchoTime: "80" });
    await writePhase("dyn 4", 40, { AcquisitionTime: "100400", ImageType: "DERIVED\\PRIMARY\\SUB" });
    await writePhase("dyn 5", 50, { AcquisitionTime: "100500", PixelSpacing: "0.9\\0.9" });
    const { value } = await readDceSeries(dir);
    expect(values(value)).toEqual([10, 20]);
  });

  it("refuses to choose between two dynamic series until one is named", async () => {
    for (const name of ["left", "right"]) {
      await writePhase(`${name} 1`, 1, { AcquisitionTime: "100000" });
      await writePhase(`${name} 2`, 2, { AcquisitionTime: "100200" });
    }
    await expect(readDceSeries(dir)).rejects.toMatchObject({ code: "dce-ambiguous" });
    expect(values((await readDceSeries(dir, { series: "right 1" })).value)).toEqual([1, 2]);
  });

  it("says what the folder has where nothing is dynamic", async () => {
    await writePhase("t2", 1, { AcquisitionTime: "100000" });
    await expect(readDceSeries(dir)).rejects.toMatchObject({
      code: "dce-missing",
      message: expect.stringContaining('"t2" (1 phase)'),
    });
  });

  it("refuses phases whose times are unknown", async () => {
    for (const position of [1, 2]) {
      await writePhase(`dyn ${position}`, position, {
        SeriesInstanceUID: "1.2.3.5",
        TemporalPositionIdentifier: String(position),
      });
    }
    await expect(readDceSeries(dir)).rejects.toMatchObject({ code: "series-times-unknown" });
  });
});

describe("a dynamic acquisition of one series per phase", () => {
  /** Phases of a whole number of slices each, a minute apart. */
  async function writePhases(...slices: (readonly number[])[]): Promise<void> {
    for (const [phase, present] of slices.entries()) {
      for (const z of present) {
        await writeSlice(join(dir, `${phase}-${z}`), 10 * phase, {
          SeriesInstanceUID: `1.2.3.${phase}`,
          SeriesNumber: String(phase),
          SeriesDescription: `dyn ${phase}`,
          ImagePositionPatient: `0\\0\\${2 * z}`,
          AcquisitionTime: `10${String(phase).padStart(2, "0")}00`,
        });
      }
    }
  }
  const all = [0, 1, 2, 3, 4];

  it("loses the phase in which it was interrupted, with a warning", async () => {
    for (const present of [[0, 1], [2], [0, 1, 3, 4]]) {
      await rm(dir, { recursive: true });
      await mkdir(dir);
      await writePhases(all, all, all, present);
      const { value, issues } = await readDceSeries(dir);
      expect(values(value)).toEqual([0, 10, 20]);
      expect(value.timesSeconds).toEqual([0, 60, 120]);
      expect(issues).toContainEqual({
        code: "series-phase-incomplete",
        severity: "warning",
        message: expect.stringContaining(`series 3 "dyn 3" covers ${present.length} of 5 slices`),
      });
    }
  });

  it("is refused where the phase before contrast lacks slices", async () => {
    await writePhases([0, 1, 2], all, all, all);
    await expect(readDceSeries(dir)).rejects.toMatchObject({
      code: "series-phase-incomplete",
      message: expect.stringContaining("maybe as its first phase"),
    });
  });
});

describe("a folder of a whole examination", () => {
  it("has one dynamic series although diffusion-weighted images lie several to a place, too", async () => {
    for (const time of [0, 1, 2]) {
      const series = { AcquisitionTime: `10000${time}`, ScanningSequence: "EP", SeriesDescription: "dwi" };
      await writePhase(`b${time}`, time, { ...series, SeriesInstanceUID: "1.2.3.80", SeriesNumber: "2" });
      await writePhase(`dyn ${time}`, 10 * time, { AcquisitionTime: `100${time}00`, ScanningSequence: "GR" });
    }
    expect(values((await readDceSeries(dir)).value)).toEqual([0, 10, 20]);
  });
});

describe("readDicomFolder", () => {
  it("rescales each slice by its own slope and intercept", async () => {
    await writeSlice(join(dir, "a"), 100, {
      SeriesInstanceUID: "1.5",
      ImagePositionPatient: "0\\0\\0",
      RescaleSlope: "0.5",
    });
    await writeSlice(join(dir, "b"), 100, {
      SeriesInstanceUID: "1.5",
      ImagePositionPatient: "0\\0\\2",
      RescaleSlope: "2",
      RescaleIntercept: "-1",
    });
    const { series } = await readDicomFolder(dir);
    expect(Array.from((await readPhase(series[0], 0)).data)).toEqual([
      ...Array(6).fill(50),
      ...Array(6).fill(199),
    ]);
  });

  it("loses only the series that has a slice missing", async () => {
    await writePhase("whole", 1, {});
    for (const z of [0, 2, 6, 8]) {
      await writeSlice(join(dir, `gap-${z}`), 1, {
        SeriesInstanceUID: "1.9",
        SeriesNumber: "8",
        SeriesDescription: "gap",
        ImagePositionPatient: `0\\0\\${z}`,
      });
    }
    const { series, issues } = await readDicomFolder(dir);
    expect(series.map(({ source }) => source.seriesDescription)).toEqual(["whole"]);
    expect(issues).toMatchObject([
      { code: "series-slices-missing", severity: "error", subject: 'series 8 "gap"' },
    ]);
  });

  it("reports a malformed geometry by its attribute and file", async () => {
    await writePhase("whole", 1, {});
    await writeSlice(join(dir, "bad"), 1, { SeriesInstanceUID: "1.9", ImagePositionPatient: "0\\0" });
    const { issues } = await readDicomFolder(dir);
    expect(issues).toMatchObject([
      { code: "dicom-attribute", file: "bad", message: expect.stringContaining("ImagePositionPatient") },
    ]);
  });
});
