/** How large a table may be, so that a damaged or hostile one exhausts neither memory nor patience. */
import { DataError } from "../../domain/errors.ts";

export const MOST_CELLS = 4_000_000;
export const MOST_COLUMNS = 100_000;
/** Of a delimited text, and of the XML of a workbook: each has to fit into one string. */
export const MOST_TEXT_BYTES = 1 << 28;

export function tooLarge(file: string, found: string, remedy: string): DataError {
  return new DataError("table-too-large", {
    file,
    found,
    expected: `at most ${MOST_CELLS} cells, ${MOST_COLUMNS} columns and ${MOST_TEXT_BYTES >> 20} MiB`,
    remedy,
  });
}

const MOST_NAMES = 40;

/** Names in quotes, in a message that stays readable. */
export function quoted(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).map((name) => `"${name}"`);
  return `${shown.join(", ")}${names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ""}`;
}
