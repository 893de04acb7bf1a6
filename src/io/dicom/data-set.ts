/** A DICOM file (PS3.10, chapter 7) and the values of its attributes. */
import { TextDecoder } from "node:util";
import { inflateRawSync } from "node:zlib";
import { DataError } from "../../domain/errors.ts";
import { ATTRIBUTES, type AttributeName } from "./attributes.ts";
import { type Element, type ElementTree, type Encoding, parseElements } from "./elements.ts";

const EXPLICIT_LITTLE: Encoding = { explicitVr: true, littleEndian: true };
/** PS3.5, annex A; every other transfer syntax, the compressed ones included, is explicit little endian (A.4). */
const ENCODINGS: Readonly<Record<string, Encoding>> = {
  "1.2.840.10008.1.2": { explicitVr: false, littleEndian: true },
  "1.2.840.10008.1.2.2": { explicitVr: true, littleEndian: false },
};
const DEFLATED = "1.2.840.10008.1.2.1.99";
const LARGEST_INFLATED = 2 ** 30;
const PREAMBLE = 128;
const FIRST_TAG_OF_DATA_SET = 0x00030000;

/** Whether the bytes begin as a DICOM file does: a preamble of 128 bytes and "DICM". */
export function isDicom(bytes: Uint8Array): boolean {
  return (
    bytes.length >= PREAMBLE + 4 && String.fromCharCode(...bytes.subarray(PREAMBLE, PREAMBLE + 4)) === "DICM"
  );
}

/**
 * @param bytes of a whole file.
 * @throws {DataError} `dicom-damaged` where the file is cut off or malformed.
 */
export function parseDicom(bytes: Uint8Array, file: string): DataSet {
  const meta = parseElements(bytes, PREAMBLE + 4, EXPLICIT_LITTLE, file, FIRST_TAG_OF_DATA_SET);
  const transferSyntax = new DataSet(meta.tree, "", file).text("TransferSyntaxUID");
  if (transferSyntax === undefined) {
    throw new DataError("dicom-damaged", {
      file,
      found: "no transfer syntax in the file's header",
      expected: "(0002,0010) TransferSyntaxUID",
      remedy: "Export the file again.",
    });
  }
  const [body, start] =
    transferSyntax === DEFLATED ? [inflated(bytes, meta.end, file), 0] : [bytes, meta.end];
  const encoding = ENCODINGS[transferSyntax] ?? EXPLICIT_LITTLE;
  return new DataSet(parseElements(body, start, encoding, file).tree, transferSyntax, file);
}

/**
 * The attributes before the pixels of a file whose pixels may be cut off.
 *
 * @throws {DataError} `dicom-damaged` where these are damaged, too, or deflated.
 */
export function parseDicomAttributes(bytes: Uint8Array, file: string): DataSet {
  const meta = parseElements(bytes, PREAMBLE + 4, EXPLICIT_LITTLE, file, FIRST_TAG_OF_DATA_SET);
  const transferSyntax = new DataSet(meta.tree, "", file).text("TransferSyntaxUID") ?? "";
  const encoding = ENCODINGS[transferSyntax] ?? EXPLICIT_LITTLE;
  const { tree } = parseElements(bytes, meta.end, encoding, file, ATTRIBUTES.PixelData.tag);
  return new DataSet(tree, transferSyntax, file);
}

function inflated(bytes: Uint8Array, start: number, file: string): Uint8Array {
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

  constructor(tree: ElementTree, transferSyntax: string, file: string) {
    this.#tree = tree;
    this.transferSyntax = transferSyntax;
    this.file = file;
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

  /** All values of a text attribute, without padding. */
  texts(name: AttributeName): string[] {
    const element = this.element(name);
    if (element === undefined || element.bytes.length === 0) return [];
    return this.#decoder()
      .decode(element.bytes)
      .split("\\")
      .map((value) => value.replace(/[\0 ]+$/, "").trimStart());
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
    if (size === undefined) return this.texts(name).map((text) => (text === "" ? Number.NaN : Number(text)));
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
    const items = this.element(name)?.items ?? [];
    return items.map((item) => new DataSet(item, this.transferSyntax, this.file));
  }

  /** UTF-8 where declared (ISO_IR 192); any other text keeps its ASCII part right, which is all that is compared. */
  #decoder(): TextDecoder {
    const declared = this.#tree.elements.get(ATTRIBUTES.SpecificCharacterSet.tag)?.bytes;
    const utf8 = declared !== undefined && Buffer.from(declared).toString("latin1").includes("192");
    return utf8 ? UTF8 : LATIN1;
  }
}

const UTF8 = new TextDecoder("utf-8");
const LATIN1 = new TextDecoder("latin1");

/** Bytes per value of the binary representations. */
const BINARY_SIZES: Readonly<Record<string, 2 | 4 | 8>> = { US: 2, UL: 4, FD: 8 };
