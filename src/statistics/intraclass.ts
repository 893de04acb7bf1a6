/** Agreement of repeated measurements. */
import { UsageError } from "../domain/errors.ts";

/** Measurements of some subjects, each under the same conditions; subjects of one group are comparable with each other. */
export interface RepeatedMeasurements {
  /** Per subject one value per condition, in the same order; NaN where it is missing. */
  readonly subjects: readonly ArrayLike<number>[];
  /**
   * Group of each subject; all one group where left out. What differs between groups counts neither as difference between subjects nor
   * as error.
   */
  readonly groups?: ArrayLike<number>;
}

export interface IntraclassCorrelation {
  /**
   * ICC(2,1) of Shrout & Fleiss (1979, Psychol Bull 86:420): two-way random effects, absolute agreement, of a single measurement. At most
   * 1; may be negative. NaN where no value varies, or fewer than two subjects are complete in every group.
   */
  readonly icc: number;
  /** Subjects that count: without a missing value, in a group of at least two. */
  readonly n: number;
}

/**
 * The share of the variance of a single measurement that is between subjects.
 *
 * With several groups the mean squares of subjects, conditions and error are pooled over the groups, each from its own two-way table; the
 * number of subjects in the formula is then their mean per group. With one group this is Shrout & Fleiss' formula.
 *
 * @throws {UsageError} `icc-conditions` for fewer than two conditions or subjects of different numbers of them.
 */
export function intraclassCorrelation({ subjects, groups }: RepeatedMeasurements): IntraclassCorrelation {
  const conditions = subjects[0]?.length ?? 2;
  if (conditions < 2 || subjects.some((subject) => subject.length !== conditions)) {
    throw new UsageError("icc-conditions", {
      found: `subjects of ${[...new Set(subjects.map((subject) => subject.length))].join(", ")} measurements`,
      expected: "the same number for each, at least 2",
    });
  }
  const byGroup = new Map<number, ArrayLike<number>[]>();
  subjects.forEach((subject, i) => {
    if (Array.from(subject).some(Number.isNaN)) return;
    const group = groups?.[i] ?? 0;
    byGroup.set(group, [...(byGroup.get(group) ?? []), subject]);
  });
  const tables = [...byGroup.values()].filter((members) => members.length >= 2);
  const n = tables.reduce((sum, members) => sum + members.length, 0);
  if (n === 0) return { icc: Number.NaN, n };
  const sums = tables.map((members) => sumsOfSquares(members, conditions));
  const total = (read: (part: SumsOfSquares) => number) => sums.reduce((sum, part) => sum + read(part), 0);
  const between = total((part) => part.subjects) / (n - tables.length);
  const condition = total((part) => part.conditions) / (tables.length * (conditions - 1));
  const error = total((part) => part.error) / ((n - tables.length) * (conditions - 1));
  const perGroup = n / tables.length;
  const variance = between + (conditions - 1) * error + (conditions * (condition - error)) / perGroup;
  return { icc: variance > 0 ? (between - error) / variance : Number.NaN, n };
}

interface SumsOfSquares {
  readonly subjects: number;
  readonly conditions: number;
  readonly error: number;
}

/** Of the two-way table without repetitions, about its first value so that a constant table has exactly none. */
function sumsOfSquares(table: readonly ArrayLike<number>[], conditions: number): SumsOfSquares {
  const origin = table[0][0];
  const rowMeans = new Float64Array(table.length);
  const columnMeans = new Float64Array(conditions);
  let mean = 0;
  table.forEach((row, r) => {
    for (let c = 0; c < conditions; c++) {
      const value = row[c] - origin;
      rowMeans[r] += value / conditions;
      columnMeans[c] += value / table.length;
      mean += value / (table.length * conditions);
    }
  });
  let error = 0;
  table.forEach((row, r) => {
    for (let c = 0; c < conditions; c++) {
      error += (row[c] - origin - rowMeans[r] - columnMeans[c] + mean) ** 2;
    }
  });
  return {
    subjects: conditions * rowMeans.reduce((sum, value) => sum + (value - mean) ** 2, 0),
    conditions: table.length * columnMeans.reduce((sum, value) => sum + (value - mean) ** 2, 0),
    error,
  };
}
