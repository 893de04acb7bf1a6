/** Pixel data (PS3.3, C.7.6.3; PS3.5, chapter 8) → values. */
import { closeSync, openSync } from "node:fs";
import type { DataError } from "../../domain/errors.ts";
import type { VoxelArray } from "../../domain/volume.ts";
import { fileError, readBytes } from "../files.ts";
import {
  HOST_IS_LITTLE_ENDIAN,
  RAW_TYPES,
  type RawType,
  requireReadableSize,
  valuesOf,
} from "../raw-values.ts";
import { frameDecoder } from "./codecs.ts";
import { parseDicomHead } from "./data-set.ts";
import { parseFragments } from "./elements.ts";
import { framesOfFragments } from "./fragments.ts";
import { readAt, readInto } from "./head-file.ts";
import type { SliceInstance } from "./instance.ts";
import { type PixelSource, pixelError } from "./pixel-source.ts";

/** Slices after which other work may run, since files are read synchronously. */
const SLICES_PER_TURN = 32;

/**
 * Reads slices, each with its own rescale slope and intercept.
 *
 * @param slices of one size.
 * @returns `slices · rows · columns` values: as stored where no slice is rescaled and all are of one type, else float32.
 * @throws {DataError} `dicom-damaged`, `dicom-pixels` (other pixels than announced), `dicom-compression`,
 *   `image-too-large`, `file-missing`.
 */
export async function readSlices(slices: readonly SliceInstance[]): Promise<VoxelArray> {
  const size = slices[0].rows * slices[0].columns;
  const { type, file } = slices[0].pixels;
  requireReadableSize(slices.length * size, type, true, file);
  const values = emptyArray(slices, size);
  let open: OpenFile | undefined;
  try {
    for (const [i, slice] of slices.entries()) {
      if (open?.source !== slice.pixels) {
        open?.close();
        open = await openFile(slice.pixels);
      }
      await readSlice(slice, open, values.subarray(i * size, (i + 1) * size));
      if (i % SLICES_PER_TURN === SLICES_PER_TURN - 1) await new Promise(setImmediate);
    }
  } finally {
    open?.close();
  }
  return values;
}

function emptyArray(slices: readonly SliceInstance[], size: number): VoxelArray {
  const { type } = slices[0].pixels;
  const asStored = slices.every(
    ({ pixels, slope, intercept }) => pixels.type === type && slope === 1 && intercept === 0,
  );
  return asStored ? emptyOf(type, slices.length * size) : new Float32Array(slices.length * size);
}

function emptyOf(type: RawType, length: number): VoxelArray {
  return new RAW_TYPES[type].Array(new ArrayBuffer(length * RAW_TYPES[type].bytes));
}

interface OpenFile {
  readonly source: PixelSource;
  /** Bytes of a frame as stored uncompressed. */
  readonly frame: (index: number) => Uint8Array | Promise<Uint8Array>;
  /** Reads a frame straight into an array of its type, where bytes lie on disk as in memory. */
  readonly into: ((index: number, target: Uint8Array) => void) | undefined;
  readonly close: () => void;
}

async function openFile(source: PixelSource): Promise<OpenFile> {
  if (source.encapsulated) return openCompressed(source);
  if (source.inflated) return openInflated(source);
  const { file } = source;
  let handle: number;
  try {
    handle = openSync(file, "r");
  } catch (error) {
    throw fileError(error, file);
  }
  const length = frameBytes(source);
  const at = (index: number) => source.offset + index * length;
  return {
    source,
    frame: (index) => requireLength(readAt(handle, at(index), length, file), length, file),
    into: (index, target) => {
      if (readInto(handle, target, at(index), file) !== length) throw shrunk(file);
    },
    close: () => closeSync(handle),
  };
}

async function openInflated(source: PixelSource): Promise<OpenFile> {
  const bytes = await readBytes(source.file);
  const { inflated = bytes } = parseDicomHead(bytes, bytes.length, source.file);
  const length = frameBytes(source);
  const frame = (index: number) => {
    const start = source.offset + index * length;
    return requireLength(inflated.subarray(start, start + length), length, source.file);
  };
  return { source, frame, into: undefined, close: () => {} };
}

async function openCompressed(source: PixelSource): Promise<OpenFile> {
  const { file, offset, littleEndian, frames: count } = source;
  const decode = frameDecoder(source);
  const frames = framesOfFragments(parseFragments(await readBytes(file), offset, littleEndian, file), count);
  if (frames === undefined) {
    throw pixelError(file, "fragments that do not divide into frames", `${count} compressed frames`);
  }
  return { source, frame: (index) => decode(frames[index]), into: undefined, close: () => {} };
}

async function readSlice(slice: SliceInstance, open: OpenFile, target: VoxelArray): Promise<void> {
  const { pixels, frame, corner, rows, columns, slope, intercept } = slice;
  const whole = rows === pixels.rows && columns === pixels.columns;
  const stored = target.BYTES_PER_ELEMENT === RAW_TYPES[pixels.type].bytes && slope === 1 && intercept === 0;
  const sameArray = target.constructor === RAW_TYPES[pixels.type].Array;
  const littleEndian = pixels.encapsulated || pixels.littleEndian;
  if (whole && stored && sameArray && open.into !== undefined && littleEndian === HOST_IS_LITTLE_ENDIAN) {
    open.into(frame, new Uint8Array(target.buffer, target.byteOffset, target.byteLength));
    withoutHighBits(target, pixels);
    return;
  }
  const values = valuesOf(await open.frame(frame), pixels.type, littleEndian, pixels.file);
  withoutHighBits(values, pixels);
  const plain = slope === 1 && intercept === 0;
  for (let row = 0; row < rows; row++) {
    let from = (corner[0] + row) * pixels.columns + corner[1];
    let to = row * columns;
    if (plain) target.set(values.subarray(from, from + columns), to);
    else for (let k = 0; k < columns; k++) target[to++] = slope * values[from++] + intercept;
  }
}

/** Removes what lies above BitsStored, where overlays once were (PS3.5, 8.1.1). */
function withoutHighBits(values: VoxelArray, { type, bitsStored, signed }: PixelSource): void {
  const bits = RAW_TYPES[type].bytes * 8;
  if (bitsStored === bits || (!signed && !hasHighBits(values, bits, bitsStored))) return;
  const surplus = 32 - bitsStored;
  if (signed) for (let i = 0; i < values.length; i++) values[i] = (values[i] << surplus) >> surplus;
  else for (let i = 0; i < values.length; i++) values[i] = (values[i] << surplus) >>> surplus;
}

/** Whether any value needs more than its stored bits; looks at four bytes at a time, since hardly any image does. */
function hasHighBits(values: VoxelArray, bits: number, bitsStored: number): boolean {
  if (values.byteOffset % 4 !== 0 || values.byteLength % 4 !== 0) return true;
  const words = new Uint32Array(values.buffer, values.byteOffset, values.byteLength / 4);
  let seen = 0;
  for (let i = 0; i < words.length; i++) seen |= words[i];
  const high = (2 ** bits - 2 ** bitsStored) * (bits === 8 ? 0x01010101 : bits === 16 ? 0x00010001 : 1);
  return (seen & high) !== 0;
}

function frameBytes({ rows, columns, type }: PixelSource): number {
  return rows * columns * RAW_TYPES[type].bytes;
}

function requireLength(bytes: Uint8Array, length: number, file: string): Uint8Array {
  if (bytes.length === length) return bytes;
  throw shrunk(file);
}

function shrunk(file: string): DataError {
  return pixelError(file, "fewer pixels than when its attributes were read", "a file that does not change");
}
