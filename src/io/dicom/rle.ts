/** RLE compression (PS3.5, annex G). */
import { RAW_TYPES } from "../raw-values.ts";
import { type CompressedFrame, pixelError } from "./pixel-source.ts";

const HEADER_BYTES = 64;

/**
 * Decodes a frame: one segment per byte of a pixel, the most significant first, each in PackBits.
 *
 * @returns the pixels, little endian.
 * @throws {DataError} `dicom-pixels` where a segment is missing, cut off, or holds another number of pixels than the frame.
 */
export function decodeRle(
  compressed: Uint8Array,
  { file, rows, columns, type }: CompressedFrame,
): Uint8Array {
  const size = RAW_TYPES[type].bytes;
  const count = rows * columns;
  const damaged = (found: string) => pixelError(file, found, `${size} RLE segments of ${count} pixels`);
  if (compressed.length < HEADER_BYTES) throw damaged(`a compressed frame of ${compressed.length} bytes`);
  const view = new DataView(compressed.buffer, compressed.byteOffset, compressed.byteLength);
  const segments = view.getUint32(0, true);
  if (segments !== size) throw damaged(`${segments} RLE segments`);
  const pixels = new Uint8Array(count * size);
  for (let segment = 0; segment < size; segment++) {
    const start = view.getUint32(4 + 4 * segment, true);
    const end = segment + 1 < size ? view.getUint32(8 + 4 * segment, true) : compressed.length;
    if (start < HEADER_BYTES || end < start || end > compressed.length) {
      throw damaged(`an RLE segment from byte ${start} to ${end} of ${compressed.length}`);
    }
    const done = unpack(compressed.subarray(start, end), pixels, size - 1 - segment, size);
    if (done !== count) throw damaged(`an RLE segment of ${done} pixels`);
  }
  return pixels;
}

/** Expands a segment into every `step`-th byte from `at` on; stops when they are full. Returns how many were written. */
function unpack(packed: Uint8Array, target: Uint8Array, at: number, step: number): number {
  const most = Math.floor(target.length / step);
  let done = 0;
  let to = at;
  for (let from = 0; from < packed.length && done < most; ) {
    const code = packed[from++];
    if (code === 128) continue;
    const run = code > 128;
    const length = Math.min(run ? 257 - code : code + 1, most - done);
    if (from + (run ? 1 : length) > packed.length) return done;
    for (let k = 0; k < length; k++, to += step) target[to] = packed[run ? from : from + k];
    from += run ? 1 : code + 1;
    done += length;
  }
  return done;
}
