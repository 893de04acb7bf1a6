/** Decompression of single frames: RLE here, deflate by zlib, the rest by dcmjs-codecs (libjpeg-turbo, CharLS, OpenJPEG and OpenJPH, compiled to WebAssembly). */
import { inflateRawSync } from "node:zlib";
import type { Context, NativeCodecs } from "dcmjs-codecs";
import { DataError } from "../../domain/errors.ts";
import { RAW_TYPES } from "../raw-values.ts";
import { type Codestream, jpeg2000Header, jpegHeader, jpegLsHeader } from "./codestream.ts";
import { type CompressedFrame, pixelError } from "./pixel-source.ts";
import { decodeRle } from "./rle.ts";

type Decoder = "decodeJpeg" | "decodeJpegLs" | "decodeJpeg2000" | "decodeHtJpeg2000";

interface Codec {
  readonly decoder: Decoder;
  /** What the compressed bytes say of their size; undefined where they are not of this kind. */
  readonly header: (bytes: Uint8Array) => Codestream | undefined;
}

const JPEG: Codec = { decoder: "decodeJpeg", header: jpegHeader };
const JPEG_LS: Codec = { decoder: "decodeJpegLs", header: jpegLsHeader };
const JPEG_2000: Codec = { decoder: "decodeJpeg2000", header: jpeg2000Header };
const HTJ2K: Codec = { decoder: "decodeHtJpeg2000", header: jpeg2000Header };

/** Codecs of bytes, whatever these mean (PS3.5, annex G and A.4.13). */
const BYTE_CODECS: Readonly<Record<string, (compressed: Uint8Array, source: CompressedFrame) => Uint8Array>> =
  {
    "1.2.840.10008.1.2.5": decodeRle,
    "1.2.840.10008.1.2.8.1": inflateFrame,
  };
/** By transfer syntax (PS3.6, table A-1). */
const CODECS: Readonly<Record<string, Codec>> = {
  "1.2.840.10008.1.2.4.50": JPEG,
  "1.2.840.10008.1.2.4.51": JPEG,
  "1.2.840.10008.1.2.4.57": JPEG,
  "1.2.840.10008.1.2.4.70": JPEG,
  "1.2.840.10008.1.2.4.80": JPEG_LS,
  "1.2.840.10008.1.2.4.81": JPEG_LS,
  "1.2.840.10008.1.2.4.90": JPEG_2000,
  "1.2.840.10008.1.2.4.91": JPEG_2000,
  "1.2.840.10008.1.2.4.201": HTJ2K,
  "1.2.840.10008.1.2.4.202": HTJ2K,
  "1.2.840.10008.1.2.4.203": HTJ2K,
};

/** Decodes one frame: `rows · columns` values as stored, little endian. */
export type FrameDecoder = (compressed: Uint8Array) => Uint8Array | Promise<Uint8Array>;

interface Library {
  readonly NativeCodecs: typeof NativeCodecs;
  readonly Context: typeof Context;
}

/** Whether single-bit pixels are packed into bytes before they are compressed. */
export function packsSingleBits(transferSyntax: string): boolean {
  return BYTE_CODECS[transferSyntax] !== undefined;
}

let library: Promise<Library> | undefined;

/** Loaded where compressed pixels are met, since it takes longer to load than most commands to run. */
async function loadLibrary(): Promise<Library> {
  const { default: codecs } = await import("dcmjs-codecs");
  // What it would print, the errors that it throws say as well.
  codecs.log.setLevel("silent");
  await codecs.NativeCodecs.initializeAsync();
  return codecs;
}

/** After one damaged frame the library decodes nothing any more, so it begins anew. */
function discardLibrary(loaded: Library): void {
  loaded.NativeCodecs.release();
  library = undefined;
}

/**
 * @returns a decoder of the frames of a file.
 * @throws {DataError} `dicom-compression` for a transfer syntax that is not read. The decoder throws `dicom-pixels` where a
 *   frame is damaged or of another size than the file's attributes say.
 */
export function frameDecoder(source: CompressedFrame): FrameDecoder {
  const bytewise = BYTE_CODECS[source.transferSyntax];
  if (bytewise !== undefined) return (compressed) => bytewise(compressed, source);
  const codec = CODECS[source.transferSyntax];
  if (codec === undefined) {
    throw new DataError("dicom-compression", {
      file: source.file,
      found: `pixels in transfer syntax ${source.transferSyntax}`,
      expected: "uncompressed, deflated (as a whole or by frame), RLE, JPEG, JPEG-LS, JPEG 2000 or HTJ2K",
      remedy: "Export the file again, uncompressed if possible.",
    });
  }
  return async (compressed) => {
    let loaded: Library;
    do {
      library ??= loadLibrary();
      loaded = await library;
      // Another reader may have discarded it meanwhile.
    } while (!loaded.NativeCodecs.isInitialized());
    return decodeFrame(loaded, codec, source, compressed);
  };
}

/** A frame in raw deflate (RFC 1951), which padding to an even length may follow. */
function inflateFrame(compressed: Uint8Array, { file, rows, columns, type }: CompressedFrame): Uint8Array {
  const expected = rows * columns * RAW_TYPES[type].bytes;
  let bytes: Uint8Array;
  try {
    // One byte more may be the padding of the frame itself.
    bytes = inflateRawSync(compressed, { maxOutputLength: expected + 1 });
  } catch (error) {
    throw pixelError(file, "a deflated frame that cannot be expanded", `${expected} bytes`, error);
  }
  if (bytes.length < expected) throw pixelError(file, `${bytes.length} inflated bytes`, `${expected}`);
  return bytes.subarray(0, expected);
}

function decodeFrame(
  loaded: Library,
  { decoder, header }: Codec,
  source: CompressedFrame,
  compressed: Uint8Array,
): Uint8Array {
  const { file, rows, columns, type, bitsStored, signed } = source;
  const bits = RAW_TYPES[type].bytes * 8;
  const stated = header(compressed);
  // A decoder must not be asked for a size that the file's attributes do not vouch for.
  if (stated === undefined || stated.rows !== rows || stated.columns !== columns || stated.bits > bits) {
    const found =
      stated === undefined
        ? "a frame that is cut off or not in the compression that the file states"
        : `a compressed frame of ${stated.rows}x${stated.columns} pixels of ${stated.bits} bits`;
    throw pixelError(file, found, `${rows}x${columns} pixels of at most ${bits} bits`);
  }
  const context = new loaded.Context({
    width: columns,
    height: rows,
    bitsAllocated: bits,
    bitsStored,
    samplesPerPixel: 1,
    pixelRepresentation: signed ? 1 : 0,
    planarConfiguration: 0,
    photometricInterpretation: "MONOCHROME2",
    encodedBuffer: new Uint8Array(compressed),
  });
  let decoded: Uint8Array | undefined;
  try {
    decoded = loaded.NativeCodecs[decoder](context).getDecodedBuffer();
  } catch (error) {
    discardLibrary(loaded);
    throw pixelError(
      file,
      `compressed pixels that cannot be decoded (${String(error)})`,
      "a whole compressed frame",
      error,
    );
  }
  const expected = (rows * columns * bits) / 8;
  if (decoded?.length !== expected) {
    throw pixelError(file, `${decoded?.length ?? 0} decoded bytes`, `${expected}`);
  }
  return decoded;
}
