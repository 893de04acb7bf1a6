/** RCB scores of a table of pathology components. */
import { DataError } from "../domain/errors.ts";
import type { Issue, WithIssues } from "../domain/issues.ts";
import type { RcbClass } from "../domain/rcb.ts";
import { suggestName } from "../domain/suggestion.ts";
import { readTable } from "../io/tables/read.ts";
import { readOutcome } from "./outcome.ts";

const COLUMNS = ["d1", "d2", "cellularity", "cis", "nodes", "met"] as const;

export interface ScoredRow {
  /** Counted from 1, without the header. */
  readonly row: number;
  readonly score: number | null;
  readonly class: RcbClass | null;
}

/**
 * Scores each row; a row that is contradictory or incomplete has null and an issue.
 *
 * @throws {DataError} `column-unknown` where a component has no column.
 */
export async function scoreRcbTable(file: string): Promise<WithIssues<ScoredRow[]>> {
  const table = await readTable(file);
  const missing = COLUMNS.filter((column) => !table.columns.includes(column));
  if (missing.length > 0) {
    throw new DataError("column-unknown", {
      file,
      found: `no column ${missing.join(", ")}`,
      expected: `the columns ${COLUMNS.join(", ")} (mm, mm, %, %, count, mm)`,
      remedy: suggestName(missing[0], table.columns),
    });
  }
  const components = Object.fromEntries(COLUMNS.map((column) => [column, column])) as Record<
    (typeof COLUMNS)[number],
    string
  >;
  const issues: Issue[] = [];
  const scored = table.rows.map((row, i) => {
    const outcome = readOutcome(row, { components }, `row ${i + 1}`);
    issues.push(...outcome.issues);
    return { row: i + 1, score: outcome.value.rcbScore, class: outcome.value.rcbClass };
  });
  return { value: scored, issues };
}
