/** Tables → CSV files. */
import type { ClinicalValue } from "../../domain/cohort.ts";
import { writeAtomically } from "../files.ts";

/**
 * Writes a CSV file (RFC 4180, UTF-8, lines ended by a line feed alone, as Unix tools expect). Null, NaN and absent values
 * are empty cells; numbers have their shortest exact form.
 */
export async function writeCsv(
  file: string,
  columns: readonly string[],
  rows: readonly Readonly<Record<string, ClinicalValue>>[],
): Promise<void> {
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column] ?? null))];
  await writeAtomically(file, lines.map((cells) => `${cells.map(cellText).join(",")}\n`).join(""));
}

function cellText(value: ClinicalValue): string {
  if (value === null || Number.isNaN(value)) return "";
  const text = String(value);
  return /[",\r\n]/.test(text) || text.trim() !== text ? `"${text.replaceAll('"', '""')}"` : text;
}
