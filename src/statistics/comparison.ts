/** The comparison of models on one set of cases. */
import { UsageError } from "../domain/errors.ts";
import type { Issue } from "../domain/issues.ts";
import { deriveKey, type RandomKey } from "../domain/random.ts";
import { aucMetric, type ResamplingChoice } from "./auc-metric.ts";
import { DEFAULT_RESAMPLES, requireResamples } from "./bootstrap.ts";
import {
  type ComparisonOutcome,
  countFlags,
  ENDPOINTS_OF_KIND,
  type Target,
  targetsOf,
} from "./comparison-outcome.ts";
import type { AucEndpoint, Comparison, EndpointName, SpearmanEndpoint } from "./comparison-result.ts";
import { LEAST_CASES } from "./correlation.ts";
import { CONFIDENCE } from "./distributions.ts";
import { type AnalysisPlan, analyse } from "./endpoint-analysis.ts";
import { type ModelColumn, type ModelScores, modelColumns } from "./model-columns.ts";
import { spearmanMetric } from "./spearman-metric.ts";

/** Case sets larger than this are not resampled: normal theory is exact enough there, and time is not. */
export const MOST_CASES_TO_RESAMPLE = 10_000;

/** What to compare. */
export interface ComparisonRequest {
  readonly outcome: ComparisonOutcome;
  /** Scores in the order of the outcomes. */
  readonly models: readonly ModelScores[];
  /** The model that every other is compared with; all pairs are compared where it is left out. */
  readonly reference?: string;
  /** The one endpoint declared before the data were seen. */
  readonly primary?: EndpointName;
  /** Differences smaller than this, in units of AUC or ρ, do not matter. */
  readonly margin?: number;
  readonly key: RandomKey;
  /** Bootstrap resamples; 2,000 where left out. */
  readonly resamples?: number;
}

/**
 * Measures models against an outcome and compares them in pairs.
 *
 * AUCs have DeLong's intervals and paired test, correlations the interval of Bonett & Wright and the paired bootstrap
 * (the infinitesimal jackknife above 10,000 cases, where nothing is resampled). A model is measured on its own complete cases, a pair on
 * those that both models have. Holm's adjustment runs over all pairs of one endpoint. A score's direction is never
 * guessed.
 *
 * @returns plain JSON without NaN; undefined figures are `null`, and an issue says why
 * @throws {UsageError} `models-missing`, `model-name`, `model-duplicate`, `length-mismatch`, `reference-unknown`,
 *   `primary-unknown`, `margin-invalid`, `resamples-invalid`, `positive-unknown`, `positive-required`
 * @throws {DataError} `score-not-finite`, `outcome-not-finite`
 */
export function compareModels(request: ComparisonRequest): Comparison {
  const { outcome, models, reference = null, primary = null, margin = null, key } = request;
  const resamples = request.resamples ?? DEFAULT_RESAMPLES;
  requireResamples(resamples);
  requireMargin(margin);
  requirePrimary(primary, ENDPOINTS_OF_KIND[outcome.kind]);
  const columns = modelColumns(models, outcome.values.length);
  requireReference(reference, columns);

  const issues: Issue[] = [];
  const targets = targetsOf(outcome, issues);
  const known = anyKnown(targets, outcome.values.length);
  const n = countFlags(known);
  issues.push(...missingOutcomes(n, known.length), ...missingScores(columns, known, n));
  const plan: AnalysisPlan = { columns, reference, margin };
  const endpoints: Partial<Record<EndpointName, AucEndpoint | SpearmanEndpoint>> = {};
  for (const target of targets) {
    const problem = unusable(target);
    if (problem !== null) {
      issues.push(problem);
      continue;
    }
    const resampling = {
      resamples,
      key: deriveKey(key, "bootstrap", target.name),
      mostCases: MOST_CASES_TO_RESAMPLE,
    };
    endpoints[target.name] = analyseTarget(target, plan, resampling, target.name === primary, issues);
  }
  if (n > MOST_CASES_TO_RESAMPLE) issues.push(notResampled(n));
  return {
    n,
    reference,
    primary,
    margin,
    confidence: CONFIDENCE,
    resamples,
    endpoints: endpoints as Comparison["endpoints"],
    issues,
  };
}

function analyseTarget(
  target: Target,
  plan: AnalysisPlan,
  resampling: ResamplingChoice,
  primary: boolean,
  issues: Issue[],
): AucEndpoint | SpearmanEndpoint {
  const { name, meaning, known } = target;
  const n = countFlags(known);
  if (target.metric === "spearman") {
    const figures = analyse(name, known, spearmanMetric(target, resampling), plan, issues);
    return { metric: "spearman", meaning, n, primary, ...figures };
  }
  const figures = analyse(name, known, aucMetric(target, resampling), plan, issues);
  return { metric: "auc", meaning, n, positive: countFlags(target.positive), primary, ...figures };
}

/** Why an endpoint cannot be measured for any model; `null` where it can. */
function unusable(target: Target): Issue | null {
  const n = countFlags(target.known);
  const left = `Endpoint ${target.name} was left out:`;
  if (n === 0) {
    return {
      code: "outcome-missing",
      severity: "info",
      message: `${left} no case has this outcome.`,
      subject: target.name,
    };
  }
  if (target.metric === "auc") {
    const positive = countFlags(target.positive);
    if (positive > 0 && positive < n) return null;
    return {
      code: "outcome-single-class",
      severity: "error",
      message: `${left} ${positive} of ${n} cases are positive. An AUC needs cases of both classes.`,
      subject: target.name,
    };
  }
  if (n >= LEAST_CASES) return null;
  return {
    code: "too-few-cases",
    severity: "error",
    message: `${left} ${n} cases have this outcome. A correlation needs at least ${LEAST_CASES}.`,
    subject: target.name,
  };
}

function missingOutcomes(n: number, cases: number): Issue[] {
  if (n === cases) return [];
  return [
    {
      code: "outcomes-incomplete",
      severity: n === 0 ? "error" : "warning",
      message: `${cases - n} of ${cases} rows have no outcome and were left out.`,
    },
  ];
}

function missingScores(columns: readonly ModelColumn[], known: Uint8Array, n: number): Issue[] {
  return columns.flatMap(({ name, present }) => {
    let missing = 0;
    for (let row = 0; row < known.length; row++) if (known[row] && !present[row]) missing++;
    if (missing === 0) return [];
    return [
      {
        code: "rows-incomplete",
        severity: "warning" as const,
        message:
          `Model ${name} has no score for ${missing} of ${n} cases with an outcome. ` +
          "It was measured on the others, and compared on the cases that both models have.",
        subject: name,
      },
    ];
  });
}

function notResampled(n: number): Issue {
  return {
    code: "bootstrap-skipped",
    severity: "info",
    message:
      `Case sets of more than ${MOST_CASES_TO_RESAMPLE} cases (${n} cases here) were not resampled: ` +
      "bootstrap intervals are empty there, and correlations were compared by the infinitesimal jackknife.",
  };
}

function anyKnown(targets: readonly Target[], cases: number): Uint8Array {
  const known = new Uint8Array(cases);
  for (const target of targets) {
    for (let row = 0; row < cases; row++) known[row] |= target.known[row];
  }
  return known;
}

function requireMargin(margin: number | null): void {
  if (margin === null || (margin > 0 && margin < 1)) return;
  throw new UsageError("margin-invalid", {
    found: `a margin of ${margin}`,
    expected: "a difference of AUC or correlation between 0 and 1",
  });
}

function requirePrimary(primary: EndpointName | null, possible: readonly EndpointName[]): void {
  if (primary === null || possible.includes(primary)) return;
  throw new UsageError("primary-unknown", {
    found: `the primary endpoint ${primary}`,
    expected: `an endpoint of this outcome: ${possible.join(", ")}`,
  });
}

function requireReference(reference: string | null, columns: readonly ModelColumn[]): void {
  if (reference === null || columns.some(({ name }) => name === reference)) return;
  throw new UsageError("reference-unknown", {
    found: `the reference model ${reference}`,
    expected: `one of ${columns.map(({ name }) => name).join(", ")}`,
  });
}
