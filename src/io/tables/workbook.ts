/**
 * The parts of an .xlsx workbook, expanded and measured before any reader of cells sees them: a workbook is a ZIP archive of XML, so that
 * kilobytes may expand to gigabytes, and one cell far down and right makes a sheet of 10¹⁰.
 */
import { buffer } from "node:stream/consumers";
import { crc32 } from "node:zlib";
import { zipSync } from "fflate";
import { type Entry, fromBufferPromise, type ZipFile } from "yauzl";
import { DataError } from "../../domain/errors.ts";
import { MOST_CELLS, MOST_TEXT_BYTES, tooLarge } from "./limits.ts";

/** XML of a workbook by its path in the archive. */
export type WorkbookParts = Readonly<Record<string, Uint8Array>>;

/** Readers of cells look at no other parts. */
const READ = /\.(xml|rels)$/;

/**
 * Expands the XML of a workbook, checks its size, and packs it again without compression.
 *
 * @returns an archive that holds what was checked and nothing else, so that no reader can find other content in it.
 * @throws {DataError} as {@link workbookParts}; `table-format` where a cell's address is none; `table-too-large` where a sheet spans more than
 *   four million cells.
 */
export async function checkedWorkbook(archive: Buffer, file: string): Promise<Buffer> {
  const parts = await workbookParts(archive, file);
  for (const bytes of Object.values(parts)) checkSheet(Buffer.from(bytes).toString("latin1"), file);
  return Buffer.from(zipSync(parts, { level: 0 }));
}

/**
 * @throws {DataError} `table-format` where the archive is none or is damaged, `table-too-large` where its XML expands to more than 256 MiB.
 */
export async function workbookParts(archive: Buffer, file: string): Promise<WorkbookParts> {
  const parts: Record<string, Uint8Array> = {};
  let room = MOST_TEXT_BYTES;
  try {
    const zip = await fromBufferPromise(archive);
    for await (const entry of zip.eachEntry()) {
      if (!READ.test(entry.fileName)) continue;
      room -= entry.uncompressedSize;
      if (room < 0) throw expandsTooFar(file);
      parts[entry.fileName] = await contentOf(zip, entry, file);
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw notWorkbook(file, `a damaged archive (${(error as Error).message})`, error);
  }
  if (Object.keys(parts).length === 0) throw notWorkbook(file, "no XML");
  return parts;
}

/** The library holds the content against its stated size, but not against its check sum. */
async function contentOf(zip: ZipFile, entry: Entry, file: string): Promise<Uint8Array> {
  const bytes = await buffer(await zip.openReadStreamPromise(entry));
  if (crc32(bytes) === entry.crc32) return bytes;
  throw notWorkbook(file, "a damaged archive (a check sum is wrong)");
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
