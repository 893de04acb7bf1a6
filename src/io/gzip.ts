/** Decompression that cannot exhaust the memory: the caller says how many bytes it needs. */
import { createGunzip } from "node:zlib";
import { DataError } from "../domain/errors.ts";

/** Deflate codes at most 258 bytes in two bits (RFC 1951), so no honest stream expands further than this. */
const LARGEST_EXPANSION = 1032;

export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length > 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The first `wanted` bytes of a gzip stream (RFC 1952, several members allowed), or all of them where the stream is
 * shorter. Check sums are verified where the stream ends within `wanted`.
 *
 * @throws {DataError} `gzip-damaged` where the stream is cut off or its check sum is wrong.
 */
export async function gunzipUpTo(compressed: Uint8Array, wanted: number, file: string): Promise<Uint8Array> {
  // A header may promise more than the stream could ever hold; then nothing of that size is allocated.
  const result = new Uint8Array(Math.min(wanted, compressed.length * LARGEST_EXPANSION));
  const inflate = createGunzip({ chunkSize: Math.min(1 << 20, Math.max(1 << 12, wanted)) });
  let length = 0;
  try {
    inflate.end(compressed);
    for await (const chunk of inflate as AsyncIterable<Buffer>) {
      const room = result.length - length;
      result.set(chunk.length > room ? chunk.subarray(0, room) : chunk, length);
      length += Math.min(room, chunk.length);
      if (chunk.length > room) break;
    }
  } catch (error) {
    throw new DataError(
      "gzip-damaged",
      {
        file,
        found: `the compressed data are damaged or cut off (${(error as Error).message})`,
        expected: "a whole gzip stream",
        remedy: "Copy or export the file again.",
      },
      { cause: error },
    );
  } finally {
    inflate.destroy();
  }
  return result.subarray(0, length);
}
