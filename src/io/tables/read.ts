/** CSV, TSV and XLSX files → tables. */
import { stat } from "node:fs/promises";
import type { CsvError } from "csv-parse/sync";
import type readXlsxFile from "read-excel-file/node";
import { DataError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import { fileError, readBytes, readText } from "../files.ts";
import { MOST_CELLS, MOST_TEXT_BYTES, quoted, tooLarge } from "./limits.ts";
import { type RawRow, type Table, type TextColumns, tableOfRows } from "./table.ts";

export interface TableOptions {
  /** Sheet of an .xlsx file; needed where it has several. */
  readonly sheet?: string;
  /** Columns that stay text although they look like numbers, such as identifiers. */
  readonly textColumns?: TextColumns;
}

/**
 * Reads a table whose first row names the columns. The separator of a text file (comma, semicolon or tab) is the one that
 * its header has most of. Cells that are numbers become numbers, and empty ones, NA, N/A, NaN, NULL and a lone full stop null; a column with a
 * leading-zero code such as 007 stays text. Empty rows are left out.
 *
 * @throws {DataError} `file-missing`, `table-format` (neither a delimited text nor an .xlsx file), `table-sheet` (which
 *   sheet is unclear or does not exist), `table-too-large`, `table-empty`, `table-columns-duplicate`, `table-ragged`.
 */
export async function readTable(file: string, options: TableOptions = {}): Promise<Table> {
  const { rows, issues } = await readRows(file, options.sheet);
  return tableOfRows(rows, file, options.textColumns ?? [], issues);
}

/** The rows of a table as its file holds them, header and all. Throws as {@link readTable}. */
export async function readRows(file: string, sheet?: string): Promise<{ rows: RawRow[]; issues: Issue[] }> {
  const name = file.toLowerCase();
  if (name.endsWith(".xlsx")) return await sheetRows(file, sheet);
  if (/\.(csv|tsv|tab|txt)$/.test(name)) return await delimitedRows(file);
  throw new DataError("table-format", {
    file,
    found: "a table of unknown kind",
    expected: "a name that ends in .csv, .tsv, .tab, .txt or .xlsx",
    remedy: "Save the table as CSV or XLSX.",
  });
}

const SEPARATORS: Readonly<Record<string, string>> = { ",": "commas", ";": "semicolons", "\t": "tabs" };

async function delimitedRows(file: string): Promise<{ rows: RawRow[]; issues: Issue[] }> {
  await requireSize(file);
  const text = await readText(file);
  const separator = separatorOf(text);
  requireFewCells(text, separator, file);
  // Loaded where a table is read: it takes longer than recognising the layout of a folder.
  const { parse } = await import("csv-parse/sync");
  let records: { record: string[]; info: { lines: number } }[];
  try {
    records = parse(text, {
      delimiter: separator,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as typeof records;
  } catch (error) {
    throw new DataError(
      "table-format",
      {
        file,
        // The parser's own words quote the cell, which may hold a name.
        found: `text that is not delimited properly: a double quote out of place, noticed in line ${(error as CsvError).lines}`,
        expected: "RFC 4180: cells with quotes, separators or line breaks in double quotes",
        remedy: "Correct the quotes in that line.",
      },
      { cause: error },
    );
  }
  const rows = records
    .map(({ record, info }) => ({ line: info.lines, cells: record }))
    .filter(({ cells }) => cells.some((cell) => cell !== ""));
  const issues: Issue[] =
    separator === ","
      ? []
      : [
          {
            code: "table-separator",
            severity: "info",
            message: `The cells are separated by ${SEPARATORS[separator]}, judged by the header.`,
            file,
          },
        ];
  return { rows, issues };
}

/** The candidate that the header has most of outside quotes; the comma where it has none. */
function separatorOf(text: string): string {
  const header = (/^[^\r\n]*/.exec(text.trimStart())?.[0] ?? "").replace(/"[^"]*"/g, "");
  const count = (separator: string) => header.split(separator).length;
  return Object.keys(SEPARATORS).reduce((best, next) => (count(next) > count(best) ? next : best));
}

async function requireSize(file: string): Promise<void> {
  const { size } = await stat(file).catch((error: unknown) => {
    throw fileError(error, file);
  });
  if (size > MOST_TEXT_BYTES) {
    throw tooLarge(
      file,
      `${Math.round(size / 2 ** 20)} MiB`,
      "Give only the rows and columns that are needed.",
    );
  }
}

/** Counts separators and line ends, wherever they stand: never fewer than cells. */
function requireFewCells(text: string, separator: string, file: string): void {
  let cells = 1;
  for (const mark of [separator, "\n", "\r"]) {
    for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) cells++;
  }
  if (cells > MOST_CELLS) {
    throw tooLarge(file, `${cells} cells or more`, "Give only the rows and columns that are needed.");
  }
}

async function sheetRows(
  file: string,
  wanted: string | undefined,
): Promise<{ rows: RawRow[]; issues: Issue[] }> {
  await requireSize(file);
  const { checkedWorkbook } = await import("./workbook.ts");
  const bytes = await checkedWorkbook(await readBytes(file), file);
  let sheets: Awaited<ReturnType<typeof readXlsxFile>>;
  try {
    sheets = await (await import("read-excel-file/node")).default(bytes);
  } catch (error) {
    throw new DataError(
      "table-format",
      {
        file,
        // The reader's own words quote the cell, which may hold a name.
        found: `a workbook that cannot be read${/ at row \d+, col \d+/.exec((error as Error).message)?.[0] ?? ""}`,
        expected: "an .xlsx file",
        remedy: "Save it again as .xlsx, or as CSV.",
      },
      { cause: error },
    );
  }
  const names = quoted(sheets.map(({ sheet }) => sheet));
  const chosen =
    wanted === undefined
      ? sheets.length === 1
        ? sheets[0]
        : undefined
      : sheets.find(({ sheet }) => sheet === wanted);
  if (chosen === undefined) {
    throw new DataError("table-sheet", {
      file,
      found: wanted === undefined ? `${sheets.length} sheets` : `no sheet "${wanted}"`,
      expected: `one of the sheets ${names}`,
      remedy: "Name the sheet.",
    });
  }
  // The reader gives nothing where the part that a sheet refers to is missing.
  if (chosen.data === undefined) {
    throw new DataError("table-format", {
      file,
      found: `a workbook without the content of the sheet "${chosen.sheet}"`,
      expected: "an .xlsx file",
      remedy: "Save it again as .xlsx, or as CSV.",
    });
  }
  const width = chosen.data.reduce((most, row) => Math.max(most, row.length), 0);
  const rows = chosen.data
    .map((row, at) => ({ line: at + 1, cells: Array.from({ length: width }, (_, i) => sheetCell(row[i])) }))
    .filter(({ cells }) => cells.some((cell) => cell !== null));
  const impossible = chosen.data.flat().filter(isImpossibleDate).length;
  if (impossible === 0) return { rows, issues: [] };
  const issue: Issue = {
    code: "table-dates-impossible",
    severity: "warning",
    message: `${impossible} cells are formatted as dates but hold a number that is none; they were read as empty.`,
    file,
  };
  return { rows, issues: [issue] };
}

function isImpossibleDate(value: unknown): boolean {
  return value instanceof Date && Number.isNaN(value.getTime());
}

/** Dates as ISO days and truth values as Excel shows them, so that a workbook reads like its CSV export. */
function sheetCell(value: unknown): string | number | null {
  if (value === null || value === undefined || isImpossibleDate(value)) return null;
  if (typeof value === "number") return value;
  if (value instanceof Date) return value.toISOString().replace("T00:00:00.000Z", "");
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  return String(value).trim();
}
