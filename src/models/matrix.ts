/** Numbers by row and named column, as the models take them. */
import { DataError, UsageError } from "../domain/errors.ts";
import type { FeatureTable } from "../domain/feature-table.ts";

/** A feature table without its row identifiers: `values[row · columns.length + column]`, NaN missing. */
export type FeatureMatrix = Pick<FeatureTable, "columns" | "values">;

/**
 * The number of rows of a matrix, once it is known to be one.
 *
 * @throws {UsageError} `matrix-shape` where the values do not fill whole rows, there is no column, or a
 *   column name occurs twice.
 * @throws {DataError} `matrix-infinite` where a value is infinite; NaN is allowed and means missing.
 */
export function requireMatrix({ columns, values }: FeatureMatrix): number {
  const width = columns.length;
  if (width === 0 || values.length % width !== 0 || new Set(columns).size !== width) {
    throw new UsageError("matrix-shape", {
      found: `${values.length} values for ${width} columns, ${new Set(columns).size} of them distinct`,
      expected: "at least one column, distinct column names, and one value per row and column",
    });
  }
  for (let i = 0; i < values.length; i++) {
    if (values[i] === Infinity || values[i] === -Infinity) {
      throw new DataError("matrix-infinite", {
        found: `An infinite value in column ${columns[i % width]}, row ${Math.floor(i / width)}`,
        expected: "finite numbers, or missing values",
        remedy: "Correct the value or leave it empty.",
      });
    }
  }
  return values.length / width;
}

/**
 * Checks that a matrix has the columns that a fitted value was made from, in the same order.
 *
 * @throws {UsageError} `matrix-columns` that names the first difference.
 */
export function requireColumns(matrix: FeatureMatrix, columns: readonly string[]): void {
  const length = Math.max(columns.length, matrix.columns.length);
  for (let c = 0; c < length; c++) {
    if (matrix.columns[c] === columns[c]) continue;
    throw new UsageError("matrix-columns", {
      found: `column ${c} is ${matrix.columns[c] ?? "absent"}`,
      expected: `${columns[c] ?? "no further column"}, as in training`,
    });
  }
}
