/** Compression by all processors, and decompression that cannot exhaust the memory: the caller says how many bytes it needs. */
import { promisify } from "node:util";
import { constants, crc32, createGunzip, deflateRaw } from "node:zlib";
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

/**
 * Codes of Huffman and runs of one byte. On MR images, whose noise seldom repeats, a search for matches (level 1) takes 1.4 times as long for 2 to 10 % more, level 4 three times as
 * long.
 */
const EFFORT = { level: 1, strategy: constants.Z_RLE } as const;
/** Bytes that are compressed together: enough that the loss at the seams (a window of 32 KiB) is below 1 %. */
const BLOCK_BYTES = 1 << 20;
/** Blocks in work at once: as many as Node has threads for this. */
const BLOCKS_IN_WORK = 4;
/**
 * RFC 1952, 2.3: magic, deflate, no flags, no time, and the operating system's number, "unknown", so that every platform
 * writes the same bytes.
 */
const GZIP_HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
/** An empty last block (RFC 1951, 3.2.3). */
const DEFLATE_END = Uint8Array.of(3, 0);

/**
 * One gzip member of all parts, compressed in blocks on several threads. Each block ends at a byte, as pigz has it, so that
 * they are one deflate stream. The same parts give the same bytes on any number of threads.
 *
 * @param parts in the order in which they are to be read.
 * @returns the member in pieces, in their order.
 */
export async function gzipped(parts: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  const blocks = parts.flatMap(blocksOf);
  const packed: Uint8Array[] = new Array(blocks.length);
  let next = 0;
  const work = async () => {
    for (let i = next++; i < blocks.length; i = next++) {
      packed[i] = await promisify(deflateRaw)(blocks[i], {
        ...EFFORT,
        chunkSize: BLOCK_BYTES,
        finishFlush: constants.Z_SYNC_FLUSH,
      });
    }
  };
  await Promise.all(Array.from({ length: BLOCKS_IN_WORK }, work));
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(
    parts.reduce((sum, part) => crc32(part, sum), 0),
    0,
  );
  trailer.writeUInt32LE(parts.reduce((sum, part) => sum + part.length, 0) % 2 ** 32, 4);
  return [GZIP_HEADER, ...packed, DEFLATE_END, trailer];
}

function blocksOf(part: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.ceil(part.length / BLOCK_BYTES) }, (_, i) =>
    part.subarray(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES),
  );
}
