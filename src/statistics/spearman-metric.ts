/** Models measured by their rank correlation with an ordered outcome. */
import type { Issue } from "../domain/issues.ts";
import { deriveKey } from "../domain/random.ts";
import type { ResamplingChoice } from "./auc-metric.ts";
import { bcaInterval } from "./bca.ts";
import { bootstrap, pairedDifferences, summarise } from "./bootstrap.ts";
import type { Target } from "./comparison-outcome.ts";
import type { SpearmanFigure } from "./comparison-result.ts";
import { type Correlation, correlate, LEAST_CASES, spearmanOfLevels } from "./correlation.ts";
import { correlationDifference, spearmanInfluence } from "./correlation-influence.ts";
import type { Metric, PairNumbers } from "./endpoint-analysis.ts";
import { type Levels, subsetLevels } from "./levels.ts";
import { permutationTestOfCorrelations } from "./permutation.ts";

interface MeasuredCorrelation {
  readonly levels: Levels;
  readonly outcome: Levels;
  readonly correlation: Correlation;
  /** Influences of the cases. */
  readonly influence: Float64Array;
  /** Correlations of the resamples; `null` where there are none. */
  readonly resampled: Float64Array | null;
}

/**
 * The metric of an ordered outcome. Pairs are tested by the paired bootstrap; by the infinitesimal
 * jackknife where the cases are too many to resample.
 */
export function spearmanMetric(
  target: Extract<Target, { metric: "spearman" }>,
  { resamples, key, mostCases }: ResamplingChoice,
): Metric<MeasuredCorrelation, SpearmanFigure> {
  const swaps = deriveKey(key, "swaps");
  return {
    pairMethod: "paired-bootstrap",
    measure(columns, rows) {
      const outcome = subsetLevels(target.outcome, rows);
      const levels = columns.map((column) => subsetLevels(column.levels, rows));
      const statistics = levels.map(
        (ofModel) => (counts: Uint32Array) => spearmanOfLevels(ofModel, outcome, counts),
      );
      const resampled =
        rows.length > mostCases ? null : bootstrap({ cases: rows.length, resamples, key }, statistics);
      return levels.map((ofModel, index) => {
        const correlation = correlate(ofModel, outcome);
        if (correlation === null) return null;
        return {
          levels: ofModel,
          outcome,
          correlation,
          influence: spearmanInfluence(ofModel, outcome),
          resampled: resampled?.[index] ?? null,
        };
      });
    },
    figure(measured, rows) {
      if (measured === null)
        return { n: rows.length, rho: null, ci: null, p: null, ciBootstrap: null, ciBca: null };
      const { rho, ci, p } = measured.correlation;
      const resampled = measured.resampled === null ? null : summarise(measured.resampled);
      const ciBca =
        measured.resampled === null
          ? null
          : // Leaving a case out moves ρ against its influence.
            bcaInterval(
              rho,
              measured.resampled,
              measured.influence.map((value) => -value),
            );
      return { n: rows.length, rho, ci, p, ciBootstrap: resampled?.ci ?? null, ciBca };
    },
    remarks(column, figure) {
      return spearmanRemarks(target.name, column.name, figure);
    },
    difference(a, b) {
      const difference = b.correlation.rho - a.correlation.rho;
      if (a.resampled === null || b.resampled === null) {
        return influenceNumbers(difference, a.influence, b.influence);
      }
      const resampled = summarise(pairedDifferences(a.resampled, b.resampled));
      return {
        difference,
        ci: resampled?.ci ?? null,
        z: resampled === null ? null : ratio(difference, resampled.standardError),
        p: resampled?.p ?? null,
        method: "paired-bootstrap",
        standardError: resampled?.standardError ?? null,
        ciBootstrap: resampled?.ci ?? null,
        pPermutation: permutationTestOfCorrelations(a.levels.of, b.levels.of, a.outcome.of, resamples, swaps)
          .p,
      };
    },
  };
}

/** A difference in standard errors; 0 where both are 0, `null` where only the error is. */
function ratio(difference: number, standardError: number): number | null {
  if (standardError > 0) return difference / standardError;
  return difference === 0 ? 0 : null;
}

function influenceNumbers(difference: number, first: Float64Array, second: Float64Array): PairNumbers {
  const test = correlationDifference(difference, first, second);
  return {
    difference,
    ci: test?.ci ?? null,
    z: test?.z ?? null,
    p: test?.p ?? null,
    method: "infinitesimal-jackknife",
    standardError: test?.standardError ?? null,
    ciBootstrap: null,
    pPermutation: null,
  };
}

function spearmanRemarks(endpoint: string, model: string, { n, rho, ci }: SpearmanFigure): Issue[] {
  const remark = (code: string, text: string): Issue[] => [
    { code, severity: "warning", message: `Endpoint ${endpoint}, model ${model}: ${text}`, subject: model },
  ];
  if (rho === null) {
    return n < LEAST_CASES
      ? remark("too-few-cases", `${n} complete cases; a correlation needs at least ${LEAST_CASES}.`)
      : remark(
          "score-constant",
          `the scores or outcomes of its ${n} cases are all equal; no correlation exists.`,
        );
  }
  if (ci === null) return remark("interval-undefined", `${n} cases; an interval needs at least four.`);
  if (Math.abs(rho) === 1) {
    const text = `a correlation of ${rho} has an interval without width, which understates its uncertainty.`;
    return remark("interval-degenerate", text);
  }
  return [];
}
