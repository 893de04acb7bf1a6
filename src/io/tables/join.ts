/** Several tables of the same patients → one. */
import type { ClinicalValue } from "../../domain/cohort.ts";
import { DataError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import { requireColumn, type Table, type TableRow } from "./table.ts";

/**
 * Joins tables on an identifier (outer join): every patient of any table once, in the order met; null where a table does
 * not know the patient. The identifier column is text in the result. A column that several tables have is merged where
 * they agree.
 *
 * @throws {DataError} `table-column-missing`, `table-id-missing` (a row without identifier), `patients-duplicate` naming
 *   them, `table-conflict` where two tables contradict each other.
 */
export function joinTables(tables: readonly Table[], idColumn: string): Table {
  const columns = [...new Set([idColumn, ...tables.flatMap((table) => table.columns)])];
  const joined = new Map<string, Record<string, ClinicalValue>>();
  const issues: Issue[] = tables.flatMap((table) => table.issues);
  const byId = tables.map((table) => rowsById(table, idColumn));
  tables.forEach((table, at) => {
    for (const [id, row] of byId[at]) {
      const target = joined.get(id) ?? {
        ...Object.fromEntries(columns.map((column) => [column, null])),
        [idColumn]: id,
      };
      joined.set(id, target);
      for (const column of table.columns) {
        if (column !== idColumn) target[column] = merged(target[column], row[column], { column, id, table });
      }
    }
  });
  tables.forEach((table, at) => {
    const absent = joined.size - byId[at].size;
    if (absent === 0) return;
    issues.push({
      code: "table-join-incomplete",
      severity: "warning",
      message: `${absent} of ${joined.size} patients are not in this table; its columns are missing for them.`,
      file: table.file,
    });
  });
  return { columns, rows: [...joined.values()], file: tables.map(({ file }) => file).join(" + "), issues };
}

function rowsById(table: Table, idColumn: string): Map<string, TableRow> {
  requireColumn(table, idColumn);
  const rows = new Map<string, TableRow>();
  const duplicates = new Set<string>();
  table.rows.forEach((row, at) => {
    const value = row[idColumn];
    if (value === null) {
      throw new DataError("table-id-missing", {
        file: table.file,
        found: `no "${idColumn}" in data row ${at + 1}`,
        expected: "an identifier in every row",
        remedy: "Fill it in or remove the row.",
      });
    }
    const id = String(value);
    if (rows.has(id)) duplicates.add(id);
    rows.set(id, row);
  });
  if (duplicates.size > 0) {
    throw new DataError("patients-duplicate", {
      file: table.file,
      found: `more than one row for ${[...duplicates].join(", ")}`,
      expected: `one row per "${idColumn}"`,
      remedy: "Remove or merge the surplus rows.",
    });
  }
  return rows;
}

interface Place {
  readonly column: string;
  readonly id: string;
  readonly table: Table;
}

function merged(known: ClinicalValue, next: ClinicalValue, { column, id, table }: Place): ClinicalValue {
  if (known === null || next === null || known === next) return known ?? next;
  throw new DataError("table-conflict", {
    file: table.file,
    found: `"${column}" of ${id} is ${next}, but ${known} in another table`,
    expected: "one value per patient and column",
    remedy: "Correct one of the tables or rename the column.",
  });
}
