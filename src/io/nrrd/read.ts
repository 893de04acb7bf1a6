/** NRRD files → volumes. */
import { dirname, resolve } from "node:path";
import { DataError } from "../../domain/errors.ts";
import { voxelCount } from "../../domain/grid.ts";
import { createVolume, type VoxelArray } from "../../domain/volume.ts";
import { readBytes } from "../files.ts";
import { gunzipUpTo } from "../gzip.ts";
import { RAW_TYPES, type RawType, requireReadableSize, valuesOf } from "../raw-values.ts";
import type { VolumeFromFile } from "../volume-file.ts";
import { gridOfHeader } from "./geometry.ts";
import { badHeader, type NrrdHeader, parseNrrdHeader, requiredField } from "./header.ts";

/**
 * Reads a three-dimensional scalar NRRD image, its data attached or in one file beside the header, encoded as raw, gzip
 * or text.
 *
 * @returns the volume in LPS, in the type of the file (64-bit integers become float64).
 * @throws {DataError} `file-missing` (the header or its data file), `nrrd-header`, `nrrd-dimensions`, `nrrd-geometry`,
 *   `nrrd-encoding` (an encoding or a list of data files that is not read), `nrrd-truncated`, `gzip-damaged`, `image-too-large`.
 */
export async function readNrrd(file: string): Promise<VolumeFromFile> {
  const bytes = await readBytes(file);
  const header = parseNrrdHeader(bytes, file);
  const { grid, issues } = gridOfHeader(header, file);
  const encoding = requiredField(header, "encoding", file).toLowerCase();
  const decode = ENCODINGS[encoding];
  if (decode === undefined) throw unreadEncoding(file, `the encoding "${encoding}"`);
  const type = typeOf(header, file);
  requireReadableSize(voxelCount(grid), type, false, file);
  const decoded = decode({
    stored: await storedData(header, bytes, file),
    count: voxelCount(grid),
    type,
    skip: byteSkip(header, file),
    header,
    file,
  });
  return { ...createVolume(grid, await decoded), issues };
}

interface Encoded {
  /** After `line skip`, before `byte skip`. */
  readonly stored: Uint8Array;
  readonly count: number;
  readonly type: RawType;
  /** Bytes to leave out before the values; −1: all but the last ones that are needed. */
  readonly skip: number;
  readonly header: NrrdHeader;
  readonly file: string;
}

type Decoder = (encoded: Encoded) => VoxelArray | Promise<VoxelArray>;

function raw(encoded: Encoded): VoxelArray {
  const { stored, count, type, skip, file } = encoded;
  const length = count * RAW_TYPES[type].bytes;
  const start = skip === -1 ? stored.length - length : skip;
  if (start < 0 || stored.length < start + length) throw truncated(file, stored.length, start + length);
  return valuesOf(stored.subarray(start, start + length), type, isLittleEndian(encoded), file);
}

async function gzipped(encoded: Encoded): Promise<VoxelArray> {
  const { stored, count, type, skip, file } = encoded;
  if (skip < 0) throw badHeader(file, "byte skip -1 with gzip data", "byte skip -1 with raw data only");
  const wanted = skip + count * RAW_TYPES[type].bytes;
  // "If the encoding is gzip, byte skip applies to the decompressed stream" (section Detached headers).
  return raw({ ...encoded, stored: await gunzipUpTo(stored, wanted, file) });
}

function text({ stored, count, type, file }: Encoded): VoxelArray {
  const words = Buffer.from(stored).toString("latin1").trim().split(/\s+/);
  if (words.length < count) throw truncated(file, words.length, count, "values");
  const values = Float64Array.from(words.slice(0, count), Number);
  const wrong = values.findIndex((value, i) => Number.isNaN(value) && !/^[-+]?nan$/i.test(words[i]));
  if (wrong >= 0) throw badHeader(file, `the value "${words[wrong]}"`, "numbers separated by white space");
  return new RAW_TYPES[type].Array(values);
}

const ENCODINGS: Readonly<Record<string, Decoder>> = {
  raw,
  gzip: gzipped,
  gz: gzipped,
  ascii: text,
  text,
  txt: text,
};

/** Type names of the definition, which are those of C and of common libraries. */
const TYPES: Readonly<Record<string, RawType>> = {
  "signed char": "int8",
  int8: "int8",
  int8_t: "int8",
  uchar: "uint8",
  "unsigned char": "uint8",
  uint8: "uint8",
  uint8_t: "uint8",
  short: "int16",
  "short int": "int16",
  "signed short": "int16",
  "signed short int": "int16",
  int16: "int16",
  int16_t: "int16",
  ushort: "uint16",
  "unsigned short": "uint16",
  "unsigned short int": "uint16",
  uint16: "uint16",
  uint16_t: "uint16",
  int: "int32",
  "signed int": "int32",
  int32: "int32",
  int32_t: "int32",
  uint: "uint32",
  "unsigned int": "uint32",
  uint32: "uint32",
  uint32_t: "uint32",
  longlong: "int64",
  "long long": "int64",
  "long long int": "int64",
  "signed long long": "int64",
  "signed long long int": "int64",
  int64: "int64",
  int64_t: "int64",
  ulonglong: "uint64",
  "unsigned long long": "uint64",
  "unsigned long long int": "uint64",
  uint64: "uint64",
  uint64_t: "uint64",
  float: "float32",
  double: "float64",
};

function typeOf(header: NrrdHeader, file: string): RawType {
  const written = requiredField(header, "type", file);
  const type = TYPES[written.toLowerCase()];
  if (type === undefined) throw badHeader(file, `the type "${written}"`, "a scalar integer or float type");
  return type;
}

function isLittleEndian({ header, type, file }: Encoded): boolean {
  if (RAW_TYPES[type].bytes === 1) return true;
  const endian = requiredField(header, "endian", file).toLowerCase();
  if (endian === "little" || endian === "big") return endian === "little";
  throw badHeader(file, `the byte order "${endian}"`, "little or big");
}

/** The data as stored: after the header, or in the file that the header names, past `line skip` lines. */
async function storedData(header: NrrdHeader, bytes: Uint8Array, file: string): Promise<Uint8Array> {
  const name = header.fields.get("data file");
  if (name === undefined) return bytes.subarray(header.end);
  if (/^LIST\b/.test(name) || /%[0-9]*d/.test(name))
    throw unreadEncoding(file, `data in several files ("${name}")`);
  const data = await readBytes(resolve(dirname(file), name));
  let at = 0;
  for (let line = Number(header.fields.get("line skip") ?? 0); line > 0; line--) {
    const newline = data.indexOf(0x0a, at);
    if (newline < 0) throw truncated(file, data.length, data.length + 1);
    at = newline + 1;
  }
  return data.subarray(at);
}

function byteSkip({ fields }: NrrdHeader, file: string): number {
  const skip = Number(fields.get("byte skip") ?? 0);
  if (Number.isInteger(skip) && skip >= -1) return skip;
  throw badHeader(file, `byte skip ${skip}`, "a whole number from -1");
}

function unreadEncoding(file: string, found: string): DataError {
  return new DataError("nrrd-encoding", {
    file,
    found,
    expected: "raw, gzip or text data in one file",
    remedy: "Export the image again with one of these.",
  });
}

function truncated(file: string, found: number, expected: number, unit = "bytes"): DataError {
  return new DataError("nrrd-truncated", {
    file,
    found: `${found} ${unit} of data`,
    expected: `${expected} ${unit}`,
    remedy: "The file is cut off: copy or export it again.",
  });
}
