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
  const distinct = new Float64Array(rows);
  const places = new Int32Array(rows + 1);
  for (let column = 0; column < columns; column++) {
    const base = column * rows;
    for (let row = 0; row < rows; row++) {
      values[base + row] = rowMajor[row * columns + column];
      distinct[row] = values[base + row];
    }
    // Numbers alone sort many times faster than row numbers by a comparison; the rows follow by their ranks.
    distinct.sort();
    let count = 0;
    for (let i = 0; i < rows; i++) {
      if (i === 0 || distinct[i] > distinct[count - 1]) distinct[count++] = distinct[i];
    }
    places.fill(0);
    for (let row = 0; row < rows; row++) {
      const own = rankOf(values[base + row], distinct, count);
      rank[base + row] = own;
      places[own + 1]++;
    }
    for (let i = 1; i <= count; i++) places[i] += places[i - 1];
    for (let row = 0; row < rows; row++) order[base + places[rank[base + row]]++] = row;
  }
  return { rows, columns, values, order, rank };
}

/** Place of a value among the first `count` of the distinct ones, where it is. */
function rankOf(value: number, distinct: Float64Array, count: number): number {
  let first = 0;
  let last = count - 1;
  while (first < last) {
    const middle = (first + last) >> 1;
    if (distinct[middle] < value) first = middle + 1;
    else last = middle;
  }
  return first;
}
