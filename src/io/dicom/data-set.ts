/** A DICOM file (PS3.10, chapter 7) and the values of its attributes. */
import { TextDecoder } from "node:util";
import { inflateRawSync } from "node:zlib";
import { DataError } from "../../domain/errors.ts";
import { ATTRIBUTES, type AttributeName } from "./attributes.ts";
import {
  type Element,
  type ElementTree,
  type Encoding,
  MoreBytesNeeded,
  type ParseOptions,
  type PixelElement,
  parseElements,
} from "./elements.ts";

const EXPLICIT_LITTLE: Encoding = { explicitVr: true, littleEndian: true };
const IMPLICIT_LITTLE: Encoding = { explicitVr: false, littleEndian: true };
const IMPLICIT_LITTLE_SYNTAX = "1.2.840.10008.1.2";
const EXPLICIT_LITTLE_SYNTAX = "1.2.840.10008.1.2.1";
/** PS3.5, annex A; every other transfer syntax, the compressed ones included, is explicit little endian (A.4). */
const ENCODINGS: Readonly<Record<string, Encoding>> = {
  [IMPLICIT_LITTLE_SYNTAX]: IMPLICIT_LITTLE,
  "1.2.840.10008.1.2.2": { explicitVr: true, littleEndian: false },
};
const DEFLATED = "1.2.840.10008.1.2.1.99";
const LARGEST_INFLATED = 2 ** 28;
const PREAMBLE = 128;
const FIRST_TAG_OF_DATA_SET = 0x00030000;

/**
 * How a file begins: with a preamble of 128 bytes and "DICM", or, as exports without the header of PS3.10 do, at once with
 * the elements of group 2 or 8.
 */
type Start = "preamble" | "meta" | "explicit" | "implicit" | undefined;

function startOf(bytes: Uint8Array): Start {
  if (bytes.length >= PREAMBLE + 4 && ascii(bytes, PREAMBLE, 4) === "DICM") return "preamble";
  if (bytes.length < 8 || bytes[1] !== 0 || bytes[3] !== 0) return undefined;
  const explicit = /^(AE|CS|DA|DT|LO|OB|OW|PN|SH|TM|UI|UL|US)$/.test(ascii(bytes, 4, 2));
  if (bytes[0] === 2) return explicit ? "meta" : undefined;
  // A data set begins with its length, its character set or its image type.
  if (bytes[0] !== 8 || ![0x00, 0x05, 0x08].includes(bytes[2])) return undefined;
  if (explicit) return "explicit";
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  return length <= 256 ? "implicit" : undefined;
}

/** Whether the bytes begin as a DICOM file does, with or without a preamble. */
export function isDicom(bytes: Uint8Array): boolean {
  return startOf(bytes) !== undefined;
}

/**
 * @param bytes of a whole file.
 * @throws {DataError} `dicom-damaged` where the file is cut off or malformed.
 */
export function parseDicom(bytes: Uint8Array, file: string): DataSet {
  return parse(bytes, file, {}).data;
}

/**
 * The attributes before the pixels of a file whose pixels may be cut off.
 *
 * @throws {DataError} `dicom-damaged` where these are damaged, too, or deflated.
 */
export function parseDicomAttributes(bytes: Uint8Array, file: string): DataSet {
  const [transferSyntax, start] = transferSyntaxOf(bytes, file, bytes.length);
  const encoding = ENCODINGS[transferSyntax] ?? EXPLICIT_LITTLE;
  const { tree } = parseElements(bytes, start, encoding, file, { before: ATTRIBUTES.PixelData.tag });
  return new DataSet(tree, transferSyntax, file);
}

/** A data set up to its pixels. */
export interface DicomHead {
  readonly data: DataSet;
  readonly pixels: PixelElement | undefined;
  /** The data set where it had to be inflated; offsets of pixels then count in it. */
  readonly inflated: Uint8Array | undefined;
}

/**
 * Parses a file up to its pixel data, whose end is checked against the size of the file.
 *
 * @param bytes its beginning, or all of it.
 * @param total size of the file in bytes.
 * @throws {DataError} `dicom-damaged`.
 * @throws {MoreBytesNeeded} where the attributes go on beyond the given bytes.
 */
export function parseDicomHead(bytes: Uint8Array, total: number, file: string): DicomHead {
  return parse(bytes, file, { stopAtPixels: true, total });
}

function parse(bytes: Uint8Array, file: string, options: ParseOptions): DicomHead {
  const [transferSyntax, start] = transferSyntaxOf(bytes, file, options.total ?? bytes.length);
  const body = transferSyntax === DEFLATED ? inflatedBody(bytes, start, file, options) : undefined;
  const encoding = ENCODINGS[transferSyntax] ?? EXPLICIT_LITTLE;
  const parsed =
    body === undefined
      ? parseElements(bytes, start, encoding, file, options)
      : parseElements(body, 0, encoding, file, { ...options, total: body.length });
  return { data: new DataSet(parsed.tree, transferSyntax, file), pixels: parsed.pixels, inflated: body };
}

/** The transfer syntax of a file, and where its data set begins. */
function transferSyntaxOf(bytes: Uint8Array, file: string, total: number): [string, number] {
  const start = startOf(bytes);
  if (start === "implicit") return [IMPLICIT_LITTLE_SYNTAX, 0];
  if (start === "explicit") return [EXPLICIT_LITTLE_SYNTAX, 0];
  const meta = parseElements(bytes, start === "meta" ? 0 : PREAMBLE + 4, EXPLICIT_LITTLE, file, {
    before: FIRST_TAG_OF_DATA_SET,
    total,
  });
  const syntax = new DataSet(meta.tree, "", file).text("TransferSyntaxUID");
  if (syntax !== undefined) return [syntax, meta.end];
  throw new DataError("dicom-damaged", {
    file,
    found: "no transfer syntax in the file's header",
    expected: "(0002,0010) TransferSyntaxUID",
    remedy: "Export the file again.",
  });
}

function inflatedBody(
  bytes: Uint8Array,
  start: number,
  file: string,
  { total = bytes.length }: ParseOptions,
): Uint8Array {
  if (bytes.length < total) throw new MoreBytesNeeded(total);
  try {
    return inflateRawSync(bytes.subarray(start), { maxOutputLength: LARGEST_INFLATED });
  } catch (error) {
    throw new DataError(
      "dicom-damaged",
      {
        file,
        found: `a deflated data set that cannot be expanded (${(error as Error).message})`,
        expected: "a whole DICOM file",
        remedy: "Copy or export it again.",
      },
      { cause: error },
    );
  }
}

/** The attributes of a data set or of an item of a sequence. Absent and empty values are both `undefined`. */
export class DataSet {
  readonly transferSyntax: string;
  readonly file: string;
  readonly #tree: ElementTree;
  /** Items inherit the character set of the data set (PS3.3, C.12.1.1.2). */
  readonly #characterSet: string;

  constructor(tree: ElementTree, transferSyntax: string, file: string, characterSet = "") {
    this.#tree = tree;
    this.transferSyntax = transferSyntax;
    this.file = file;
    const declared = tree.elements.get(ATTRIBUTES.SpecificCharacterSet.tag)?.bytes;
    this.#characterSet = declared === undefined ? characterSet : latin1(declared);
  }

  get littleEndian(): boolean {
    return this.#tree.littleEndian;
  }

  element(name: AttributeName): Element | undefined {
    return this.#tree.elements.get(ATTRIBUTES[name].tag);
  }

  /** All elements, named in the tables or not. */
  get tree(): ElementTree {
    return this.#tree;
  }

  /**
   * A private element (PS3.5, 7.8.1).
   *
   * @param group odd.
   * @param creator of the block, which may lie at any of 240 places.
   * @param element its last two hexadecimal digits.
   */
  privateElement(group: number, creator: string, element: number): Element | undefined {
    for (let block = 0x10; block <= 0xff; block++) {
      const owner = this.#tree.elements.get(group * 0x10000 + block);
      if (owner === undefined || trimmed(latin1(owner.bytes)) !== creator) continue;
      const found = this.#tree.elements.get(group * 0x10000 + block * 0x100 + element);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The items of a private sequence; see {@link privateElement}. */
  privateItems(group: number, creator: string, element: number): DataSet[] {
    return this.#dataSets(this.privateElement(group, creator, element)?.items);
  }

  /** All values of a text attribute, without padding. */
  texts(name: AttributeName): string[] {
    const element = this.element(name);
    if (element === undefined || element.bytes.length === 0) return [];
    return this.#decoded(name, element.bytes).split("\\").map(trimmed);
  }

  /** The first value of a text attribute. */
  text(name: AttributeName): string | undefined {
    return this.texts(name)[0] || undefined;
  }

  /** All values of a numeric attribute (DS, IS, US, UL, FD). Values that are not numbers come as NaN. */
  numbers(name: AttributeName): number[] {
    const { vr } = ATTRIBUTES[name];
    const bytes = this.element(name)?.bytes;
    if (bytes === undefined || bytes.length === 0) return [];
    const size = BINARY_SIZES[vr];
    if (size === undefined) return this.texts(name).map(decimal);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: Math.floor(bytes.length / size) }, (_, i) =>
      size === 2
        ? view.getUint16(i * size, this.littleEndian)
        : size === 4
          ? view.getUint32(i * size, this.littleEndian)
          : view.getFloat64(i * size, this.littleEndian),
    );
  }

  /** The first value of a numeric attribute, where it is a finite number. */
  number(name: AttributeName): number | undefined {
    const value = this.numbers(name)[0];
    return value !== undefined && Number.isFinite(value) ? value : undefined;
  }

  /** The items of a sequence. */
  items(name: AttributeName): DataSet[] {
    return this.#dataSets(this.element(name)?.items);
  }

  #dataSets(items: readonly ElementTree[] = []): DataSet[] {
    return items.map((item) => new DataSet(item, this.transferSyntax, this.file, this.#characterSet));
  }

  #decoded(name: AttributeName, bytes: Uint8Array): string {
    // The only one of the representations read here that follows the character set (PS3.5, 6.1.2.3).
    if (ATTRIBUTES[name].vr !== "LO" || this.#characterSet === "") return latin1(bytes);
    return decoderOf(this.#characterSet).decode(bytes);
  }
}

/** Encodings of the single-byte and of the complete character sets (PS3.3, C.12.1.1.2); the code extensions of ISO 2022 are read without them. */
const CHARACTER_SETS: Readonly<Record<string, string>> = {
  ISO_IR_101: "iso-8859-2",
  ISO_IR_109: "iso-8859-3",
  ISO_IR_110: "iso-8859-4",
  ISO_IR_126: "iso-8859-7",
  ISO_IR_127: "iso-8859-6",
  ISO_IR_138: "iso-8859-8",
  ISO_IR_144: "iso-8859-5",
  ISO_IR_192: "utf-8",
  GB18030: "gb18030",
  GBK: "gbk",
  ISO_IR_13: "shift_jis",
  ISO_2022_IR_87: "iso-2022-jp",
  ISO_2022_IR_149: "euc-kr",
};
const DECODERS = new Map<string, TextDecoder>();

function decoderOf(characterSet: string): TextDecoder {
  let decoder = DECODERS.get(characterSet);
  if (decoder === undefined) {
    const names = characterSet.split("\\").map((name) => trimmed(name).replaceAll(" ", "_"));
    const known = names.find((name) => CHARACTER_SETS[name] !== undefined);
    decoder = new TextDecoder(known === undefined ? "latin1" : CHARACTER_SETS[known]);
    DECODERS.set(characterSet, decoder);
  }
  return decoder;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

function ascii(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

/** Without the padding that the standard allows: spaces on both sides, a zero byte at the end. */
function trimmed(value: string): string {
  return value.replace(/[\0 ]+$/, "").trimStart();
}

/** DS and IS hold decimal numbers only (PS3.5, table 6.2-1), not what else Number() takes. */
function decimal(text: string): number {
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

/** Bytes per value of the binary representations. */
const BINARY_SIZES: Readonly<Record<string, 2 | 4 | 8>> = { US: 2, UL: 4, FD: 8 };
