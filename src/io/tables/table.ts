/** Tables with named columns. */
import type { ClinicalValue } from "../../domain/cohort.ts";
import { DataError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import { cellValue, columnKind } from "./cells.ts";
import { MOST_COLUMNS, quoted, tooLarge } from "./limits.ts";

export type TableRow = Readonly<Record<string, ClinicalValue>>;

export interface Table {
  /** Unique names, in the order of the file. */
  readonly columns: readonly string[];
  /** Every row has every column. */
  readonly rows: readonly TableRow[];
  readonly file: string;
  /** What was noticed while reading: an unusual separator, a nameless column, decimal commas. */
  readonly issues: readonly Issue[];
}

/** A row of cells as a file holds it, with the line or sheet row where it stands. */
export interface RawRow {
  readonly line: number;
  readonly cells: readonly (string | number | null)[];
}

/** Columns that are to stay text although their cells look like numbers: identifiers. */
export type TextColumns = readonly string[];

/**
 * Names the columns and reads the cells of a table whose first row is the header.
 *
 * @throws {DataError} `table-empty`, `table-too-large`, `table-columns-duplicate` naming them, or `table-ragged` naming the line.
 */
export function tableOfRows(
  raw: readonly RawRow[],
  file: string,
  textColumns: TextColumns,
  noticed: readonly Issue[] = [],
): Table {
  const [header, ...body] = raw;
  if (header === undefined) {
    throw new DataError("table-empty", {
      file,
      found: "a table without a header",
      expected: "column names in the first row",
      remedy: "Check that the right file or sheet was given.",
    });
  }
  if (header.cells.length > MOST_COLUMNS) {
    throw tooLarge(file, `${header.cells.length} columns`, "Give only the columns that are needed.");
  }
  const ragged = body.find(({ cells }) => cells.length !== header.cells.length);
  if (ragged !== undefined) {
    throw new DataError("table-ragged", {
      file,
      found: `${ragged.cells.length} cells in line ${ragged.line}`,
      expected: `${header.cells.length}, as in the header`,
      remedy: "Quote cells that contain the separator, and give every row all its cells.",
    });
  }
  const issues = [...noticed];
  const names = header.cells.map((cell) => String(cell ?? "").trim());
  refuseDuplicates(names, file);
  const kinds = names.map((name, at) => {
    if (name === "") issues.push(namelessColumn(at, file));
    if (textColumns.includes(name)) return "text" as const;
    const kind = columnKind(body.map(({ cells }) => cells[at]));
    if (kind.startsWith("decimal-comma")) issues.push(decimalComma(name, kind === "decimal-comma", file));
    return kind;
  });
  const rows = body.map(({ cells }) =>
    Object.fromEntries(
      names.flatMap((name, at) => {
        if (name === "") return [];
        const cell = cells[at];
        const read = textColumns.includes(name) && typeof cell === "number" ? String(cell) : cell;
        return [[name, cellValue(read, kinds[at])]];
      }),
    ),
  );
  return { columns: names.filter((name) => name !== ""), rows, file, issues };
}

/**
 * The values of one column.
 *
 * @throws {DataError} `table-column-missing` naming the columns that there are.
 */
export function columnValues(table: Table, column: string): ClinicalValue[] {
  requireColumn(table, column);
  return table.rows.map((row) => row[column]);
}

/** @throws {DataError} `table-column-missing` naming the columns that there are. */
export function requireColumn(table: Table, column: string): void {
  if (table.columns.includes(column)) return;
  throw new DataError("table-column-missing", {
    file: table.file,
    found: `no column "${column}"`,
    expected: `one of ${quoted(table.columns)}`,
    remedy: "Correct the column's name where it is asked for, or in the table.",
  });
}

function refuseDuplicates(names: readonly string[], file: string): void {
  const seen = new Set<string>();
  const duplicates = names.filter((name) => name !== "" && seen.size === seen.add(name).size);
  if (duplicates.length === 0) return;
  throw new DataError("table-columns-duplicate", {
    file,
    found: `more than one column named ${quoted([...new Set(duplicates)])}`,
    expected: "unique column names",
    remedy: "Rename or remove the surplus columns.",
  });
}

function namelessColumn(at: number, file: string): Issue {
  return {
    code: "table-column-nameless",
    severity: "warning",
    message: `Column ${at + 1} has no name and was left out; name it if it is needed.`,
    file,
  };
}

function decimalComma(name: string, read: boolean, file: string): Issue {
  return {
    code: "table-decimal-comma",
    severity: read ? "info" : "warning",
    message: read
      ? `Column "${name}" has decimal commas, which were read as such.`
      : `Column "${name}" has commas that may be decimal or separate thousands; it was left as text. Write decimal points.`,
    file,
  };
}
