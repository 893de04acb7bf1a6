/** Where the pixels of a file lie and how they are stored (PS3.3, C.7.6.3; PS3.5, chapter 8). */
import { DataError } from "../../domain/errors.ts";
import { RAW_TYPES, type RawType } from "../raw-values.ts";
import type { DicomHead } from "./data-set.ts";

export interface PixelSource {
  readonly file: string;
  readonly transferSyntax: string;
  /** Byte at which the pixel data, or their fragments, begin: of the file, or of the inflated data set. */
  readonly offset: number;
  readonly inflated: boolean;
  readonly encapsulated: boolean;
  readonly littleEndian: boolean;
  /** Of each frame as stored. */
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  readonly type: RawType;
  readonly bitsStored: number;
  readonly signed: boolean;
}

/** What decoding a compressed frame needs to know. */
export type CompressedFrame = Pick<
  PixelSource,
  "file" | "transferSyntax" | "rows" | "columns" | "type" | "bitsStored" | "signed"
>;

const PIXEL_DATA = 0x7fe00010;
const FLOAT_TYPES: Readonly<Record<number, RawType>> = { 2145386504: "float32", 2145386505: "float64" };
const PIXEL_TYPES: Readonly<Record<string, RawType>> = {
  "8u": "uint8",
  "8s": "int8",
  "16u": "uint16",
  "16s": "int16",
  "32u": "uint32",
  "32s": "int32",
};
/** Compressed frames say nothing by their length, so a crafted size must not be believed: 8192² pixels. */
const LARGEST_COMPRESSED_FRAME = 2 ** 26;

/**
 * The pixels of a file, of which there must be as many as its attributes announce; padding after them is allowed.
 *
 * @throws {DataError} `dicom-attribute` where rows, columns or frames are not positive, `dicom-pixels` where pixels are
 *   missing or stored in a way that is not read.
 */
export function pixelSourceOf({ data, pixels, inflated }: DicomHead): PixelSource | undefined {
  if (pixels === undefined) return undefined;
  const { file, transferSyntax, littleEndian } = data;
  const size = {
    rows: data.number("Rows"),
    columns: data.number("Columns"),
    frames: data.number("NumberOfFrames"),
  };
  const { rows = 0, columns = 0, frames = 1 } = size;
  if (![rows, columns, frames].every((value) => Number.isInteger(value) && value > 0)) {
    throw new DataError("dicom-attribute", {
      file,
      found: `${frames} frames of ${rows}x${columns} pixels`,
      expected: "whole positive Rows, Columns and NumberOfFrames",
      remedy: "Export the image again.",
    });
  }
  const allocated = data.number("BitsAllocated") ?? 0;
  const bitsStored = data.number("BitsStored") ?? allocated;
  const signed = data.number("PixelRepresentation") === 1;
  const isFloat = pixels.tag !== PIXEL_DATA;
  const type = isFloat ? FLOAT_TYPES[pixels.tag] : PIXEL_TYPES[`${allocated}${signed ? "s" : "u"}`];
  const highBit = data.number("HighBit") ?? bitsStored - 1;
  if (
    type === undefined ||
    (!isFloat && (bitsStored < 1 || bitsStored > allocated || highBit !== bitsStored - 1))
  ) {
    throw pixelError(
      file,
      `pixels of ${bitsStored} bits in ${allocated}, high bit ${highBit}`,
      "8, 16 or 32 bits, the stored ones lowest",
    );
  }
  const encapsulated = pixels.length === undefined;
  const needed = rows * columns * frames * RAW_TYPES[type].bytes;
  if (!encapsulated && pixels.length < needed) {
    throw pixelError(file, `${pixels.length} bytes of pixels`, `${needed}`);
  }
  if (encapsulated) requireCompressedSize({ file, rows, columns });
  return {
    file,
    transferSyntax,
    offset: pixels.offset,
    inflated: inflated !== undefined,
    encapsulated,
    littleEndian,
    rows,
    columns,
    frames,
    type,
    bitsStored: isFloat ? RAW_TYPES[type].bytes * 8 : bitsStored,
    signed,
  };
}

/** @throws {DataError} `dicom-pixels` where compressed frames are larger than any that is believed. */
export function requireCompressedSize({
  file,
  rows,
  columns,
}: Pick<PixelSource, "file" | "rows" | "columns">): void {
  if (rows * columns <= LARGEST_COMPRESSED_FRAME) return;
  throw pixelError(
    file,
    `compressed frames of ${rows}x${columns} pixels`,
    `at most ${LARGEST_COMPRESSED_FRAME} pixels`,
  );
}

export function pixelError(file: string, found: string, expected: string, cause?: unknown): DataError {
  return new DataError(
    "dicom-pixels",
    { file, found, expected, remedy: "Export the file again, uncompressed if possible." },
    { cause },
  );
}
