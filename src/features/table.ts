/** Feature tables: rows of examinations joined into one row per patient. */
import type { ClinicalValue } from "../domain/cohort.ts";
import { DataError, UsageError } from "../domain/errors.ts";
import { type FeatureTable, featureRow } from "../domain/feature-table.ts";
import type { Issue, WithIssues } from "../domain/issues.ts";

/** The features of one examination or patient. */
export interface FeatureRow {
  /** Study identifier. */
  readonly id: string;
  readonly columns: readonly string[];
  /** One per column; NaN is missing. */
  readonly values: Float64Array;
}

/**
 * Stacks rows into a table.
 *
 * @throws {UsageError} `table-empty` for no rows, `table-columns` for rows of different columns.
 * @throws {DataError} `table-id-repeated` for two rows of one identifier.
 */
export function stackRows(rows: readonly FeatureRow[]): FeatureTable {
  if (rows.length === 0) {
    throw new UsageError("table-empty", { found: "no rows", expected: "at least one row of features" });
  }
  const { columns } = rows[0];
  const values = new Float64Array(rows.length * columns.length);
  rows.forEach((row, r) => {
    const same =
      row.values.length === columns.length &&
      row.columns.length === columns.length &&
      row.columns.every((column, c) => column === columns[c]);
    if (!same) {
      throw new UsageError("table-columns", {
        found: `row ${row.id} with ${row.values.length} values in ${row.columns.length} columns`,
        expected: `the ${columns.length} columns of row ${rows[0].id}, in the same order`,
        remedy: "Make all features with one network and one pooling.",
      });
    }
    values.set(row.values, r * columns.length);
  });
  const ids = rows.map(({ id }) => id);
  const repeated = ids.find((id, r) => ids.indexOf(id) !== r);
  if (repeated !== undefined) {
    throw new DataError("table-id-repeated", {
      found: `Two rows of ${repeated}`,
      expected: "one row per identifier",
      remedy: "Remove the duplicate.",
    });
  }
  return { ids, columns, values };
}

export interface VisitTables {
  /** One table per visit, rows by patient; all of the same columns. */
  readonly visits: Readonly<Record<string, FeatureTable>>;
  /** Adds `change.…` columns, the later visit less the earlier. */
  readonly change?: { readonly from: string; readonly to: string };
  /** The patients of the result, in its order; by default all that any visit has, sorted. */
  readonly ids?: readonly string[];
}

/**
 * Joins visits into one row per patient with columns `pre.…`, `post.…` (the names of the visits) and `change.…`.
 * A patient without one of the visits has NaN there: issue `features-visit-missing`.
 *
 * @throws {UsageError} `table-columns` for visits of different columns, `table-visit` for a change of a visit
 *   that there is not.
 */
export function joinVisits({ visits, change, ids }: VisitTables): WithIssues<FeatureTable> {
  const names = Object.keys(visits);
  const absent = [change?.from, change?.to].find((visit) => visit !== undefined && !names.includes(visit));
  if (names.length === 0 || absent !== undefined) {
    throw new UsageError("table-visit", {
      found: absent === undefined ? "no visits" : `a change of visit ${absent}, among ${names.join(", ")}`,
      expected: "at least one visit, and a change between two of them",
    });
  }
  const [{ columns }] = Object.values(visits);
  for (const name of names) {
    if (visits[name].columns.join("\n") === columns.join("\n")) continue;
    throw new UsageError("table-columns", {
      found: `visits ${names[0]} and ${name} with different columns`,
      expected: "the same columns in the same order",
      remedy: "Make all features with one network and one pooling.",
    });
  }

  const rowOf = new Map(names.map((name) => [name, new Map(visits[name].ids.map((id, row) => [id, row]))]));
  const patients = ids ?? [...new Set(names.flatMap((name) => visits[name].ids))].sort();
  const blocks = change === undefined ? names : [...names, "change"];
  const issues: Issue[] = [];
  const values = new Float64Array(patients.length * blocks.length * columns.length);
  patients.forEach((id, p) => {
    const rows = new Map(
      names.map((name) => {
        const row = rowOf.get(name)!.get(id);
        if (row === undefined) issues.push(missingVisit(id, name));
        return [name, row === undefined ? undefined : featureRow(visits[name], row)];
      }),
    );
    const valueIn = (visit: string, c: number) => rows.get(visit)?.[c] ?? Number.NaN;
    blocks.forEach((block, b) => {
      const base = (p * blocks.length + b) * columns.length;
      for (let c = 0; c < columns.length; c++) {
        values[base + c] =
          change !== undefined && b === names.length
            ? valueIn(change.to, c) - valueIn(change.from, c)
            : valueIn(block, c);
      }
    });
  });
  return {
    value: {
      ids: [...patients],
      columns: blocks.flatMap((block) => columns.map((column) => `${block}.${column}`)),
      values,
    },
    issues,
  };
}

/** The table's rows as models take them, values by column; NaN becomes `null`. */
export function tableRows(table: FeatureTable): Record<string, ClinicalValue>[] {
  return table.ids.map((_, row) => {
    const values = featureRow(table, row);
    return Object.fromEntries(
      table.columns.map((column, c) => [column, Number.isNaN(values[c]) ? null : values[c]]),
    );
  });
}

/**
 * A table from rows of numbers by column, the columns being those of the first row.
 *
 * @throws {UsageError} `table-empty`, `table-columns`. @throws {DataError} `table-id-repeated`;
 *   `table-not-numeric` for text.
 */
export function tableOfRows(
  ids: readonly string[],
  rows: readonly Readonly<Record<string, ClinicalValue>>[],
): FeatureTable {
  if (ids.length !== rows.length) {
    throw new UsageError("table-columns", {
      found: `${ids.length} identifiers for ${rows.length} rows`,
      expected: "one identifier per row",
    });
  }
  return stackRows(
    rows.map((row, r) => ({
      id: ids[r],
      columns: Object.keys(row),
      values: Float64Array.from(Object.entries(row), ([column, value]) => {
        if (value === null) return Number.NaN;
        if (typeof value === "number") return value;
        throw new DataError("table-not-numeric", {
          found: `Column ${column} holds "${value}"`,
          expected: "numbers only",
          remedy: "Features are numbers; keep text in the clinical table.",
        });
      }),
    })),
  );
}

function missingVisit(id: string, visit: string): Issue {
  return {
    code: "features-visit-missing",
    severity: "warning",
    message: `There are no features of visit ${visit}, so they count as missing. Expected an examination for each visit.`,
    subject: id,
  };
}
