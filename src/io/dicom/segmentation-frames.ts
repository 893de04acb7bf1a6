/** Frames of a segmentation object: their pixels by kind of segmentation, and where they lie. */
import { DataError } from "../../domain/errors.ts";
import type { Triple } from "../../domain/grid.ts";
import { cross } from "../affine.ts";
import type { AttributeName } from "./attributes.ts";
import type { DataSet } from "./data-set.ts";
import { required } from "./instance.ts";

/** Pixels of all frames, one after the other. */
export interface FramePixels {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
  /** Whether values are shares from 0 to 1 rather than 0 and 1. */
  readonly fractional: boolean;
  /** Whether a frame shows one segment, or all of them by their numbers (LABELMAP). */
  readonly segmentPerFrame: boolean;
  /** What a pixel, counted through all frames, says of a segment. */
  readonly value: (pixel: number, segment: number) => number;
}

/** Place and content of a frame. */
export interface Frame {
  /** The segment that it shows; undefined in a label map, whose frames show all. */
  readonly segment: number | undefined;
  /** LPS mm, centre of the first pixel. */
  readonly position: Triple;
  /** Unit vectors of the slice normal, along a column (of rising row) and along a row. */
  readonly direction: readonly [Triple, Triple, Triple];
  /** Between rows, then between columns, mm. */
  readonly pixelSpacing: readonly [number, number];
  /** Distance of slices or else their thickness, mm, where stated. */
  readonly thicknessMm: number | undefined;
}

type PixelReader = (bytes: Uint8Array, data: DataSet) => Omit<FramePixels, "count" | "rows" | "columns">;

/** By SegmentationType and BitsAllocated (PS3.3, C.8.20.2). */
const PIXEL_READERS: Readonly<Record<string, PixelReader>> = {
  // Bits run on through frames without padding, lowest first (PS3.5, 8.1.1 and annex D).
  "BINARY 1": (bytes) => ({
    fractional: false,
    segmentPerFrame: true,
    value: (pixel) => (bytes[pixel >> 3] >> (pixel & 7)) & 1,
  }),
  "FRACTIONAL 8": (bytes, data) => {
    const most = required(data, "MaximumFractionalValue", 1)[0];
    return { fractional: true, segmentPerFrame: true, value: (pixel) => bytes[pixel] / most };
  },
  "LABELMAP 8": (bytes) => ({
    fractional: false,
    segmentPerFrame: false,
    value: (pixel, segment) => (bytes[pixel] === segment ? 1 : 0),
  }),
  "LABELMAP 16": (bytes, { littleEndian }) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return {
      fractional: false,
      segmentPerFrame: false,
      value: (pixel, segment) => (view.getUint16(2 * pixel, littleEndian) === segment ? 1 : 0),
    };
  },
};

/** @throws {DataError} `segmentation-type`, `dicom-pixels` where pixels are compressed or fewer than announced, `dicom-attribute`. */
export function framePixels(data: DataSet): FramePixels {
  const type = data.text("SegmentationType") ?? "none";
  const bits = required(data, "BitsAllocated", 1)[0];
  const element = data.element("PixelData");
  const bytes = element?.bytes ?? new Uint8Array(0);
  const reader = PIXEL_READERS[`${type} ${bits}`];
  if (reader === undefined) {
    throw new DataError("segmentation-type", {
      file: data.file,
      found: `a segmentation of type ${type} with ${bits} bits per pixel`,
      expected: "BINARY with 1 bit, FRACTIONAL with 8 bits or LABELMAP with 8 or 16",
      remedy: "Export the segmentation again as one of these.",
    });
  }
  const rows = required(data, "Rows", 1)[0];
  const columns = required(data, "Columns", 1)[0];
  const count = data.number("NumberOfFrames") ?? 1;
  const needed = Math.ceil((count * rows * columns * bits) / 8);
  if (bytes.length < needed) {
    throw new DataError("dicom-pixels", {
      file: data.file,
      found: element?.fragments === undefined ? `${bytes.length} bytes of pixels` : "compressed pixels",
      expected: `${needed} uncompressed bytes`,
      remedy: "Export the segmentation again, uncompressed.",
    });
  }
  return { count, rows, columns, ...reader(bytes, data) };
}

/** @throws {DataError} `dicom-attribute` where a frame does not say where it lies or what it shows. */
export function framesOf(data: DataSet, { count, segmentPerFrame }: FramePixels): Frame[] {
  const shared = data.items("SharedFunctionalGroupsSequence")[0];
  const perFrame = data.items("PerFrameFunctionalGroupsSequence");
  return Array.from({ length: count }, (_, i) => {
    const groups = [perFrame[i], shared].filter((group) => group !== undefined);
    const macro = (name: AttributeName) => functionalGroup(groups, name, data.file);
    const position = required(macro("PlanePositionSequence"), "ImagePositionPatient", 3);
    const cosines = required(macro("PlaneOrientationSequence"), "ImageOrientationPatient", 6);
    const measures = macro("PixelMeasuresSequence");
    const spacing = required(measures, "PixelSpacing", 2);
    const alongRow: Triple = [cosines[0], cosines[1], cosines[2]];
    const alongColumn: Triple = [cosines[3], cosines[4], cosines[5]];
    return {
      segment: segmentPerFrame
        ? required(macro("SegmentIdentificationSequence"), "ReferencedSegmentNumber", 1)[0]
        : undefined,
      position: [position[0], position[1], position[2]],
      direction: [cross(alongRow, alongColumn), alongColumn, alongRow],
      pixelSpacing: [spacing[0], spacing[1]],
      thicknessMm: measures.number("SpacingBetweenSlices") ?? measures.number("SliceThickness"),
    };
  });
}

/** A functional group macro, per frame or shared by all (PS3.3, C.7.6.16). */
function functionalGroup(groups: readonly DataSet[], name: AttributeName, file: string): DataSet {
  for (const group of groups) {
    const item = group.items(name)[0];
    if (item !== undefined) return item;
  }
  throw new DataError("dicom-attribute", {
    file,
    found: `no ${name}`,
    expected: `${name} per frame or shared`,
    remedy: "Export the segmentation again.",
  });
}
