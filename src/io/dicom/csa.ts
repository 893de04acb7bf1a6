/**
 * Siemens' CSA header, version 2: "SV10", four bytes, the number of tags, then per tag a name of 64 bytes, its multiplicity,
 * representation, type and number of items, and per item four lengths and a text padded to four bytes. Siemens does not
 * document it; this is how nibabel describes it (doc/source/dicom/siemens_csa.rst).
 */

const MAGIC = "SV10";
const MOST_TAGS = 1024;
const TAG_BYTES = 84;
const ITEM_BYTES = 16;

/** Texts of the tags that have any; undefined where the bytes are no such header. */
export function readCsaHeader(bytes: Uint8Array): ReadonlyMap<string, readonly string[]> | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < 16 || buffer.toString("latin1", 0, 4) !== MAGIC) return undefined;
  const count = buffer.readUInt32LE(8);
  if (count > MOST_TAGS) return undefined;
  const tags = new Map<string, string[]>();
  let at = 16;
  for (let tag = 0; tag < count; tag++) {
    if (at + TAG_BYTES > buffer.length) return undefined;
    const name = untilZero(buffer.subarray(at, at + 64));
    const items = buffer.readInt32LE(at + 76);
    at += TAG_BYTES;
    const values: string[] = [];
    for (let item = 0; item < items; item++) {
      if (at + ITEM_BYTES > buffer.length) return undefined;
      const length = buffer.readInt32LE(at + 4);
      at += ITEM_BYTES;
      if (length < 0 || at + length > buffer.length) return undefined;
      const value = untilZero(buffer.subarray(at, at + length)).trim();
      if (value !== "") values.push(value);
      at += Math.ceil(length / 4) * 4;
    }
    if (values.length > 0) tags.set(name, values);
  }
  return tags;
}

function untilZero(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("latin1", 0, end < 0 ? bytes.length : end);
}
