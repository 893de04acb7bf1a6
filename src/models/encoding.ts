/**
 * Clinical rows to numbers. What is numeric, which categories exist and which columns are of use are learned
 * from the training rows only.
 */
import type { ClinicalValue } from "../domain/cohort.ts";
import { DataError, UsageError } from "../domain/errors.ts";
import type { Issue, WithIssues } from "../domain/issues.ts";
import type { FeatureMatrix } from "./matrix.ts";

/** One patient's values by column; a column that is absent or `null` is missing. */
export type ModelRow = Readonly<Record<string, ClinicalValue | undefined>>;

/** How one column becomes numbers. */
export type ColumnEncoding =
  | { readonly kind: "numeric"; readonly column: string }
  /** One 0/1 column per category; all 0 where the value is missing or was not seen in training. */
  | { readonly kind: "categories"; readonly column: string; readonly categories: readonly string[] };

/** A fitted encoding; JSON-serialisable. */
export interface Encoding {
  readonly columns: readonly ColumnEncoding[];
}

/**
 * Learns how to encode columns. A column whose observed values are all numbers is numeric, any other is one of
 * categories, sorted by code unit. A column without any observed value is left out, with an issue.
 *
 * @throws {UsageError} `column-unknown` for a column that no row has, `model-columns` where none is asked for
 *   or one is asked for twice.
 * @throws {DataError} `model-columns-empty` where no column has an observed value.
 */
export function fitEncoding(rows: readonly ModelRow[], columns: readonly string[]): WithIssues<Encoding> {
  requireKnownColumns(rows, columns);
  const issues: Issue[] = [];
  const encodings: ColumnEncoding[] = [];
  for (const column of columns) {
    const observed = rows.map((row) => observedValue(row, column)).filter((value) => value !== null);
    if (observed.length === 0) {
      issues.push({
        code: "column-empty",
        severity: "warning",
        message: `Column ${column} has no value in any training row and is not used. Fill it in or leave it out of the model.`,
        subject: column,
      });
    } else if (observed.every((value) => typeof value === "number")) {
      encodings.push({ kind: "numeric", column });
    } else {
      if (observed.some((value) => typeof value === "number")) {
        issues.push({
          code: "column-mixed",
          severity: "warning",
          message: `Column ${column} holds numbers and text; each distinct value is taken as a category. Give all as numbers if an order is meant.`,
          subject: column,
        });
      }
      encodings.push({ kind: "categories", column, categories: [...new Set(observed.map(String))].sort() });
    }
  }
  if (encodings.length === 0) {
    throw new DataError("model-columns-empty", {
      found: `No value in any of the columns ${columns.slice(0, 5).join(", ")}`,
      expected: "at least one column with values in the training rows",
      remedy: "Fill in the table or name other columns.",
    });
  }
  return { value: { columns: encodings }, issues };
}

/**
 * Encodes rows as in training.
 *
 * @returns [rows × encoded columns], NaN where a number is missing; categories are named `column=category`.
 *   Issues, one per column and kind: `category-unseen`, `value-not-numeric`; and one `values-missing` in all.
 * @throws {UsageError} `column-unknown` for a column that no row has.
 */
export function encodeRows(encoding: Encoding, rows: readonly ModelRow[]): WithIssues<FeatureMatrix> {
  requireKnownColumns(
    rows,
    encoding.columns.map(({ column }) => column),
  );
  const names = encoding.columns.flatMap((part) =>
    part.kind === "numeric" ? [part.column] : part.categories.map((category) => `${part.column}=${category}`),
  );
  const values = new Float64Array(rows.length * names.length);
  const issues: Issue[] = [];
  const incomplete: string[] = [];
  let missing = 0;
  let first = 0;
  for (const part of encoding.columns) {
    const unusable = new Set<string>();
    const missingBefore = missing;
    rows.forEach((row, r) => {
      const value = observedValue(row, part.column);
      const at = r * names.length + first;
      if (value === null) missing++;
      if (part.kind === "numeric") {
        const usable = typeof value === "number" && Number.isFinite(value);
        values[at] = usable ? value : Number.NaN;
        if (!usable && value !== null) unusable.add(String(value));
      } else if (value !== null) {
        const index = part.categories.indexOf(String(value));
        if (index >= 0) values[at + index] = 1;
        else unusable.add(String(value));
      }
    });
    if (missing > missingBefore) incomplete.push(part.column);
    if (unusable.size > 0) issues.push(unusableIssue(part, [...unusable].sort()));
    first += part.kind === "numeric" ? 1 : part.categories.length;
  }
  if (missing > 0) issues.push(missingIssue(missing, incomplete));
  return { value: { columns: names, values }, issues };
}

/** The value of a column; `null` where it is missing, NaN included. */
export function observedValue(row: ModelRow, column: string): number | string | null {
  const value = Object.hasOwn(row, column) ? (row[column] ?? null) : null;
  return typeof value === "number" && Number.isNaN(value) ? null : value;
}

/** @throws {UsageError} `column-unknown`, `model-columns`. */
export function requireKnownColumns(rows: readonly ModelRow[], columns: readonly string[]): void {
  if (columns.length === 0 || new Set(columns).size !== columns.length) {
    throw new UsageError("model-columns", {
      found: columns.length === 0 ? "a model without columns" : "a model that names a column twice",
      expected: "at least one column, each once",
    });
  }
  if (rows.length === 0) return;
  const unknown = columns.filter((column) => !rows.some((row) => Object.hasOwn(row, column)));
  if (unknown.length === 0) return;
  const known = [...new Set(rows.flatMap((row) => Object.keys(row)))].sort();
  throw new UsageError("column-unknown", {
    found: `no column ${unknown.slice(0, 5).join(", ")}${unknown.length > 5 ? ", …" : ""} in the rows`,
    expected: `one of ${known.slice(0, 20).join(", ")}${known.length > 20 ? ", …" : ""}`,
    remedy: "Correct the column's name in the study file.",
  });
}

function unusableIssue(part: ColumnEncoding, found: readonly string[]): Issue {
  const shown = found
    .slice(0, 5)
    .map((value) => `"${value}"`)
    .join(", ");
  return part.kind === "numeric"
    ? {
        code: "value-not-numeric",
        severity: "warning",
        message: `Column ${part.column} is numeric but holds ${shown}, taken as missing. Finite numbers are expected; correct the values.`,
        subject: part.column,
      }
    : {
        code: "category-unseen",
        severity: "warning",
        message: `Column ${part.column} holds ${shown}, not seen in training (${part.categories.join(", ")}), taken as none of them. Check the spelling.`,
        subject: part.column,
      };
}

function missingIssue(count: number, columns: readonly string[]): Issue {
  const shown = columns.slice(0, 5).join(", ") + (columns.length > 5 ? ", …" : "");
  return {
    code: "values-missing",
    severity: "info",
    message: `${count} missing values in ${columns.length} columns (${shown}): numbers are replaced by the training median, categories by none.`,
  };
}
