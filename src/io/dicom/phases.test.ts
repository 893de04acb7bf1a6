import { describe, expect, it } from "vitest";
import type { PhaseMarks, SliceInstance } from "./instance.ts";
import { splitPhases } from "./phases.ts";
import type { PixelSource } from "./pixel-source.ts";
import { splitByGeometry, stackSlices } from "./stack.ts";

const NO_MARKS: PhaseMarks = {
  temporalPosition: undefined,
  temporalOffset: undefined,
  triggerTime: undefined,
  acquisitionTime: undefined,
  acquisitionNumber: undefined,
  contentTime: undefined,
  instanceNumber: undefined,
};

const PIXELS: PixelSource = {
  file: "x.dcm",
  transferSyntax: "1.2.840.10008.1.2.1",
  offset: 0,
  inflated: false,
  encapsulated: false,
  littleEndian: true,
  rows: 2,
  columns: 3,
  frames: 1,
  type: "int16",
  bitsStored: 16,
  signed: true,
};

function slice(z: number, marks: Partial<PhaseMarks> = {}, rest: Partial<SliceInstance> = {}): SliceInstance {
  return {
    file: `z${z}.dcm`,
    sopInstanceUid: "1",
    source: {
      patientId: undefined,
      studyInstanceUid: "1",
      studyDate: undefined,
      studyDescription: undefined,
      seriesInstanceUid: "1.1",
      seriesNumber: 1,
      seriesDescription: "dyn",
      modality: "MR",
      manufacturer: undefined,
      imageType: ["ORIGINAL"],
      trialTimePoint: undefined,
      frameOfReferenceUid: "1",
    },
    marks: { ...NO_MARKS, ...marks },
    rows: 2,
    columns: 3,
    orientation: [
      [1, 0, 0],
      [0, 1, 0],
    ],
    position: [10, 20, z],
    pixelSpacing: [0.8, 0.7],
    nominalThicknessMm: 9,
    slope: 1,
    intercept: 0,
    contrast: [2, 5, 10],
    component: "",
    pixels: PIXELS,
    frame: 0,
    corner: [0, 0],
    ...rest,
  };
}

/** Positions z = 0, 1, … with one instance for each of the given marks. */
function positions(count: number, marksAt: (z: number) => Partial<PhaseMarks>[]): SliceInstance[][] {
  return Array.from({ length: count }, (_, z) => marksAt(z).map((marks) => slice(z, marks)));
}

describe("splitPhases", () => {
  it("takes one image per position as one phase at time 0", () => {
    const { phases, timesSeconds } = splitPhases(positions(3, () => [{}]));
    expect(phases).toHaveLength(1);
    expect(timesSeconds).toEqual([0]);
  });

  it("goes by the temporal position, from 0 or 1, and times it by the first clock that rises", () => {
    const { phases, timesSeconds, issues } = splitPhases(
      positions(3, () => [
        { temporalPosition: 2, acquisitionTime: 1000, triggerTime: 180.5, acquisitionNumber: 7 },
        { temporalPosition: 0, acquisitionTime: 1000, triggerTime: 0, acquisitionNumber: 7 },
        { temporalPosition: 1, acquisitionTime: 1000, triggerTime: 90.25, acquisitionNumber: 7 },
      ]),
    );
    expect(phases.map((phase) => phase.map(({ marks }) => marks.temporalPosition))).toEqual([
      [0, 0, 0],
      [1, 1, 1],
      [2, 2, 2],
    ]);
    expect(timesSeconds).toEqual([0, 90.25, 180.5]);
    expect(issues).toEqual([]);
  });

  it("lets one phase carry several times, as long as it ends before the next begins", () => {
    const { timesSeconds } = splitPhases(
      positions(4, (z) => [
        { acquisitionTime: 100 + z },
        { acquisitionTime: 200 + z },
        { acquisitionTime: 350 + z },
      ]),
    );
    expect(timesSeconds).toEqual([0, 100, 250]);
  });

  it("passes over a clock under which phases would overlap, and over one that some images lack", () => {
    const { timesSeconds, phases, issues } = splitPhases(
      positions(4, (z) => [
        { triggerTime: z * 50, acquisitionTime: z === 2 ? 5 : 0, contentTime: 900 },
        { triggerTime: z * 50 + 60, ...(z === 1 ? {} : { acquisitionTime: 80 }), contentTime: 1100 },
      ]),
    );
    expect(phases[1].map(({ marks }) => marks.contentTime)).toEqual([1100, 1100, 1100, 1100]);
    expect(timesSeconds).toEqual([0, 200]);
    expect(issues.map(({ code }) => code)).toEqual(["series-times-content"]);
  });

  it("orders phases by acquisition or instance number without inventing their times", () => {
    for (const mark of ["acquisitionNumber", "instanceNumber"] as const) {
      const { phases, timesSeconds, issues } = splitPhases(
        positions(2, () => [{ [mark]: 5 }, { [mark]: 3 }]),
      );
      expect(phases.map((phase) => phase[0].marks[mark])).toEqual([3, 5]);
      expect(timesSeconds).toBeUndefined();
      expect(issues).toMatchObject([{ code: "series-times-unknown", severity: "error" }]);
    }
  });

  it("refuses a phase that misses slices, and images that nothing tells apart", () => {
    const short = positions(4, (z) =>
      z === 2 ? [{ contentTime: 0 }] : [{ contentTime: 0 }, { contentTime: 9 }],
    );
    expect(() => splitPhases(short)).toThrow(expect.objectContaining({ code: "series-phase-incomplete" }));
    const same = positions(2, () => [{ contentTime: 0 }, { contentTime: 0 }]);
    expect(() => splitPhases(same)).toThrow(expect.objectContaining({ code: "series-phases-unclear" }));
  });

  it("warns of times of derived images", () => {
    const derived = positions(2, () => [{ acquisitionTime: 0 }, { acquisitionTime: 60 }]).map((instances) =>
      instances.map((instance) => ({ ...instance, source: { ...instance.source, imageType: ["DERIVED"] } })),
    );
    expect(splitPhases(derived).issues.map(({ code }) => code)).toEqual(["series-times-derived"]);
  });
});

describe("stackSlices", () => {
  it("sorts by position along the normal and takes the distance from there, not from a thickness", () => {
    const { grid, positions: sorted } = stackSlices([slice(7), slice(2), slice(4.5)]);
    expect(sorted.map(([{ position }]) => position[2])).toEqual([2, 4.5, 7]);
    expect(grid).toMatchObject({
      shape: [3, 2, 3],
      spacingMm: [2.5, 0.8, 0.7],
      origin: [10, 20, 2],
      direction: [
        [0, 0, 1],
        [0, 1, 0],
        [1, 0, 0],
      ],
    });
  });

  it("names the gap of missing slices and refuses uneven ones", () => {
    const missing = [0, 2, 4, 8, 10].map((z) => slice(z));
    expect(() => stackSlices(missing)).toThrow(
      expect.objectContaining({
        code: "series-slices-missing",
        message: expect.stringContaining("1 slice(s) missing after slice 3"),
      }),
    );
    expect(() => stackSlices([0, 2, 4, 6.5, 8.5].map((z) => slice(z)))).toThrow(
      expect.objectContaining({ code: "series-slices-uneven" }),
    );
  });

  it("refuses a slice that is shifted sideways alone, and slices in too steep a slant", () => {
    const off = [0, 2, 4].map((z) => slice(z, {}, { position: [10 + (z === 2 ? 1 : 0), 20, z] }));
    const steep = [0, 2, 4].map((z) => slice(z, {}, { position: [10 + 2 * z, 20, z] }));
    for (const slices of [off, steep]) {
      expect(() => stackSlices(slices)).toThrow(expect.objectContaining({ code: "dicom-geometry" }));
    }
  });

  it("splits a localiser into its orientations and a multi-echo series into its echoes", () => {
    const sagittal = slice(0, {}, { orientation: [[0, 1, 0], [0, 0, -1]] }); // biome-ignore format: one line
    expect(splitByGeometry([slice(0), sagittal, slice(1)]).map(({ length }) => length)).toEqual([2, 1]);
    expect(splitByGeometry([slice(0), slice(0, {}, { contrast: [4, 5, 10] })])).toHaveLength(2);
  });
});
