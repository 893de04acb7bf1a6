/**
 * Missing values: the median of the column in the training rows. It needs no model, keeps the order of the
 * observed values, and is fixed once learned, so a new patient is treated as the training patients were.
 */
import type { FeatureMatrix } from "./matrix.ts";

/** Median of each column over its observed training values; `null` for a column with none. */
export type Medians = readonly (number | null)[];

/** The medians of a matrix; of an even number of values, the mean of the two in the middle. */
export function fitMedians({ columns, values }: FeatureMatrix): Medians {
  const width = columns.length;
  const rows = values.length / width;
  const observed = new Float64Array(rows);
  return columns.map((_, column) => {
    let count = 0;
    for (let row = 0; row < rows; row++) {
      const value = values[row * width + column];
      if (!Number.isNaN(value)) observed[count++] = value;
    }
    if (count === 0) return null;
    const sorted = observed.subarray(0, count).sort();
    const middle = count >> 1;
    return count % 2 === 1 ? sorted[middle] : sorted[middle - 1] / 2 + sorted[middle] / 2;
  });
}

/**
 * The matrix with its missing values replaced. A column that was never observed in training becomes 0
 * throughout, observed or not: nothing was learned about it.
 */
export function impute(matrix: FeatureMatrix, medians: Medians): FeatureMatrix {
  const width = matrix.columns.length;
  const values = new Float64Array(matrix.values.length);
  for (let i = 0; i < values.length; i++) {
    const median = medians[i % width];
    const value = matrix.values[i];
    values[i] = median === null ? 0 : Number.isNaN(value) ? median : value;
  }
  return { columns: matrix.columns, values };
}
