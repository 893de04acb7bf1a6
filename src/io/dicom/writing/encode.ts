/** Data sets → the bytes of a DICOM file, explicit VR little endian (PS3.5, 7.1.2; PS3.10, chapter 7). */
import { createHash } from "node:crypto";
import { type DicomItem, WRITTEN_ATTRIBUTES, type WrittenAttribute } from "./attributes.ts";

const EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1";
/** Names this writer (PS3.10, 7.1); made once, as a UUID (PS3.5, B.2). */
const IMPLEMENTATION_CLASS_UID = "2.25.139024255849779292565841746103995534418";
const IMPLEMENTATION_VERSION = "RESIDUA";
const PREAMBLE_BYTES = 128;
/** Representations whose length has 32 bits after two reserved bytes (PS3.5, table 7.1-1). */
const LONG_FORM: ReadonlySet<string> = new Set(["OB", "SQ", "UT"]);
const LARGEST_SHORT_LENGTH = 0xfffe;
const ITEM = 0xfffee000;

/** What every object has. */
export type DicomObject = DicomItem & { readonly SOPClassUID: string; readonly SOPInstanceUID: string };

/**
 * The bytes of a DICOM file with a preamble and file meta information. Elements are written in the order of their tags.
 *
 * @param object its common modules.
 * @param content its other attributes.
 */
export function encodeDicomFile(object: DicomObject, content: DicomItem): Uint8Array {
  return Buffer.concat([
    encodeFileStart(object.SOPClassUID, object.SOPInstanceUID, EXPLICIT_LITTLE_ENDIAN),
    encodeItem({ ...object, ...content }),
  ]);
}

/** Preamble and file meta information (PS3.10, 7.1), after which the data set follows in the given transfer syntax. */
export function encodeFileStart(sopClassUid: string, sopInstanceUid: string, transferSyntax: string): Buffer {
  const meta = encodeItem({
    FileMetaInformationVersion: Uint8Array.of(0, 1),
    MediaStorageSOPClassUID: sopClassUid,
    MediaStorageSOPInstanceUID: sopInstanceUid,
    TransferSyntaxUID: transferSyntax,
    ImplementationClassUID: IMPLEMENTATION_CLASS_UID,
    ImplementationVersionName: IMPLEMENTATION_VERSION,
  });
  const groupLength = Buffer.alloc(12);
  groupLength.writeUInt16LE(0x0002, 0);
  groupLength.write("UL", 4, "latin1");
  groupLength.writeUInt16LE(4, 6);
  groupLength.writeUInt32LE(meta.length, 8);
  return Buffer.concat([Buffer.alloc(PREAMBLE_BYTES), Buffer.from("DICM", "latin1"), groupLength, meta]);
}

/** A unique identifier that is the same for the same parts (PS3.5, B.2: a UUID in decimal). */
export function uidFrom(...parts: readonly string[]): string {
  return uidOfDigest(createHash("sha256").update(parts.join("\n")).digest());
}

/** The UID of the UUID (version 8, RFC 9562) that holds the first bits of a digest. */
export function uidOfDigest(digest: Uint8Array): string {
  const bytes = Uint8Array.from(digest.subarray(0, 16));
  bytes[6] = (bytes[6] & 0x0f) | 0x80;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return `2.25.${BigInt(`0x${Buffer.from(bytes).toString("hex")}`)}`;
}

function encodeItem(item: DicomItem): Buffer {
  const elements = (Object.keys(item) as WrittenAttribute[])
    .filter((name) => item[name] !== undefined)
    .sort((a, b) => WRITTEN_ATTRIBUTES[a].tag - WRITTEN_ATTRIBUTES[b].tag);
  return Buffer.concat(elements.map((name) => encodeElement(name, item[name])));
}

function encodeElement(name: WrittenAttribute, value: DicomItem[WrittenAttribute]): Buffer {
  const { tag, vr } = WRITTEN_ATTRIBUTES[name];
  const bytes = padded(ENCODERS[vr](value), vr);
  const long = LONG_FORM.has(vr);
  if (!long && bytes.length > LARGEST_SHORT_LENGTH) throw new RangeError(`${name} has ${bytes.length} bytes`);
  const head = Buffer.alloc(long ? 12 : 8);
  writeTag(head, tag);
  head.write(vr, 4, "latin1");
  if (long) head.writeUInt32LE(bytes.length, 8);
  else head.writeUInt16LE(bytes.length, 6);
  return Buffer.concat([head, bytes]);
}

type Encoder = (value: unknown) => Buffer;

const text: Encoder = (value) =>
  value instanceof Uint8Array
    ? Buffer.from(value)
    : Buffer.from(Array.isArray(value) ? value.join("\\") : String(value), "utf8");

const list = (value: unknown): readonly number[] =>
  Array.isArray(value) ? (value as number[]) : [value as number];

const ENCODERS: Readonly<Record<(typeof WRITTEN_ATTRIBUTES)[WrittenAttribute]["vr"], Encoder>> = {
  CS: text,
  DA: text,
  LO: text,
  PN: text,
  SH: text,
  ST: text,
  TM: text,
  UI: text,
  UT: text,
  IS: text,
  DS: (value) => Buffer.from(list(value).map(decimalString).join("\\"), "latin1"),
  US: (value) => Buffer.from(Uint16Array.from(list(value)).buffer),
  UL: (value) => Buffer.from(Uint32Array.from(list(value)).buffer),
  AT: (value) => {
    const bytes = Buffer.alloc(4);
    writeTag(bytes, WRITTEN_ATTRIBUTES[value as WrittenAttribute].tag);
    return bytes;
  },
  OB: (value) => Buffer.from(value as Uint8Array),
  SQ: (value) =>
    Buffer.concat(
      (value as readonly DicomItem[]).map((item) => {
        const content = encodeItem(item);
        const head = Buffer.alloc(8);
        writeTag(head, ITEM);
        head.writeUInt32LE(content.length, 4);
        return Buffer.concat([head, content]);
      }),
    ),
};

/** The shortest text that reads back as the number and fits into the 16 bytes of a DS; else the most digits that do. */
export function decimalString(value: number): string {
  const shortest = String(value);
  if (shortest.length <= 16) return shortest;
  for (let digits = 15; digits > 1; digits--) {
    const rounded = String(Number(value.toPrecision(digits)));
    if (rounded.length <= 16) return rounded;
  }
  return "0";
}

function writeTag(target: Buffer, tag: number): void {
  target.writeUInt16LE(tag >>> 16, 0);
  target.writeUInt16LE(tag & 0xffff, 2);
}

/** Values have an even length: UIDs and bytes are filled with a zero, text with a space (PS3.5, 6.2). */
function padded(bytes: Buffer, vr: string): Buffer {
  if (bytes.length % 2 === 0) return bytes;
  return Buffer.concat([bytes, Buffer.from(vr === "UI" || vr === "OB" ? "\0" : " ", "latin1")]);
}
