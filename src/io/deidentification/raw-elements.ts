/** Data elements as they are stored, to be copied or replaced one by one; of files that were parsed and found whole before. */
import type { DeclaredValue } from "./declaration.ts";

export interface RawElement {
  readonly tag: number;
  /** Empty in implicit encoding. */
  readonly vr: string;
  /** Without its header; of encapsulated pixels all fragments with their delimiters. */
  readonly value: Buffer;
  /** Whether the length was undefined, as that of encapsulated pixels is. */
  readonly undefinedLength: boolean;
  /** Elements of each item of a sequence. */
  readonly items?: readonly (readonly RawElement[])[];
}

interface Encoding {
  readonly explicitVr: boolean;
  readonly littleEndian: boolean;
}

const IMPLICIT: Encoding = { explicitVr: false, littleEndian: true };
const UNDEFINED_LENGTH = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const PIXEL_DATA = 0x7fe00010;
/** Representations with a 16-bit length (PS3.5, 7.1.2). */
const SHORT_FORM: ReadonlySet<string> = new Set(
  "AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split(" "),
);

/** All elements from a position to the end, or to the end of an item. */
export function readRawElements(bytes: Buffer, start: number, encoding: Encoding): RawElement[] {
  return readUntil(bytes, start, bytes.length, encoding).elements;
}

function readUntil(
  bytes: Buffer,
  start: number,
  end: number,
  encoding: Encoding,
): { elements: RawElement[]; at: number } {
  const elements: RawElement[] = [];
  let at = start;
  while (at < end) {
    const tag = tagAt(bytes, at, encoding.littleEndian);
    at += 4;
    if (tag === ITEM_END) return { elements, at: at + 4 };
    const head = headAt(bytes, at, encoding);
    at = head.at;
    const { vr, length } = head;
    const undefinedLength = length === UNDEFINED_LENGTH;
    if (
      tag !== PIXEL_DATA &&
      (vr === "SQ" || undefinedLength || isImplicitSequence(bytes, at, length, encoding))
    ) {
      // Undefined length with VR UN holds implicit little endian (PS3.5, 6.2.2, note 4).
      const inner = vr === "UN" ? IMPLICIT : encoding;
      const sequence = readItems(bytes, at, undefinedLength ? undefined : at + length, inner);
      elements.push({ tag, vr, value: Buffer.alloc(0), undefinedLength, items: sequence.items });
      at = sequence.at;
      continue;
    }
    const next = undefinedLength ? endOfFragments(bytes, at, encoding.littleEndian) : at + length;
    elements.push({ tag, vr, value: bytes.subarray(at, next), undefinedLength });
    at = next;
  }
  return { elements, at };
}

/** Implicit encoding does not say what a sequence is; a value that begins with an item of fitting length is taken for one. */
function isImplicitSequence(
  bytes: Buffer,
  at: number,
  length: number,
  { explicitVr, littleEndian }: Encoding,
): boolean {
  if (explicitVr || length < 8 || tagAt(bytes, at, littleEndian) !== ITEM) return false;
  const first = bytes.readUInt32LE(at + 4);
  return first === UNDEFINED_LENGTH || first <= length - 8;
}

function readItems(
  bytes: Buffer,
  start: number,
  end: number | undefined,
  encoding: Encoding,
): { items: RawElement[][]; at: number } {
  const items: RawElement[][] = [];
  let at = start;
  while (end === undefined || at < end) {
    const tag = tagAt(bytes, at, encoding.littleEndian);
    const length = encoding.littleEndian ? bytes.readUInt32LE(at + 4) : bytes.readUInt32BE(at + 4);
    at += 8;
    if (tag === SEQUENCE_END) break;
    const item = readUntil(bytes, at, length === UNDEFINED_LENGTH ? bytes.length : at + length, encoding);
    items.push(item.elements);
    at = item.at;
  }
  return { items, at };
}

function endOfFragments(bytes: Buffer, start: number, littleEndian: boolean): number {
  let at = start;
  for (;;) {
    const tag = tagAt(bytes, at, littleEndian);
    const length = littleEndian ? bytes.readUInt32LE(at + 4) : bytes.readUInt32BE(at + 4);
    at += 8 + (tag === SEQUENCE_END ? 0 : length);
    if (tag === SEQUENCE_END) return at;
  }
}

function headAt(bytes: Buffer, at: number, { explicitVr, littleEndian }: Encoding) {
  const long = (position: number) =>
    littleEndian ? bytes.readUInt32LE(position) : bytes.readUInt32BE(position);
  if (!explicitVr) return { vr: "", length: long(at), at: at + 4 };
  const vr = bytes.toString("latin1", at, at + 2);
  if (!SHORT_FORM.has(vr)) return { vr, length: long(at + 4), at: at + 8 };
  return { vr, length: littleEndian ? bytes.readUInt16LE(at + 2) : bytes.readUInt16BE(at + 2), at: at + 4 };
}

function tagAt(bytes: Buffer, at: number, littleEndian: boolean): number {
  return littleEndian
    ? bytes.readUInt16LE(at) * 0x10000 + bytes.readUInt16LE(at + 2)
    : bytes.readUInt16BE(at) * 0x10000 + bytes.readUInt16BE(at + 2);
}

/** Writes elements in one encoding. */
export class ElementWriter {
  readonly #encoding: Encoding;

  constructor(encoding: Encoding) {
    this.#encoding = encoding;
  }

  /** An element as it was. */
  raw({ tag, vr, value, undefinedLength }: RawElement): Buffer {
    return Buffer.concat([this.#head(tag, vr, undefinedLength ? UNDEFINED_LENGTH : value.length), value]);
  }

  /** Text in ASCII, padded to an even length (PS3.5, 6.2). */
  text(tag: number, vr: string, text: string): Buffer {
    const pad = text.length % 2 === 0 ? "" : vr === "UI" ? "\0" : " ";
    const value = Buffer.from(text + pad, "latin1");
    return Buffer.concat([this.#head(tag, vr, value.length), value]);
  }

  /** A sequence of undefined length, of items of undefined length. */
  sequence(tag: number, items: readonly (readonly Buffer[])[]): Buffer {
    return Buffer.concat([
      this.#head(tag, "SQ", UNDEFINED_LENGTH),
      ...items.flatMap((elements) => [
        this.#delimiter(ITEM, UNDEFINED_LENGTH),
        ...elements,
        this.#delimiter(ITEM_END, 0),
      ]),
      this.#delimiter(SEQUENCE_END, 0),
    ]);
  }

  /** An attribute that is declared rather than copied. */
  attribute(tag: number, vr: string, value: DeclaredValue): Buffer {
    if (typeof value === "string") return this.text(tag, vr, value);
    return this.sequence(
      tag,
      value.map((item) => item.map((declared) => this.attribute(...declared))),
    );
  }

  #head(tag: number, vr: string, length: number): Buffer {
    const { explicitVr } = this.#encoding;
    if (!explicitVr) return this.#delimiter(tag, length);
    const short = SHORT_FORM.has(vr);
    const head = Buffer.alloc(short ? 8 : 12);
    this.#tag(head, tag);
    head.write(vr, 4, "latin1");
    if (short) this.#encoding.littleEndian ? head.writeUInt16LE(length, 6) : head.writeUInt16BE(length, 6);
    else this.#long(head, length, 8);
    return head;
  }

  /** A tag with a 32-bit length, as items, delimiters and implicit elements have. */
  #delimiter(tag: number, length: number): Buffer {
    const head = Buffer.alloc(8);
    this.#tag(head, tag);
    this.#long(head, length, 4);
    return head;
  }

  #tag(target: Buffer, tag: number): void {
    const [group, element] = [tag >>> 16, tag & 0xffff];
    if (this.#encoding.littleEndian) {
      target.writeUInt16LE(group, 0);
      target.writeUInt16LE(element, 2);
    } else {
      target.writeUInt16BE(group, 0);
      target.writeUInt16BE(element, 2);
    }
  }

  #long(target: Buffer, value: number, at: number): void {
    if (this.#encoding.littleEndian) target.writeUInt32LE(value, at);
    else target.writeUInt32BE(value, at);
  }
}
