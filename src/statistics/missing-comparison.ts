/** AUCs of models for patients whose outcome is known only for some, beside the complete cases. */
import type { ClinicalValue } from "../domain/cohort.ts";
import { UsageError } from "../domain/errors.ts";
import type { Issue } from "../domain/issues.ts";
import { deriveKey, type RandomKey } from "../domain/random.ts";
import { bootstrap, pairedDifferences, summarise } from "./bootstrap.ts";
import { MOST_CASES_TO_RESAMPLE } from "./comparison.ts";
import { type ComparisonOutcome, countFlags, type Target, targetsOf } from "./comparison-outcome.ts";
import type { EndpointName } from "./comparison-result.ts";
import { aucVariance, delongPaired, placements } from "./delong.ts";
import type { Interval } from "./distributions.ts";
import {
  imputeBinaryOutcome,
  inverseProbabilityWeights,
  type PooledEstimate,
  poolEstimates,
  weightedAuc,
} from "./missing-outcomes.ts";
import type { ModelScores } from "./model-columns.ts";

/** `ipw`: known outcomes weighted by inverse probability. `impute`: unknown ones imputed several times. */
export type MissingMethod = "ipw" | "impute";

export interface Covariate {
  readonly name: string;
  /** One per case; text is taken as a category. */
  readonly values: readonly ClinicalValue[];
}

export interface MissingRequest {
  readonly method: MissingMethod;
  /** What explains who has no outcome; at least one. */
  readonly covariates: readonly Covariate[];
  readonly outcome: ComparisonOutcome;
  readonly models: readonly ModelScores[];
  /** The model that every other is compared with; all pairs where it is left out. */
  readonly reference?: string;
  readonly resamples: number;
  readonly key: RandomKey;
}

export interface MissingFigure {
  readonly value: number;
  /** IPW: percentile bootstrap, weights fitted anew in each resample. Imputation: Rubin's rules. `null` where undefined. */
  readonly ci: Interval | null;
  /** Imputation: share of the variance that is due to what is missing. */
  readonly missingInformation?: number;
}

export interface MissingEndpoint {
  /** Cases with all covariates and scores, and those of them whose outcome is known. */
  readonly n: number;
  readonly known: number;
  readonly models: Readonly<Record<string, MissingFigure>>;
  readonly pairs: readonly (MissingFigure & { readonly a: string; readonly b: string })[];
}

export interface MissingAnalysis {
  readonly method: MissingMethod;
  readonly covariates: readonly string[];
  /** Two-class endpoints; an issue tells of each that was left out. */
  readonly endpoints: Partial<Readonly<Record<EndpointName, MissingEndpoint>>>;
  readonly issues: readonly Issue[];
}

const IMPUTATIONS = 50;

/**
 * Measures AUCs for all cases, under the assumption that the covariates explain whose outcome is missing. It cannot be checked on
 * the data, so that the figures stand beside the complete cases and do not replace them.
 *
 * @throws {UsageError} `covariates-missing` without a covariate
 */
export function analyseMissingOutcomes(request: MissingRequest): MissingAnalysis {
  const { method, covariates, outcome, models } = request;
  if (covariates.length === 0) {
    throw new UsageError("covariates-missing", {
      found: `${method} without covariates`,
      expected: "at least one column that explains whose outcome is missing",
    });
  }
  const issues: Issue[] = [];
  const endpoints: Partial<Record<EndpointName, MissingEndpoint>> = {};
  const complete = Array.from({ length: outcome.values.length }, (_, row) => row).filter(
    (row) =>
      covariates.every(({ values }) => values[row] !== null) &&
      models.every(({ scores }) => scores[row] !== null),
  );
  if (complete.length < outcome.values.length) {
    issues.push({
      code: "covariates-incomplete",
      severity: "warning",
      message: `${outcome.values.length - complete.length} cases lack a covariate or a score and were left out of the analysis of missing outcomes.`,
    });
  }
  const columns = covariates.flatMap(({ values }) => numericColumns(complete.map((row) => values[row])));
  for (const target of targetsOf(outcome, [])) {
    if (target.metric !== "auc" || countFlags(target.known) === 0) continue;
    try {
      const endpoint = analyseEndpoint(
        endpointCases(target, models, columns, complete),
        request,
        target.name,
      );
      if (endpoint !== null) endpoints[target.name] = endpoint;
      else issues.push(leftOut(target.name, "its known cases are of one class, or none is unknown."));
    } catch (error) {
      if (!(error instanceof UsageError) || error.code !== "missingness-separable") throw error;
      issues.push(leftOut(target.name, error.message));
    }
  }
  return { method, covariates: covariates.map(({ name }) => name), endpoints, issues };
}

function leftOut(endpoint: EndpointName, why: string): Issue {
  return {
    code: "missing-outcomes-unusable",
    severity: "warning",
    message: `Endpoint ${endpoint} has no analysis of missing outcomes: ${why}`,
    subject: endpoint,
  };
}

/** Numbers as they are; text as one column of 0 and 1 for each category but the first. */
function numericColumns(values: readonly ClinicalValue[]): Float64Array[] {
  if (values.every((value) => typeof value === "number")) return [Float64Array.from(values as number[])];
  const levels = [...new Set(values.map(String))].sort();
  return levels
    .slice(1)
    .map((level) => Float64Array.from(values, (value) => Number(String(value) === level)));
}

interface EndpointCases {
  readonly covariates: readonly Float64Array[];
  readonly known: Uint8Array;
  readonly positive: readonly boolean[];
  /** Turned so that high speaks for the positive class. */
  readonly models: readonly { readonly name: string; readonly scores: Float64Array }[];
}

function endpointCases(
  target: Extract<Target, { metric: "auc" }>,
  models: readonly ModelScores[],
  covariates: readonly Float64Array[],
  rows: readonly number[],
): EndpointCases {
  const sign = target.lowIsPositive ? -1 : 1;
  return {
    covariates,
    known: Uint8Array.from(rows, (row) => target.known[row]),
    positive: rows.map((row) => target.positive[row] === 1),
    models: models.map(({ name, scores }) => ({
      name,
      scores: Float64Array.from(rows, (row) => sign * Number(scores[row])),
    })),
  };
}

function analyseEndpoint(
  cases: EndpointCases,
  request: MissingRequest,
  name: EndpointName,
): MissingEndpoint | null {
  const classes = cases.positive.filter((_, i) => cases.known[i] === 1);
  const known = countFlags(cases.known);
  if (known === cases.known.length || !classes.includes(true) || !classes.includes(false)) return null;
  const measure = METHODS[request.method](cases, request, deriveKey(request.key, "missing", name));
  return {
    n: cases.known.length,
    known,
    models: Object.fromEntries(cases.models.map((model, i) => [model.name, measure.model(i)])),
    pairs: pairsOf(cases, request.reference).map(([a, b]) => ({
      a: cases.models[a].name,
      b: cases.models[b].name,
      ...measure.pair(a, b),
    })),
  };
}

function pairsOf({ models }: EndpointCases, reference: string | undefined): [number, number][] {
  const first = models.findIndex(({ name }) => name === reference);
  if (first >= 0) return models.flatMap((_, i): [number, number][] => (i === first ? [] : [[first, i]]));
  return models.flatMap((_, a) => models.slice(a + 1).map((__, i): [number, number] => [a, a + 1 + i]));
}

interface Measure {
  model(index: number): MissingFigure;
  pair(a: number, b: number): MissingFigure;
}

const METHODS: Readonly<
  Record<MissingMethod, (cases: EndpointCases, request: MissingRequest, key: RandomKey) => Measure>
> = {
  ipw: measureWeighted,
  impute: measureImputed,
};

function measureWeighted(cases: EndpointCases, { resamples }: MissingRequest, key: RandomKey): Measure {
  const n = cases.known.length;
  const all = Array.from({ length: n }, (_, row) => row);
  const estimates = cases.models.map(({ scores }) => weightedOn(cases, scores, all));
  const resampled =
    n > MOST_CASES_TO_RESAMPLE
      ? null
      : bootstrap(
          { cases: n, resamples, key },
          cases.models.map(({ scores }) => (counts) => {
            try {
              return weightedOn(
                cases,
                scores,
                all.flatMap((row) => new Array<number>(counts[row]).fill(row)),
              );
            } catch (error) {
              // A resample without weights leaves its statistic undefined; too many of them, and there is no interval.
              if (error instanceof UsageError && error.code === "missingness-separable") return Number.NaN;
              throw error;
            }
          }),
        );
  return {
    model: (i) => ({
      value: estimates[i],
      ci: resampled === null ? null : (summarise(resampled[i])?.ci ?? null),
    }),
    pair: (a, b) => ({
      value: estimates[b] - estimates[a],
      ci: resampled === null ? null : (summarise(pairedDifferences(resampled[a], resampled[b]))?.ci ?? null),
    }),
  };
}

function weightedOn(cases: EndpointCases, scores: Float64Array, rows: readonly number[]): number {
  const weights = inverseProbabilityWeights(
    cases.covariates.map((column) => rows.map((row) => column[row])),
    rows.map((row) => cases.known[row]),
  );
  return weightedAuc(
    rows.map((row) => scores[row]),
    rows.map((row) => cases.positive[row]),
    weights,
  );
}

function measureImputed(cases: EndpointCases, _request: MissingRequest, key: RandomKey): Measure {
  const outcome = cases.positive.map((value, i) => (cases.known[i] === 1 ? value : null));
  // The scores belong to the imputation model: without them their worth would be imputed away.
  const predictors = [...cases.covariates, ...cases.models.map(({ scores }) => scores)].filter(
    (column, i, columns) =>
      columns.findIndex((other) => other.every((value, row) => value === column[row])) === i,
  );
  const completed = imputeBinaryOutcome(predictors, outcome, IMPUTATIONS, key);
  const measured = completed.map((positive) =>
    cases.models.map(({ scores }) => placements(scores, positive)),
  );
  const degrees = cases.known.length - 1;
  return {
    model: (i) =>
      figureOf(
        measured.map((models) => models[i].auc),
        measured.map((models) => aucVariance(models[i])),
        degrees,
        [0, 1],
      ),
    pair: (a, b) => {
      const tests = measured.map((models) => delongPaired(models[a], models[b]));
      return figureOf(
        measured.map((models) => models[b].auc - models[a].auc),
        tests.map((test) => (test === null ? null : test.standardError ** 2)),
        degrees,
        [-1, 1],
      );
    },
  };
}

function figureOf(
  values: readonly number[],
  variances: readonly (number | null)[],
  degrees: number,
  [least, most]: Interval,
): MissingFigure {
  const known = variances.filter((variance) => variance !== null);
  if (known.length < variances.length) {
    return { value: values.reduce((sum, value) => sum + value / values.length, 0), ci: null };
  }
  const { estimate, ci, missingInformation }: PooledEstimate = poolEstimates(values, known, degrees);
  return { value: estimate, ci: [Math.max(least, ci[0]), Math.min(most, ci[1])], missingInformation };
}
