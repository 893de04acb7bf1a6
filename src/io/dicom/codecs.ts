/** Decompression of single frames: RLE here, the rest by dcmjs-codecs (libjpeg-turbo, CharLS, OpenJPEG and OpenJPH, compiled to WebAssembly). */
import type { Context, NativeCodecs } from "dcmjs-codecs";
import { DataError } from "../../domain/errors.ts";
import { RAW_TYPES } from "../raw-values.ts";
import { type Codestream, jpeg2000Header, jpegHeader } from "./codestream.ts";
import { type PixelSource, pixelError } from "./pixel-source.ts";
import { decodeRle } from "./rle.ts";

type Decoder = "decodeJpeg" | "decodeJpegLs" | "decodeJpeg2000" | "decodeHtJpeg2000";

interface Codec {
  readonly decoder: Decoder;
  /** What the compressed bytes say of their size; undefined where they are not of this kind. */
  readonly header: (bytes: Uint8Array) => Codestream | undefined;
}

const JPEG: Codec = { decoder: "decodeJpeg", header: jpegHeader };
const JPEG_LS: Codec = { decoder: "decodeJpegLs", header: jpegHeader };
const JPEG_2000: Codec = { decoder: "decodeJpeg2000", header: jpeg2000Header };
const HTJ2K: Codec = { decoder: "decodeHtJpeg2000", header: jpeg2000Header };

const RLE = "1.2.840.10008.1.2.5";
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
export function frameDecoder(source: PixelSource): FrameDecoder {
  if (source.transferSyntax === RLE) return (compressed) => decodeRle(compressed, source);
  const codec = CODECS[source.transferSyntax];
  if (codec === undefined) {
    throw new DataError("dicom-compression", {
      file: source.file,
      found: `pixels in transfer syntax ${source.transferSyntax}`,
      expected: "uncompressed, deflated, RLE, JPEG, JPEG-LS, JPEG 2000 or HTJ2K",
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

function decodeFrame(
  loaded: Library,
  { decoder, header }: Codec,
  source: PixelSource,
  compressed: Uint8Array,
): Uint8Array {
  const { file, rows, columns, type, bitsStored, signed } = source;
  const bits = RAW_TYPES[type].bytes * 8;
  const stated = header(compressed);
  // A decoder must not be asked for a size that the file's attributes do not vouch for.
  if (stated === undefined || stated.rows !== rows || stated.columns !== columns || stated.bits > bits) {
    const found =
      stated === undefined
        ? "a frame that is not in the compression that the file states"
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
