/** The comparison again within groups of patients: by subtype, centre, vendor. */
import type { ClinicalValue } from "../domain/cohort.ts";
import { UsageError } from "../domain/errors.ts";
import type { Issue, WithIssues } from "../domain/issues.ts";
import { deriveKey } from "../domain/random.ts";
import { type ComparisonRequest, compareModels } from "./comparison.ts";
import type { ComparisonOutcome } from "./comparison-outcome.ts";
import type { Comparison } from "./comparison-result.ts";

/** A column by which patients are grouped, one value per case. */
export interface Grouping {
  readonly column: string;
  readonly values: readonly (ClinicalValue | boolean)[];
}

/** The comparison of the patients with one value of a column. */
export interface Subgroup {
  readonly column: string;
  readonly value: string;
  /** Patients of the group, with or without an outcome. */
  readonly patients: number;
  readonly endpoints: Comparison["endpoints"];
}

/** Below this many patients a group's figures would say nothing and tell much of single patients. */
const LEAST_PATIENTS = 10;

/**
 * Compares the models within each group. The figures are descriptive: no p is adjusted for the number of groups, and that one group
 * shows a difference where another does not is no evidence that they differ.
 *
 * @returns groups in the order of the groupings and of their values; `subgroup-small` and `subgroup-unmeasured` tell of those left out,
 *   `subgroup-missing` of patients without a value
 * @throws {UsageError} `length-mismatch`, and as `compareModels`
 */
export function compareSubgroups(
  request: ComparisonRequest,
  groupings: readonly Grouping[],
): WithIssues<Subgroup[]> {
  const issues: Issue[] = [];
  const value: Subgroup[] = [];
  for (const { column, values } of groupings) {
    if (values.length !== request.outcome.values.length) {
      throw new UsageError("length-mismatch", {
        found: `${values.length} values of ${column} for ${request.outcome.values.length} cases`,
        expected: "one value, or null, per case",
      });
    }
    const groups = rowsByValue(values);
    const known = [...groups.values()].reduce((sum, rows) => sum + rows.length, 0);
    if (known < values.length) {
      const message = `${values.length - known} of ${values.length} patients have no ${column} and are in none of its groups.`;
      issues.push({ code: "subgroup-missing", severity: "info", message, subject: column });
    }
    for (const [name, rows] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (rows.length < LEAST_PATIENTS) {
        const message = `${column} ${name} has ${rows.length} patients; a group is measured from ${LEAST_PATIENTS}.`;
        issues.push({ code: "subgroup-small", severity: "info", message, subject: column });
        continue;
      }
      const { endpoints } = compareModels({
        ...request,
        outcome: outcomeOf(request.outcome, rows),
        models: request.models.map((model) => ({
          name: model.name,
          scores: rows.map((row) => model.scores[row]),
        })),
        key: deriveKey(request.key, "subgroup", column, name),
      });
      if (Object.keys(endpoints).length === 0) {
        const message = `${column} ${name}: the outcomes of its ${rows.length} patients allow no endpoint.`;
        issues.push({ code: "subgroup-unmeasured", severity: "info", message, subject: column });
        continue;
      }
      value.push({ column, value: name, patients: rows.length, endpoints });
    }
  }
  return { value, issues };
}

function rowsByValue(values: Grouping["values"]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  values.forEach((value, row) => {
    if (value === null) return;
    const rows = groups.get(String(value));
    if (rows === undefined) groups.set(String(value), [row]);
    else rows.push(row);
  });
  return groups;
}

function outcomeOf(outcome: ComparisonOutcome, rows: readonly number[]): ComparisonOutcome {
  const picked = <T>(values: readonly T[]) => rows.map((row) => values[row]);
  switch (outcome.kind) {
    case "binary": {
      // The positive value must not depend on which values a group happens to hold.
      const positive =
        outcome.positive ?? (outcome.values.some((value) => typeof value === "boolean") ? true : 1);
      const values = picked(outcome.values);
      return values.some((value) => value !== null && String(value) === String(positive))
        ? { kind: "binary", values, positive }
        : { kind: "binary", values: values.map((value) => (value === null ? null : 0)) };
    }
    case "rcb":
      return { kind: "rcb", values: picked(outcome.values) };
    case "continuous":
      return { kind: "continuous", values: picked(outcome.values) };
  }
}
