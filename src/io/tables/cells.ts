/** What a cell of a table means. */
import type { ClinicalValue } from "../../domain/cohort.ts";

/** Cells that mean "missing", in any case and after trimming. A word such as "none" may be a finding and is not among them. */
const MISSING_MARKS: readonly string[] = ["", "na", "n/a", "nan", "null", "."];

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** Digits after a leading zero are an identifier or a code, not a quantity. */
const CODE = /^[+-]?0\d/;
const DECIMAL_COMMA = /^[+-]?\d+,\d+$/;
/** A comma before exactly three digits may as well separate thousands. */
const AMBIGUOUS_COMMA = /^[+-]?\d{1,3},\d{3}$/;

/** How one column's cells are read; chosen from all its cells, so that one column has one kind of number. */
export type ColumnKind = "text" | "number" | "decimal-comma" | "decimal-comma-unclear";

/** @param cells trimmed. */
export function columnKind(cells: readonly (string | number | null)[]): ColumnKind {
  const present = cells.filter((cell): cell is string => typeof cell === "string" && !isMissing(cell));
  if (present.some((cell) => CODE.test(cell) && NUMBER.test(cell))) return "text";
  const commas = present.filter((cell) => DECIMAL_COMMA.test(cell));
  if (commas.length === 0 || !present.every((cell) => NUMBER.test(cell) || DECIMAL_COMMA.test(cell)))
    return "number";
  return commas.every((cell) => AMBIGUOUS_COMMA.test(cell)) ? "decimal-comma-unclear" : "decimal-comma";
}

/** A number where the cell is one, `null` where it is missing, else its text. */
export function cellValue(cell: string | number | null, kind: ColumnKind): ClinicalValue {
  if (cell === null || typeof cell === "number") return cell === null || Number.isNaN(cell) ? null : cell;
  if (isMissing(cell)) return null;
  if (kind === "text" || kind === "decimal-comma-unclear") return cell;
  const written = kind === "decimal-comma" ? cell.replace(",", ".") : cell;
  if (!NUMBER.test(written)) return cell;
  const value = Number(written);
  // A long identifier would lose its last digits as a number.
  const exact =
    Number.isFinite(value) &&
    (!/^[+-]?\d+$/.test(written) || Number.isSafeInteger(value) || String(value) === written);
  return exact ? value : cell;
}

function isMissing(cell: string): boolean {
  return MISSING_MARKS.includes(cell.toLowerCase());
}
