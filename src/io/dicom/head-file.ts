/** The beginning of a DICOM file, up to its pixels. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { fileError } from "../files.ts";
import { type DicomHead, isDicom, parseDicomHead } from "./data-set.ts";
import { MoreBytesNeeded, parseFragments } from "./elements.ts";

/** Holds the attributes of most single-frame files. */
const FIRST_READ = 1 << 14;

/**
 * Memory that the heads of many files may share, one after the other: a buffer per file would keep the garbage collector busier
 * than the parser.
 */
export function headScratch(): Uint8Array {
  return new Uint8Array(FIRST_READ);
}

/**
 * Reads a file up to its pixel data and checks that these are whole. Reading is synchronous: on local disks that takes a
 * third of the time of asynchronous calls, of which each file needs four.
 *
 * @param scratch from {@link headScratch}; the data set is good until it is used for the next file.
 * @returns undefined where the file is not DICOM.
 * @throws {DataError} `file-missing`, `file-unreadable`, `dicom-damaged`.
 */
export function readDicomHead(file: string, scratch = headScratch()): DicomHead | undefined {
  let handle: number;
  try {
    handle = openSync(file, "r");
  } catch (error) {
    throw fileError(error, file);
  }
  try {
    return readHead(handle, file, scratch);
  } finally {
    closeSync(handle);
  }
}

function readHead(handle: number, file: string, scratch: Uint8Array): DicomHead | undefined {
  const total = fstatSync(handle).size;
  let size = Math.min(total, FIRST_READ);
  for (;;) {
    const target = size <= scratch.length ? scratch.subarray(0, size) : new Uint8Array(size);
    const bytes = target.subarray(0, readInto(handle, target, 0, file));
    if (!isDicom(bytes)) return undefined;
    try {
      const head = parseDicomHead(bytes, bytes.length < size ? bytes.length : total, file);
      requireWhole(head, bytes, total, file);
      return head;
    } catch (error) {
      if (!(error instanceof MoreBytesNeeded) || size === total) throw error;
      size = Math.min(total, Math.max(error.bytes, 4 * size));
    }
  }
}

/** Compressed pixel data state no length, so their fragments are followed to the end. */
function requireWhole({ data, pixels, inflated }: DicomHead, bytes: Uint8Array, total: number, file: string) {
  if (pixels === undefined || pixels.length !== undefined) return;
  const body = inflated ?? bytes;
  if (inflated === undefined && bytes.length < total) throw new MoreBytesNeeded(total);
  parseFragments(body, pixels.offset, data.littleEndian, file);
}

/**
 * Bytes of an open file; fewer where it ends before.
 *
 * @throws {DataError} `file-unreadable`.
 */
export function readAt(handle: number, position: number, length: number, file: string): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, readInto(handle, bytes, position, file));
}

/** Fills the target from an open file. Returns the bytes read. Throws as {@link readAt} does. */
export function readInto(handle: number, target: Uint8Array, position: number, file: string): number {
  let done = 0;
  try {
    while (done < target.length) {
      const count = readSync(handle, target, done, target.length - done, position + done);
      if (count === 0) break;
      done += count;
    }
  } catch (error) {
    throw fileError(error, file);
  }
  return done;
}
