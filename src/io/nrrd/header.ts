/** NRRD headers (Teem, "Definition of NRRD File Format", http://teem.sourceforge.net/nrrd/format.html). */
import { DataError } from "../../domain/errors.ts";

export interface NrrdHeader {
  /** Field descriptions by lower-case field name; key/value pairs (`:=`) say nothing about the image and are left out. */
  readonly fields: ReadonlyMap<string, string>;
  /** Byte after the blank line that ends the header, where attached data begin. */
  readonly end: number;
}

/** Names that the definition allows for one field. */
const SYNONYMS: Readonly<Record<string, string>> = {
  datafile: "data file",
  lineskip: "line skip",
  byteskip: "byte skip",
};

/** Headers are text of a few kilobytes; beyond this the file is something else. */
const LONGEST_HEADER = 1 << 20;

/** @throws {DataError} `nrrd-header` where the magic is missing, a line is malformed or a field stands twice. */
export function parseNrrdHeader(bytes: Uint8Array, file: string): NrrdHeader {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, LONGEST_HEADER)).toString(
    "latin1",
  );
  if (!/^NRRD000[1-5]\r?\n/.test(text))
    throw badHeader(file, "no NRRD magic", "a file that begins with NRRD000n");
  const fields = new Map<string, string>();
  let at = text.indexOf("\n") + 1;
  while (at < text.length) {
    const newline = text.indexOf("\n", at);
    const stop = newline < 0 ? text.length : newline;
    const line = text.slice(at, stop).replace(/\r$/, "");
    at = stop + 1;
    if (line === "") break;
    if (line.startsWith("#") || line.includes(":=")) continue;
    const separator = line.indexOf(": ");
    if (separator < 1) {
      throw badHeader(file, `the header line "${line.slice(0, 60)}"`, 'lines "field: description"');
    }
    const written = line.slice(0, separator).toLowerCase();
    const field = SYNONYMS[written] ?? written;
    if (fields.has(field)) throw badHeader(file, `the field "${field}" twice`, "each field once");
    fields.set(field, line.slice(separator + 2).trim());
  }
  return { fields, end: Math.min(at, bytes.length) };
}

/** @throws {DataError} `nrrd-header` where the field is missing. */
export function requiredField({ fields }: NrrdHeader, field: string, file: string): string {
  const value = fields.get(field);
  if (value !== undefined) return value;
  throw badHeader(file, `a header without "${field}"`, `the field "${field}"`);
}

export function badHeader(file: string, found: string, expected: string): DataError {
  return new DataError("nrrd-header", {
    file,
    found,
    expected,
    remedy: "Export the image again, for instance from 3D Slicer.",
  });
}
