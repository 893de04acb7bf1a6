/**
 * Data elements (PS3.5, chapter 7): bytes → a tree of elements. Every length is checked against the bytes that are there,
 * since a reader that fills up a cut-off image with zeros would change measurements unseen.
 */
import { DataError } from "../../domain/errors.ts";
import { isSequenceTag, tagName } from "./attributes.ts";

export interface Element {
  /** The value as stored; empty for sequences and encapsulated pixel data. */
  readonly bytes: Uint8Array;
  /** Items of a sequence. */
  readonly items?: readonly ElementTree[];
  /** Fragments of encapsulated (compressed) pixel data, without the offset table (PS3.5, A.4). */
  readonly fragments?: readonly Uint8Array[];
}

export interface ElementTree {
  readonly elements: ReadonlyMap<number, Element>;
  readonly littleEndian: boolean;
}

export interface Encoding {
  readonly explicitVr: boolean;
  readonly littleEndian: boolean;
}

/** Where the value of a pixel data element lies. Undefined length: it is encapsulated. */
export interface PixelElement {
  readonly tag: number;
  /** Byte of the file, or of the inflated data set, at which the value begins. */
  readonly offset: number;
  readonly length: number | undefined;
}

/** Thrown where a part of a file ends before an element does: as many bytes are needed to go on. */
export class MoreBytesNeeded {
  readonly bytes: number;

  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

export interface ParseOptions {
  /** Stop at the first element at or after this tag (0xGGGGEEEE). */
  readonly before?: number;
  /** Stop at pixel data and tell where they are. */
  readonly stopAtPixels?: boolean;
  /** Bytes of the whole file, where the given ones are only its beginning. */
  readonly total?: number;
}

export interface Parsed {
  readonly tree: ElementTree;
  /** The byte where parsing stopped. */
  readonly end: number;
  readonly pixels: PixelElement | undefined;
}

const IMPLICIT: Encoding = { explicitVr: false, littleEndian: true };
const UNDEFINED_LENGTH = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const PIXEL_DATA = 0x7fe00010;
const FIRST_PIXEL_TAG = 0x7fe00008;
/** Two letters as one number. */
const vrCode = (vr: string): number => vr.charCodeAt(0) * 256 + vr.charCodeAt(1);
/** Representations with a 16-bit length; all others, future ones included, have two reserved bytes and 32 bits (PS3.5, 7.1.2). */
const SHORT_FORM: ReadonlySet<number> = new Set(
  "AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split(" ").map(vrCode),
);
const SEQUENCE = vrCode("SQ");
const UNKNOWN = vrCode("UN");
const NO_VR = 0;
const NO_BYTES = new Uint8Array(0);
/** Deeper nesting than any real object has; stops crafted files. */
const DEEPEST = 32;

/**
 * Parses a data set, or its beginning.
 *
 * @throws {DataError} `dicom-damaged` where an element reaches beyond the end of the file or is malformed.
 * @throws {MoreBytesNeeded} where `total` says that the file goes on and an element does.
 */
export function parseElements(
  bytes: Uint8Array,
  start: number,
  encoding: Encoding,
  file: string,
  { before = Number.POSITIVE_INFINITY, stopAtPixels = false, total = bytes.length }: ParseOptions = {},
): Parsed {
  const reader = new ElementReader(bytes, file, total);
  reader.at = start;
  const elements = new Map<number, Element>();
  const tree = { elements, littleEndian: encoding.littleEndian };
  while (reader.at < total) {
    const from = reader.at;
    const tag = reader.tag(encoding.littleEndian);
    if (tag >= before) return { tree, end: from, pixels: undefined };
    if (stopAtPixels && tag >= FIRST_PIXEL_TAG && tag <= PIXEL_DATA) {
      return { tree, end: from, pixels: reader.pixelElement(tag, encoding) };
    }
    elements.set(tag, reader.element(tag, encoding, 0));
  }
  return { tree, end: reader.at, pixels: undefined };
}

/**
 * The fragments of encapsulated pixel data, without the offset table.
 *
 * @param start where the value of the element begins.
 * @throws {DataError} `dicom-damaged`.
 */
export function parseFragments(
  bytes: Uint8Array,
  start: number,
  littleEndian: boolean,
  file: string,
): readonly Uint8Array[] {
  const reader = new ElementReader(bytes, file, bytes.length);
  reader.at = start;
  return reader.fragments(littleEndian).fragments ?? [];
}

class ElementReader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #file: string;
  readonly #total: number;

  constructor(bytes: Uint8Array, file: string, total: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#file = file;
    this.#total = total;
  }

  tag(littleEndian: boolean): number {
    this.#need(4, 0);
    const group = this.#view.getUint16(this.at, littleEndian);
    const element = this.#view.getUint16(this.at + 2, littleEndian);
    this.at += 4;
    return group * 0x10000 + element;
  }

  /** The element whose tag was just read. */
  element(tag: number, encoding: Encoding, depth: number): Element {
    if (depth > DEEPEST) throw this.#damaged(`sequences nested more than ${DEEPEST} deep`);
    const vr = this.#vr(tag, encoding);
    const length = this.#length(vr, tag, encoding);
    if (tag === PIXEL_DATA && length === UNDEFINED_LENGTH) return this.fragments(encoding.littleEndian);
    if (vr === SEQUENCE || length === UNDEFINED_LENGTH) {
      // Undefined length with VR UN holds implicit little endian (PS3.5, 6.2.2, note 4).
      return this.#sequence(tag, length, vr === UNKNOWN ? IMPLICIT : encoding, depth);
    }
    this.#need(length, tag);
    const bytes = this.#bytes.subarray(this.at, this.at + length);
    this.at += length;
    return { bytes };
  }

  /** The place of the pixel data whose tag was just read. Their end is checked, but they need not be among the bytes. */
  pixelElement(tag: number, encoding: Encoding): PixelElement {
    const length = this.#length(this.#vr(tag, encoding), tag, encoding);
    if (length === UNDEFINED_LENGTH) return { tag, offset: this.at, length: undefined };
    if (length > this.#total - this.at) throw this.#cutOff(length, tag);
    return { tag, offset: this.at, length };
  }

  /** Encapsulated pixel data: items without nesting, the first of which is the offset table. */
  fragments(littleEndian: boolean): Element {
    const fragments: Uint8Array[] = [];
    for (let first = true; ; first = false) {
      const next = this.tag(littleEndian);
      const length = this.#uint32(littleEndian, next);
      if (next === SEQUENCE_END) return { bytes: NO_BYTES, fragments };
      if (next !== ITEM) throw this.#damaged(`${tagName(next)} among the fragments of pixel data`);
      this.#need(length, ITEM);
      if (!first) fragments.push(this.#bytes.subarray(this.at, this.at + length));
      this.at += length;
    }
  }

  #vr(tag: number, { explicitVr }: Encoding): number {
    if (!explicitVr) return isSequenceTag(tag) ? SEQUENCE : NO_VR;
    this.#need(2, tag);
    const [a, b] = [this.#bytes[this.at], this.#bytes[this.at + 1]];
    if (!isCapital(a) || !isCapital(b)) throw this.#damaged(`no value representation at ${tagName(tag)}`);
    this.at += 2;
    return a * 256 + b;
  }

  #length(vr: number, tag: number, { explicitVr, littleEndian }: Encoding): number {
    if (explicitVr && SHORT_FORM.has(vr)) {
      this.#need(2, tag);
      const length = this.#view.getUint16(this.at, littleEndian);
      this.at += 2;
      return length;
    }
    if (explicitVr) this.at += 2;
    return this.#uint32(littleEndian, tag);
  }

  #sequence(tag: number, length: number, encoding: Encoding, depth: number): Element {
    const end = this.#endOf(length, tag);
    const items: ElementTree[] = [];
    while (end === undefined || this.at < end) {
      const next = this.tag(encoding.littleEndian);
      const itemLength = this.#uint32(encoding.littleEndian, next);
      if (next === SEQUENCE_END && end === undefined) break;
      if (next !== ITEM) throw this.#damaged(`${tagName(next)} where ${tagName(tag)} should have an item`);
      items.push(this.#item(itemLength, encoding, depth));
    }
    this.#notBeyond(end, tag);
    return { bytes: NO_BYTES, items };
  }

  #item(length: number, encoding: Encoding, depth: number): ElementTree {
    const end = this.#endOf(length, ITEM);
    const elements = new Map<number, Element>();
    while (end === undefined || this.at < end) {
      const tag = this.tag(encoding.littleEndian);
      if (tag === ITEM_END && end === undefined) {
        this.#uint32(encoding.littleEndian, tag);
        break;
      }
      elements.set(tag, this.element(tag, encoding, depth + 1));
    }
    this.#notBeyond(end, ITEM);
    return { elements, littleEndian: encoding.littleEndian };
  }

  #notBeyond(end: number | undefined, tag: number): void {
    if (end !== undefined && this.at > end)
      throw this.#damaged(`${tagName(tag)} that is shorter than its content`);
  }

  #uint32(littleEndian: boolean, tag: number): number {
    this.#need(4, tag);
    const value = this.#view.getUint32(this.at, littleEndian);
    this.at += 4;
    return value;
  }

  #endOf(length: number, tag: number): number | undefined {
    if (length === UNDEFINED_LENGTH) return undefined;
    this.#need(length, tag);
    return this.at + length;
  }

  #need(length: number, tag: number): void {
    if (length <= this.#bytes.length - this.at) return;
    if (length > this.#total - this.at) throw this.#cutOff(length, tag);
    throw new MoreBytesNeeded(this.at + length);
  }

  #cutOff(length: number, tag: number): DataError {
    const left = Math.max(0, this.#total - this.at);
    const what = tag === 0 ? "an element" : tagName(tag);
    return this.#damaged(`${what} of ${length} bytes where the file has ${left} left`);
  }

  #damaged(found: string): DataError {
    return new DataError("dicom-damaged", {
      file: this.#file,
      found,
      expected: "a whole DICOM file",
      remedy: "The file is cut off or damaged: copy or export it again.",
    });
  }
}

function isCapital(code: number): boolean {
  return code >= 0x41 && code <= 0x5a;
}
