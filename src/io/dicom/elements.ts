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

const IMPLICIT: Encoding = { explicitVr: false, littleEndian: true };
const UNDEFINED_LENGTH = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const PIXEL_DATA = 0x7fe00010;
/** Representations with a 16-bit length; all others, future ones included, have two reserved bytes and 32 bits (PS3.5, 7.1.2). */
const SHORT_FORM: ReadonlySet<string> = new Set(
  "AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split(" "),
);
/** Deeper nesting than any real object has; stops crafted files. */
const DEEPEST = 32;

/**
 * Parses a data set, or the elements before a tag.
 *
 * @param before stop at the first element at or after this tag (0xGGGGEEEE).
 * @returns the elements, and the byte where parsing stopped.
 * @throws {DataError} `dicom-damaged` where an element reaches beyond the end of the file or is malformed.
 */
export function parseElements(
  bytes: Uint8Array,
  start: number,
  encoding: Encoding,
  file: string,
  before = Number.POSITIVE_INFINITY,
): { tree: ElementTree; end: number } {
  const reader = new ElementReader(bytes, file);
  reader.at = start;
  const elements = new Map<number, Element>();
  while (reader.at < bytes.length) {
    const from = reader.at;
    const tag = reader.tag(encoding.littleEndian);
    if (tag >= before) return { tree: { elements, littleEndian: encoding.littleEndian }, end: from };
    elements.set(tag, reader.element(tag, encoding, 0));
  }
  return { tree: { elements, littleEndian: encoding.littleEndian }, end: reader.at };
}

class ElementReader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #file: string;

  constructor(bytes: Uint8Array, file: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#file = file;
  }

  tag(littleEndian: boolean): number {
    this.#need(4, "an element");
    const group = this.#view.getUint16(this.at, littleEndian);
    const element = this.#view.getUint16(this.at + 2, littleEndian);
    this.at += 4;
    return group * 0x10000 + element;
  }

  /** The element whose tag was just read. */
  element(tag: number, encoding: Encoding, depth: number): Element {
    if (depth > DEEPEST) throw this.#damaged(`sequences nested more than ${DEEPEST} deep`);
    const { vr, length } = this.#head(tag, encoding);
    if (tag === PIXEL_DATA && length === UNDEFINED_LENGTH) return this.#fragments(encoding.littleEndian);
    if (vr === "SQ" || length === UNDEFINED_LENGTH) {
      // Undefined length with VR UN holds implicit little endian (PS3.5, 6.2.2, note 4).
      return this.#sequence(tag, length, vr === "UN" ? IMPLICIT : encoding, depth);
    }
    this.#need(length, tagName(tag));
    const bytes = this.#bytes.subarray(this.at, this.at + length);
    this.at += length;
    return { bytes };
  }

  #head(tag: number, { explicitVr, littleEndian }: Encoding): { vr: string; length: number } {
    if (!explicitVr) return { vr: isSequenceTag(tag) ? "SQ" : "", length: this.#uint32(littleEndian, tag) };
    this.#need(2, tagName(tag));
    const vr = String.fromCharCode(this.#bytes[this.at], this.#bytes[this.at + 1]);
    if (!/^[A-Z]{2}$/.test(vr)) throw this.#damaged(`no value representation at ${tagName(tag)}`);
    this.at += 2;
    if (SHORT_FORM.has(vr)) {
      this.#need(2, tagName(tag));
      const length = this.#view.getUint16(this.at, littleEndian);
      this.at += 2;
      return { vr, length };
    }
    this.at += 2;
    return { vr, length: this.#uint32(littleEndian, tag) };
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
    return { bytes: new Uint8Array(0), items };
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
    return { elements, littleEndian: encoding.littleEndian };
  }

  /** Items of encapsulated pixel data (PS3.5, A.4); the first one is the offset table. */
  #fragments(littleEndian: boolean): Element {
    const fragments: Uint8Array[] = [];
    for (;;) {
      const tag = this.tag(littleEndian);
      const length = this.#uint32(littleEndian, tag);
      if (tag === SEQUENCE_END) return { bytes: new Uint8Array(0), fragments: fragments.slice(1) };
      if (tag !== ITEM) throw this.#damaged(`${tagName(tag)} among the fragments of the pixel data`);
      this.#need(length, "a fragment of the pixel data");
      fragments.push(this.#bytes.subarray(this.at, this.at + length));
      this.at += length;
    }
  }

  #uint32(littleEndian: boolean, tag: number): number {
    this.#need(4, tagName(tag));
    const value = this.#view.getUint32(this.at, littleEndian);
    this.at += 4;
    return value;
  }

  #endOf(length: number, tag: number): number | undefined {
    if (length === UNDEFINED_LENGTH) return undefined;
    this.#need(length, tagName(tag));
    return this.at + length;
  }

  #need(length: number, what: string): void {
    const left = this.#bytes.length - this.at;
    if (length > left)
      throw this.#damaged(`${what} of ${length} bytes where the file has ${Math.max(0, left)} left`);
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
