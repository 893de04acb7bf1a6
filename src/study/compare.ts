/** Statistics of any table of predictions, from any tool. */
import { DataError, UsageError } from "../domain/errors.ts";
import type { WithIssues } from "../domain/issues.ts";
import { outcomeOfClass, outcomeOfScore, UNKNOWN_OUTCOME } from "../domain/outcome.ts";
import { randomKey } from "../domain/random.ts";
import { suggestName } from "../domain/suggestion.ts";
import { readTable } from "../io/tables/read.ts";
import type { Table } from "../io/tables/table.ts";
import { DEFAULT_RESAMPLES } from "../statistics/bootstrap.ts";
import { type ComparisonRequest, compareModels } from "../statistics/comparison.ts";
import type { ComparisonOutcome, OutcomeKind } from "../statistics/comparison-outcome.ts";
import type { Comparison, EndpointName } from "../statistics/comparison-result.ts";
import {
  analyseMissingOutcomes,
  type MissingAnalysis,
  type MissingMethod,
} from "../statistics/missing-comparison.ts";
import { compareSubgroups, type Subgroup } from "../statistics/subgroups.ts";
import { parseRcbClass } from "./outcome.ts";

export interface CompareRequest {
  readonly file: string;
  /** Column of the outcome. */
  readonly outcome: string;
  readonly kind: OutcomeKind;
  /** Value of a binary outcome that is positive. */
  readonly positive?: string;
  /** Columns of the models; by default every numeric column that is no identifier, set or outcome. */
  readonly models?: readonly string[];
  readonly reference?: string;
  readonly primary?: EndpointName;
  readonly margin?: number;
  readonly resamples?: number;
  /** Columns within whose groups the comparison is made again. */
  readonly subgroups?: readonly string[];
  /** What is done about unknown outcomes beside the complete cases; `complete`, the default, is nothing. */
  readonly missing?: "complete" | MissingMethod;
  /** Columns that explain whose outcome is missing. */
  readonly missingCovariates?: readonly string[];
  readonly seed: number;
}

/** A comparison, with those of the groups that were asked for. */
export interface TableComparison extends Comparison {
  readonly subgroups?: readonly Subgroup[];
  readonly missingOutcomes?: Omit<MissingAnalysis, "issues">;
}

/** Columns of `predictions.csv` that are no models. */
export const RESERVED_COLUMNS: readonly string[] = ["patient_id", "set", "rcb_score", "rcb_class", "pcr"];

/**
 * Compares the columns of a table as predictions of one of its columns.
 *
 * @throws {DataError} `column-unknown`, `column-not-numeric`, `outcome-unreadable`, and as reading a table.
 * @throws {UsageError} as `compareModels`.
 */
export async function compareTable(request: CompareRequest): Promise<TableComparison> {
  const table = await readTable(request.file);
  requireKnown(table, [request.outcome], "--outcome");
  requireKnown(table, request.models ?? [], "--models");
  requireKnown(table, request.subgroups ?? [], "--subgroups");
  requireKnown(table, request.missingCovariates ?? [], "--missing-covariates");
  const names =
    request.models ??
    modelColumns(table, request.outcome).filter(
      (name) => !request.subgroups?.includes(name) && !request.missingCovariates?.includes(name),
    );
  if (names.length === 0) {
    throw new UsageError("models-missing", {
      file: request.file,
      found: `no numeric column beside "${request.outcome}"`,
      expected: "at least one column of predictions",
    });
  }
  const asked = {
    outcome: readOutcomes(table, request),
    models: names.map((name) => ({ name, scores: numbersOf(table, name) })),
    key: randomKey(request.seed),
    ...(request.reference === undefined ? {} : { reference: request.reference }),
    ...(request.primary === undefined ? {} : { primary: request.primary }),
    ...(request.margin === undefined ? {} : { margin: request.margin }),
    ...(request.resamples === undefined ? {} : { resamples: request.resamples }),
  };
  const comparison = compareModels(asked);
  const missing = missingOutcomes(table, request, asked);
  const found = { ...comparison, ...(missing === null ? {} : { missingOutcomes: missing.value }) };
  const issues = [...table.issues, ...comparison.issues, ...(missing?.issues ?? [])];
  if (request.subgroups === undefined) return { ...found, issues };
  const groupings = request.subgroups.map((column) => ({
    column,
    values: table.rows.map((row) => row[column]),
  }));
  const { value: subgroups, issues: groupIssues } = compareSubgroups(asked, groupings);
  return { ...found, subgroups, issues: [...issues, ...groupIssues] };
}

function missingOutcomes(
  table: Table,
  { missing = "complete", missingCovariates = [] }: CompareRequest,
  asked: ComparisonRequest,
): WithIssues<Omit<MissingAnalysis, "issues">> | null {
  if (missing === "complete") return null;
  const { issues, ...value } = analyseMissingOutcomes({
    method: missing,
    covariates: missingCovariates.map((name) => ({ name, values: table.rows.map((row) => row[name]) })),
    outcome: asked.outcome,
    models: asked.models,
    resamples: asked.resamples ?? DEFAULT_RESAMPLES,
    key: asked.key,
    ...(asked.reference === undefined ? {} : { reference: asked.reference }),
  });
  return { value, issues };
}

function requireKnown(table: Table, columns: readonly string[], option: string): void {
  const unknown = columns.find((column) => !table.columns.includes(column));
  if (unknown === undefined) return;
  throw new DataError("column-unknown", {
    file: table.file,
    found: `no column "${unknown}" (${option})`,
    remedy: suggestName(unknown, table.columns),
  });
}

function modelColumns(table: Table, outcome: string): string[] {
  return table.columns.filter(
    (column) =>
      column !== outcome &&
      !RESERVED_COLUMNS.includes(column) &&
      table.rows.some((row) => row[column] !== null) &&
      table.rows.every((row) => row[column] === null || typeof row[column] === "number"),
  );
}

function numbersOf(table: Table, column: string): (number | null)[] {
  return table.rows.map((row, i) => {
    const value = row[column];
    if (value === null || typeof value === "number") return value;
    throw new DataError("column-not-numeric", {
      file: table.file,
      found: `"${value}" in column "${column}", row ${i + 1}`,
      expected: "a number, or an empty cell where it is missing",
    });
  });
}

function readOutcomes(table: Table, { outcome, kind, positive }: CompareRequest): ComparisonOutcome {
  const values = table.rows.map((row) => row[outcome]);
  if (kind === "binary") return { kind, values, ...(positive === undefined ? {} : { positive }) };
  if (kind === "continuous") return { kind, values: numbersOf(table, outcome) };
  const scored = values.every((value) => value === null || typeof value === "number");
  const classed = values.every((value) => value === null || /^(0|1|2|3)$/.test(String(value)));
  return {
    kind,
    values: values.map((value) => {
      if (value === null) return UNKNOWN_OUTCOME;
      return scored && !classed
        ? outcomeOfScore(value as number)
        : outcomeOfClass(parseRcbClass(value, outcome));
    }),
  };
}
