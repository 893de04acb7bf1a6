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
      echoPlanar: false,
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
    imagedBreast: undefined,
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

  it("refuses images that nothing tells apart", () => {
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

describe("an interrupted phase", () => {
  /** Images of the phases at given times, of which one lacks the slices from a position on. */
  const interrupted = (phase: number, from: number, marksAt: (z: number) => Partial<PhaseMarks>[]) =>
    positions(8, marksAt).map((images, z) => images.filter((_, i) => i !== phase || z < from));
  const constant = (z: number) =>
    [0, 90, 180, 270].map((time, i) => ({ acquisitionTime: 1000 + time, instanceNumber: 8 * i + z }));
  const timesOf = (slices: ReturnType<typeof positions>) => {
    const { phases, timesSeconds, issues } = splitPhases(slices);
    expect(phases.every(({ length }) => length === 8)).toBe(true);
    return { timesSeconds, codes: issues.map(({ code, severity }) => [code, severity]) };
  };
  const warned = [["series-phase-incomplete", "warning"]];

  it("is left out with a warning, be it the last or one between", () => {
    expect(timesOf(interrupted(3, 2, constant))).toEqual({ timesSeconds: [0, 90, 180], codes: warned });
    expect(timesOf(interrupted(1, 7, constant))).toEqual({ timesSeconds: [0, 180, 270], codes: warned });
    const { issues } = splitPhases(interrupted(3, 2, constant));
    expect(issues[0].message).toContain("phase 4 of 4, by AcquisitionTime, covers 2 of 8 slices");
  });

  it("is found where every slice has a time of its own, if phases lie further apart than slices", () => {
    const rising = (pause: number) => (z: number) =>
      [0, 1, 2].map((phase) => ({ acquisitionTime: phase * (8 + pause) + z }));
    expect(timesOf(interrupted(2, 3, rising(30)))).toEqual({ timesSeconds: [0, 38], codes: warned });
    // Without a pause between phases the same times may be read in several ways.
    expect(() => splitPhases(interrupted(2, 3, rising(0)))).toThrow("5 of 8 slice positions have fewer");
  });

  it("refuses the series where it is the first, where one whole phase is left, or where several lack slices", () => {
    const refused = expect.objectContaining({ code: "series-phase-incomplete" });
    expect(() => splitPhases(interrupted(0, 6, constant))).toThrow("phase 1 of 4");
    expect(() => splitPhases(interrupted(1, 6, (z) => constant(z).slice(0, 2)))).toThrow(refused);
    const several = interrupted(3, 6, constant).map((images, z) => images.filter((_, i) => i !== 2 || z < 7));
    expect(() => splitPhases(several)).toThrow(refused);
    const scattered = interrupted(3, 6, constant).map((images, z) =>
      images.filter((_, i) => i !== 2 || z > 0),
    );
    expect(() => splitPhases(scattered)).toThrow(refused);
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
