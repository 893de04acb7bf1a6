/** Pixels of segmentation frames by kind of segmentation, as stored or compressed. */
import { DataError } from "../../domain/errors.ts";
import { frameDecoder, packsSingleBits } from "./codecs.ts";
import type { DataSet } from "./data-set.ts";
import { framesOfFragments } from "./fragments.ts";
import { required } from "./instance.ts";
import { type CompressedFrame, pixelError, requireCompressedSize } from "./pixel-source.ts";

/** What a pixel of a frame, counted along rows, says of a segment. */
export type PixelValue = (pixel: number, segment: number) => number;

export interface SegmentationPixels {
  /** Number of frames. */
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
  /** Whether values are shares from 0 to 1 rather than 0 and 1. */
  readonly fractional: boolean;
  /** Whether a frame shows one segment, or all of them by their numbers (LABELMAP). */
  readonly segmentPerFrame: boolean;
  /** @throws {DataError} `dicom-pixels` where a compressed frame is damaged. */
  readonly frame: (index: number) => Promise<PixelValue>;
}

/** Values from the bytes that hold a frame; `first` is its first pixel in them, counted in pixels. */
type PixelReader = (bytes: Uint8Array, first: number) => PixelValue;

interface SegmentationKind {
  readonly bits: 1 | 8 | 16;
  readonly fractional: boolean;
  readonly segmentPerFrame: boolean;
  readonly reader: (data: DataSet) => PixelReader;
}

/** Bits without padding between them, lowest first (PS3.5, 8.1.1 and annex D). */
const packedBits: PixelReader = (bytes, first) => (pixel) => {
  const bit = first + pixel;
  return (bytes[bit >> 3] >> (bit & 7)) & 1;
};

/** By SegmentationType and BitsAllocated (PS3.3, C.8.20.2). */
const KINDS: Readonly<Record<string, SegmentationKind>> = {
  "BINARY 1": { bits: 1, fractional: false, segmentPerFrame: true, reader: () => packedBits },
  "FRACTIONAL 8": {
    bits: 8,
    fractional: true,
    segmentPerFrame: true,
    reader: (data) => {
      const most = required(data, "MaximumFractionalValue", 1)[0];
      if (!(most > 0)) {
        throw new DataError("dicom-attribute", {
          file: data.file,
          found: `MaximumFractionalValue ${most}`,
          expected: "the value of a whole share, above 0",
          remedy: "Export the segmentation again.",
        });
      }
      return (bytes, first) => (pixel) => bytes[first + pixel] / most;
    },
  },
  "LABELMAP 8": {
    bits: 8,
    fractional: false,
    segmentPerFrame: false,
    reader: () => (bytes, first) => (pixel, segment) => (bytes[first + pixel] === segment ? 1 : 0),
  },
  "LABELMAP 16": {
    bits: 16,
    fractional: false,
    segmentPerFrame: false,
    reader:
      ({ littleEndian }) =>
      (bytes, first) => {
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        return (pixel, segment) => (view.getUint16(2 * (first + pixel), littleEndian) === segment ? 1 : 0);
      },
  },
};

/**
 * The pixels of a segmentation; compressed frames are decoded one by one as they are asked for.
 *
 * @throws {DataError} `segmentation-type`, `dicom-pixels` where there are fewer pixels than announced, `dicom-compression`,
 *   `segmentation-lossy`, `dicom-attribute`.
 */
export function segmentationPixels(data: DataSet): SegmentationPixels {
  const kind = kindOf(data);
  const size = {
    rows: required(data, "Rows", 1)[0],
    columns: required(data, "Columns", 1)[0],
    count: data.number("NumberOfFrames") ?? 1,
  };
  const { fractional, segmentPerFrame } = kind;
  if (!Object.values(size).every((value) => Number.isInteger(value) && value > 0)) {
    throw new DataError("dicom-attribute", {
      file: data.file,
      found: `${size.count} frames of ${size.rows}x${size.columns} pixels`,
      expected: "whole positive Rows, Columns and NumberOfFrames",
      remedy: "Export the segmentation again.",
    });
  }
  requireLossless(data, kind);
  const fragments = data.element("PixelData")?.fragments;
  const frame =
    fragments === undefined ? storedFrames(data, kind, size) : compressedFrames(data, kind, size, fragments);
  return { ...size, fractional, segmentPerFrame, frame };
}

/** Transfer syntaxes that never or seldom keep values (PS3.6, table A-1): JPEG, JPEG-LS near-lossless. */
const LOSSY_SYNTAXES: ReadonlySet<string> = new Set([
  "1.2.840.10008.1.2.4.50",
  "1.2.840.10008.1.2.4.51",
  "1.2.840.10008.1.2.4.81",
]);

/** Numbers of segments must not be blurred (PS3.3, C.8.20.2.3); shares may be. */
function requireLossless(data: DataSet, { fractional }: SegmentationKind): void {
  const lossy = LOSSY_SYNTAXES.has(data.transferSyntax) || data.text("LossyImageCompression") === "01";
  if (!lossy || fractional) return;
  throw new DataError("segmentation-lossy", {
    file: data.file,
    found: `segments in lossy compression (transfer syntax ${data.transferSyntax})`,
    expected: "segments as they were drawn",
    remedy: "Export the segmentation again, uncompressed or losslessly compressed.",
  });
}

type Size = Pick<SegmentationPixels, "count" | "rows" | "columns">;

function kindOf(data: DataSet): SegmentationKind {
  const type = data.text("SegmentationType") ?? "none";
  const bits = required(data, "BitsAllocated", 1)[0];
  const kind = KINDS[`${type} ${bits}`];
  if (kind !== undefined) return kind;
  throw new DataError("segmentation-type", {
    file: data.file,
    found: `a segmentation of type ${type} with ${bits} bits per pixel`,
    expected: "BINARY with 1 bit, FRACTIONAL with 8 bits or LABELMAP with 8 or 16",
    remedy: "Export the segmentation again as one of these.",
  });
}

/** Bits run on through frames without padding. */
function storedFrames(
  data: DataSet,
  { bits, reader }: SegmentationKind,
  { count, rows, columns }: Size,
): SegmentationPixels["frame"] {
  const bytes = data.element("PixelData")?.bytes ?? new Uint8Array(0);
  const needed = Math.ceil((count * rows * columns * bits) / 8);
  if (bytes.length < needed) throw pixelError(data.file, `${bytes.length} bytes of pixels`, `${needed}`);
  const read = reader(data);
  return async (index) => read(bytes, index * rows * columns);
}

/** Codecs of bytes pack the bits of each frame by itself (PS3.5, 8.2.2 and 8.2.16); those of pictures give a byte per pixel. */
function compressedFrames(
  data: DataSet,
  { bits, reader }: SegmentationKind,
  { count, rows, columns }: Size,
  fragments: readonly Uint8Array[],
): SegmentationPixels["frame"] {
  const { file, transferSyntax } = data;
  requireCompressedSize({ file, rows, columns });
  const packed = bits === 1 && packsSingleBits(transferSyntax);
  const stored: CompressedFrame = {
    file,
    transferSyntax,
    ...(packed ? { rows: 1, columns: Math.ceil((rows * columns) / 8) } : { rows, columns }),
    type: bits === 16 ? "uint16" : "uint8",
    bitsStored: bits === 1 && !packed ? 1 : (data.number("BitsStored") ?? bits),
    signed: false,
  };
  const decode = frameDecoder(stored);
  const frames = framesOfFragments(fragments, count);
  if (frames === undefined) {
    throw pixelError(file, "fragments that do not divide into frames", `${count} compressed frames`);
  }
  const read: PixelReader =
    bits === 1 && !packed ? (bytes) => (pixel) => (bytes[pixel] === 0 ? 0 : 1) : reader(data);
  return async (index) => read(await decode(frames[index]), 0);
}
