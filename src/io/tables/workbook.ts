/**
 * The parts of an .xlsx workbook, expanded and measured before any reader of cells sees them: a workbook is a ZIP archive (PKWARE
 * APPNOTE 6.3.10) of XML, so that kilobytes may expand to gigabytes, and one cell far down and right makes a sheet of 10¹⁰.
 */
import { crc32, inflateRawSync } from "node:zlib";
import { DataError } from "../../domain/errors.ts";
import { MOST_CELLS, MOST_TEXT_BYTES, tooLarge } from "./limits.ts";

interface Part {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;
/** Readers of cells look at no other parts. */
const READ = /\.(xml|rels)$/;

/**
 * Expands the XML of a workbook, checks its size, and packs it again without compression.
 *
 * @returns an archive that holds what was checked and nothing else.
 * @throws {DataError} `table-format` where it is no such archive or a cell's address is none; `table-too-large` where it expands to more than
 *   256 MiB or a sheet spans more than four million cells.
 */
export function checkedWorkbook(archive: Buffer, file: string): Buffer {
  const parts = xmlParts(archive, file);
  for (const { bytes } of parts) checkSheet(Buffer.from(bytes).toString("latin1"), file);
  return packed(parts);
}

function xmlParts(archive: Buffer, file: string): Part[] {
  const parts: Part[] = [];
  let room = MOST_TEXT_BYTES;
  try {
    for (const { name, method, checkSum, compressed } of entries(archive)) {
      if (!READ.test(name)) continue;
      if (method !== STORED && method !== DEFLATED) throw notWorkbook(file, `compression method ${method}`);
      if (method === STORED && compressed.length > room) throw expandsTooFar(file);
      const bytes = method === STORED ? compressed : inflateRawSync(compressed, { maxOutputLength: room });
      if (crc32(bytes) !== checkSum) throw notWorkbook(file, "a damaged archive (a check sum is wrong)");
      room -= bytes.length;
      parts.push({ name, bytes });
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    // Of zlib, where the limit is met; of offsets that lead out of the file.
    const tooFar = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE" || room <= 0;
    throw tooFar
      ? expandsTooFar(file)
      : notWorkbook(file, `a damaged archive (${(error as Error).message})`, error);
  }
  if (parts.length === 0) throw notWorkbook(file, "no XML");
  return parts;
}

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly checkSum: number;
  readonly compressed: Buffer;
}

/** By the central directory (4.3.12), which alone is binding. Reading past the end throws a RangeError. */
function* entries(archive: Buffer): Generator<Entry> {
  const end = archive.lastIndexOf(
    Buffer.from([END & 0xff, (END >> 8) & 0xff, (END >> 16) & 0xff, END >>> 24]),
  );
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let i = 0; i < count; i++) {
    if (archive.readUInt32LE(at) !== ENTRY) throw new RangeError(`no entry ${i + 1} in the directory`);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
      archive.readUInt16LE(at + offset),
    );
    const local = archive.readUInt32LE(at + 42);
    if (archive.readUInt32LE(local) !== LOCAL) throw new RangeError(`no file at entry ${i + 1}`);
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const length = archive.readUInt32LE(at + 20);
    if (start + length > archive.length) throw new RangeError(`entry ${i + 1} is cut off`);
    yield {
      name: archive.toString("utf8", at + 46, at + 46 + nameLength),
      method: archive.readUInt16LE(at + 10),
      checkSum: archive.readUInt32LE(at + 16),
      compressed: archive.subarray(start, start + length),
    };
    at += 46 + nameLength + extraLength + commentLength;
  }
}

/** Rows, cells, and addresses of either, `r="BC12"` and `r="12"` (ECMA-376, 18.3.1.4 and 18.3.1.73). */
const CELLS = /<(?:\w+:)?(row|c)(?=[\s/>])|\sr\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ADDRESS = /^([A-Z]{0,3})(\d{1,7})$/;

function checkSheet(xml: string, file: string): void {
  if (!/<(?:\w+:)?sheetData[\s/>]/.test(xml)) return;
  let [rows, columns, rowsSeen, cellsInRow] = [0, 0, 0, 0];
  for (const [, tag, double, single] of xml.matchAll(CELLS)) {
    if (tag === "row") [rowsSeen, cellsInRow] = [rowsSeen + 1, 0];
    if (tag === "c") cellsInRow++;
    const address = tag === undefined ? ADDRESS.exec(double ?? single) : undefined;
    if (address === null) throw notWorkbook(file, "a cell whose address is none");
    if (address !== undefined) rows = Math.max(rows, Number(address[2]));
    columns = Math.max(columns, cellsInRow, columnNumber(address?.[1] ?? ""));
    if (Math.max(rows, rowsSeen) * columns > MOST_CELLS) {
      throw tooLarge(
        file,
        `a sheet that spans ${Math.max(rows, rowsSeen)} rows and ${columns} columns or more`,
        "Delete what stands far below or to the right of the table, also cells that have a format only.",
      );
    }
  }
}

/** A is 1, Z 26, AA 27. */
function columnNumber(letters: string): number {
  return [...letters].reduce((number, letter) => 26 * number + letter.charCodeAt(0) - 64, 0);
}

function packed(parts: readonly Part[]): Buffer {
  const pieces: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, bytes } of parts) {
    const title = Buffer.from(name);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt32LE(crc32(bytes), 10);
    shared.writeUInt32LE(bytes.length, 14);
    shared.writeUInt32LE(bytes.length, 18);
    shared.writeUInt16LE(title.length, 22);
    pieces.push(signature(LOCAL), shared, title, bytes);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(signature(ENTRY), Buffer.from([20, 0]), shared, tail, title);
    offset += 30 + title.length + bytes.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(parts.length, 4);
  end.writeUInt16LE(parts.length, 6);
  end.writeUInt32LE(listed.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...pieces, listed, signature(END), end]);
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function expandsTooFar(file: string): DataError {
  return tooLarge(
    file,
    `a workbook that expands to more than ${MOST_TEXT_BYTES >> 20} MiB`,
    "Copy the table into a workbook of its own.",
  );
}

function notWorkbook(file: string, found: string, cause?: unknown): DataError {
  return new DataError(
    "table-format",
    { file, found, expected: "an .xlsx file", remedy: "Save it again as .xlsx, or as CSV." },
    { cause },
  );
}
