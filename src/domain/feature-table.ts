/** Numbers per patient or examination, between the networks and the forests. */

export interface FeatureTable {
  /** One study identifier per row, unique. */
  readonly ids: readonly string[];
  /** Column names, unique. */
  readonly columns: readonly string[];
  /** Row-major: `values[row · columns.length + column]`; NaN is missing. */
  readonly values: Float64Array;
}
