/** Columns that a study file makes of two others: `change(before, after)`. */
import type { ClinicalValue } from "../domain/cohort.ts";
import type { ModelConfig } from "./schema.ts";

const CHANGE = /^change\(([^,]+),([^,]+)\)$/;

/** The two columns of a change; null for a column of the table. */
function changeOf(column: string): readonly [before: string, after: string] | null {
  const found = CHANGE.exec(column);
  return found === null ? null : [found[1].trim(), found[2].trim()];
}

/** The columns of the table that a column needs: itself, or those that it is the change of. */
export function sourceColumns(column: string): readonly string[] {
  return changeOf(column) ?? [column];
}

/** All changes that the models look at. */
export function changeColumns(models: readonly ModelConfig[]): string[] {
  const named = models.flatMap((model) =>
    typeof model === "object" && "columns" in model ? model.columns : [],
  );
  return [...new Set(named.filter((column) => changeOf(column) !== null))];
}

/**
 * The row with its changes: (after − before) / before, so −1 where nothing is left. Null where one of both is missing or
 * no number, or where there was nothing before but something after.
 */
export function withChanges<Row extends Readonly<Record<string, ClinicalValue>>>(
  row: Row,
  changes: readonly string[],
): Row & Record<string, ClinicalValue> {
  const made = changes.map((column): [string, ClinicalValue] => {
    const [before, after] = changeOf(column)!.map((source) => row[source] ?? null);
    if (typeof before !== "number" || typeof after !== "number") return [column, null];
    if (before === 0) return [column, after === 0 ? 0 : null];
    const change = (after - before) / before;
    return [column, Number.isFinite(change) ? change : null];
  });
  return { ...row, ...Object.fromEntries(made) };
}
