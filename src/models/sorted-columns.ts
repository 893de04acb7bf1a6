/** The columns of a matrix, each sorted once, so that no tree needs to compare numbers again. */
import type { FeatureMatrix } from "./matrix.ts";

/** All arrays are column-major, `[column · rows + …]`, and shared, so that worker threads need no copy. */
export interface SortedColumns {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
  /** Row numbers in ascending order of the value; equal values in the order of the rows. */
  readonly order: Int32Array;
  /** Rank of each row's value among the distinct values of its column, from 0. */
  readonly rank: Int32Array;
}

/** Sorts the columns of a complete matrix (no NaN), [rows × columns] row-major. */
export function sortColumns({ columns: names, values: rowMajor }: FeatureMatrix): SortedColumns {
  const columns = names.length;
  const rows = rowMajor.length / columns;
  const cells = rows * columns;
  const values = new Float64Array(new SharedArrayBuffer(8 * cells));
  const order = new Int32Array(new SharedArrayBuffer(4 * cells));
  const rank = new Int32Array(new SharedArrayBuffer(4 * cells));
  for (let column = 0; column < columns; column++) {
    const base = column * rows;
    for (let row = 0; row < rows; row++) {
      values[base + row] = rowMajor[row * columns + column];
      order[base + row] = row;
    }
    const sorted = order.subarray(base, base + rows);
    sorted.sort((a, b) => values[base + a] - values[base + b] || a - b);
    for (let i = 1; i < rows; i++) {
      const isNew = values[base + sorted[i]] > values[base + sorted[i - 1]];
      rank[base + sorted[i]] = rank[base + sorted[i - 1]] + (isNew ? 1 : 0);
    }
  }
  return { rows, columns, values, order, rank };
}
