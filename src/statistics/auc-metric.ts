/** Models measured by the AUC of a two-class endpoint. */
import type { Issue } from "../domain/issues.ts";
import { deriveKey, type RandomKey } from "../domain/random.ts";
import { bcaInterval } from "./bca.ts";
import { bootstrap, pairedDifferences, summarise } from "./bootstrap.ts";
import { countFlags, type Target } from "./comparison-outcome.ts";
import type { AucFigure } from "./comparison-result.ts";
import { aucInterval, aucVariance, delongPaired, type Placements, placementsOfLevels } from "./delong.ts";
import type { CaseRows, Metric } from "./endpoint-analysis.ts";
import { isConstant, type Levels, negatedLevels, subsetLevels } from "./levels.ts";
import type { ModelColumn } from "./model-columns.ts";
import { permutationTestOfAucs } from "./permutation.ts";
import { aucOfLevels } from "./roc.ts";

/** How an endpoint resamples; `null` resamples not at all. */
export interface ResamplingChoice {
  readonly resamples: number;
  readonly key: RandomKey;
  /** Case sets larger than this are not resampled. */
  readonly mostCases: number;
}

interface MeasuredAuc {
  readonly levels: Levels;
  readonly placements: Placements;
  /** AUCs of the resamples; `null` where there are none. */
  readonly resampled: Float64Array | null;
}

/** The metric of a two-class endpoint: DeLong's intervals and tests, a stratified bootstrap beside them. */
export function aucMetric(
  target: Extract<Target, { metric: "auc" }>,
  { resamples, key, mostCases }: ResamplingChoice,
): Metric<MeasuredAuc, AucFigure> {
  const classesOfRows = new Map<CaseRows, Uint8Array>();
  const classes = (rows: CaseRows): Uint8Array => {
    const known = classesOfRows.get(rows) ?? Uint8Array.from(rows, (row) => target.positive[row]);
    classesOfRows.set(rows, known);
    return known;
  };
  const levelsOn = (column: ModelColumn, rows: CaseRows) =>
    subsetLevels(target.lowIsPositive ? negatedLevels(column.levels) : column.levels, rows);

  const swaps = deriveKey(key, "swaps");

  return {
    pairMethod: "delong",
    measure(columns, rows) {
      const positive = classes(rows);
      const positives = countFlags(positive);
      const smaller = Math.min(positives, rows.length - positives);
      if (smaller === 0) return columns.map(() => null);
      const levels = columns.map((column) => levelsOn(column, rows));
      const statistics = levels.map(
        (ofModel) => (counts: Uint32Array) => aucOfLevels(ofModel, positive, counts),
      );
      const resampled =
        rows.length > mostCases || smaller < 2
          ? null
          : bootstrap({ cases: rows.length, strata: positive, resamples, key }, statistics);
      return levels.map((ofModel, index) => ({
        levels: ofModel,
        placements: placementsOfLevels(ofModel, positive),
        resampled: resampled?.[index] ?? null,
      }));
    },
    figure(measured, rows) {
      const counts = { n: rows.length, positive: countFlags(classes(rows)) };
      if (measured === null) {
        return {
          ...counts,
          auc: null,
          ci: null,
          ciLogit: null,
          standardError: null,
          ciBootstrap: null,
          ciBca: null,
        };
      }
      const variance = aucVariance(measured.placements);
      return {
        ...counts,
        auc: measured.placements.auc,
        ci: aucInterval(measured.placements),
        ciLogit: aucInterval(measured.placements, "logit"),
        standardError: variance === null ? null : Math.sqrt(variance),
        ciBootstrap: measured.resampled === null ? null : (summarise(measured.resampled)?.ci ?? null),
        ciBca:
          measured.resampled === null
            ? null
            : bcaInterval(measured.placements.auc, measured.resampled, jackknife(measured.placements)),
      };
    },
    remarks(column, figure, rows) {
      const constant = rows.length > 0 && isConstant(levelsOn(column, rows));
      return aucRemarks(target.name, column.name, figure, constant);
    },
    difference(a, b) {
      const test = delongPaired(a.placements, b.placements);
      const resampled =
        a.resampled === null || b.resampled === null
          ? null
          : summarise(pairedDifferences(a.resampled, b.resampled));
      return {
        difference: test?.difference ?? b.placements.auc - a.placements.auc,
        ci: test?.ci ?? null,
        z: test?.z ?? null,
        p: test?.p ?? null,
        method: "delong",
        standardError: test?.standardError ?? null,
        ciBootstrap: resampled?.ci ?? null,
        pPermutation:
          resampled === null
            ? null
            : permutationTestOfAucs(a.levels.of, b.levels.of, a.placements.positive, resamples, swaps).p,
      };
    },
  };
}

/** The AUC with each case left out in turn: a case's placement is its part of the mean over its class. */
function jackknife({ auc, ofCase, positive, positives, negatives }: Placements): Float64Array {
  return ofCase.map((part, i) => {
    const members = positive[i] ? positives : negatives;
    return (auc * members - part) / (members - 1);
  });
}

function aucRemarks(endpoint: string, model: string, figure: AucFigure, constant: boolean): Issue[] {
  const { n, positive, auc, ci } = figure;
  const remark = (code: string, severity: Issue["severity"], text: string): Issue[] => [
    { code, severity, message: `Endpoint ${endpoint}, model ${model}: ${text}`, subject: model },
  ];
  if (auc === null) {
    const found = `${positive} of its ${n} cases are positive.`;
    return remark("model-single-class", "error", `${found} An AUC needs cases of both classes.`);
  }
  if (constant) {
    return remark(
      "score-constant",
      "warning",
      `all ${n} scores are equal, so that its AUC of 0.5 says nothing.`,
    );
  }
  if (ci === null) {
    const found = `${positive} of ${n} cases are positive.`;
    return remark("interval-undefined", "warning", `${found} An interval needs two cases of each class.`);
  }
  if (auc === 0 || auc === 1) {
    const text = `an AUC of ${auc} has a DeLong interval without width, which understates its uncertainty.`;
    return remark("interval-degenerate", "warning", text);
  }
  if (ci[1] < 0.5) {
    const text = `the AUC ${auc.toFixed(3)} is below 0.5. It is reported as it is; check the direction of the score.`;
    return remark("auc-below-half", "info", text);
  }
  return [];
}
