/** What models do at a threshold, and what their probabilities are worth: figures beside the comparison of AUCs. */
import { brierScore } from "./calibration.ts";
import type { ComparisonOutcome, Target } from "./comparison-outcome.ts";
import { targetsOf } from "./comparison-outcome.ts";
import type { EndpointName } from "./comparison-result.ts";
import { type DecisionPoint, decisionCurve } from "./decision-curve.ts";
import type { ModelScores } from "./model-columns.ts";
import {
  chooseThreshold,
  type OperatingPoint,
  operatingPoint,
  type ThresholdRule,
} from "./operating-point.ts";
import { type PartialArea, type PartialAuc, partialAuc } from "./partial-auc.ts";
import {
  type CalibrationGroup,
  calibrationCurve,
  type ProbabilityCalibration,
  probabilityCalibration,
} from "./probability-calibration.ts";

/** One set of cases: an outcome and a score per case, in the same order. */
export interface ScoredCases {
  readonly outcome: ComparisonOutcome;
  readonly models: readonly ModelScores[];
}

/** A model at the threshold that was fixed on other cases. */
export interface ThresholdFigure extends Omit<OperatingPoint, "threshold"> {
  readonly endpoint: EndpointName;
  readonly model: string;
  readonly rule: ThresholdRule;
  /** In the unit of the score; `null` where no case is called positive. */
  readonly threshold: number | null;
  /** Which scores are called positive. */
  readonly calls: "at-least" | "at-most";
  readonly n: number;
  readonly partialAuc: PartialArea & PartialAuc;
}

/**
 * Chooses each model's threshold on training cases and applies it to test cases, for every two-class endpoint. A model that lacks cases of
 * both classes in either set has no figure.
 *
 * @param training out-of-fold scores, from models that had not seen their cases. @param test scores of fixed models
 */
export function thresholdFigures(
  training: ScoredCases,
  test: ScoredCases,
  rule: ThresholdRule,
  area: PartialArea,
): ThresholdFigure[] {
  const tested = targetsOf(test.outcome, []);
  return targetsOf(training.outcome, []).flatMap((target) => {
    const other = tested.find(({ name }) => name === target.name);
    if (target.metric !== "auc" || other?.metric !== "auc") return [];
    return training.models.flatMap(({ name }): ThresholdFigure[] => {
      const [fitted, applied] = [casesOf(target, training, name), casesOf(other, test, name)];
      if (fitted === null || applied === null) return [];
      const chosen = chooseThreshold(fitted.scores, fitted.positive, rule);
      const { threshold: _, ...figures } = operatingPoint(applied.scores, applied.positive, chosen);
      return [
        {
          endpoint: target.name,
          model: name,
          rule,
          threshold: Number.isFinite(chosen) ? (target.lowIsPositive ? -chosen : chosen) : null,
          calls: target.lowIsPositive ? "at-most" : "at-least",
          n: applied.scores.length,
          ...figures,
          partialAuc: { ...area, ...partialAuc(applied.scores, applied.positive, area) },
        },
      ];
    });
  });
}

type AucTarget = Extract<Target, { metric: "auc" }>;

interface Cases {
  /** Turned so that high speaks for the positive class. */
  readonly scores: readonly number[];
  readonly positive: readonly boolean[];
}

/** A model's complete cases; `null` without cases of both classes. */
function casesOf(target: AucTarget, { models }: ScoredCases, name: string): Cases | null {
  const scores = models.find((model) => model.name === name)?.scores ?? [];
  const rows = Array.from(scores, (score, row) => ({ score, row })).filter(
    (entry): entry is { score: number; row: number } => entry.score !== null && target.known[entry.row] === 1,
  );
  const positive = rows.map(({ row }) => target.positive[row] === 1);
  if (!positive.includes(true) || !positive.includes(false)) return null;
  return { scores: rows.map(({ score }) => (target.lowIsPositive ? -score : score)), positive };
}

/** The worth of a model's probabilities of one endpoint's positive class. */
export interface ProbabilityFigure {
  readonly endpoint: EndpointName;
  readonly model: string;
  readonly brier: number | null;
  readonly calibration: ProbabilityCalibration;
  readonly groups: readonly CalibrationGroup[];
  readonly decision: readonly DecisionPoint[];
}

/** Thresholds of decision curves: 2 % to 98 %. */
const THRESHOLDS = Array.from({ length: 49 }, (_, i) => (i + 1) / 50);
const LEAST_PER_GROUP = 5;
const MOST_GROUPS = 5;

/**
 * Calibration and decision curves for pCR of models that predict the probability of residual disease.
 *
 * @param cases whose scores are probabilities of residual disease, in [0, 1]
 * @throws {UsageError} `probability-range`
 */
export function probabilityFigures(cases: ScoredCases): ProbabilityFigure[] {
  const target = targetsOf(cases.outcome, []).find(({ name }) => name === "pcr");
  if (target?.metric !== "auc") return [];
  return cases.models.flatMap(({ name }): ProbabilityFigure[] => {
    const found = casesOf(target, cases, name);
    if (found === null) return [];
    // Scores were turned to speak for pCR: 1 + (−p) is its probability.
    const probabilities = found.scores.map((score) => 1 + score);
    const groups = Math.max(1, Math.min(MOST_GROUPS, Math.floor(probabilities.length / LEAST_PER_GROUP)));
    return [
      {
        endpoint: "pcr",
        model: name,
        brier: brierScore(probabilities, found.positive),
        calibration: probabilityCalibration(probabilities, found.positive),
        groups: calibrationCurve(probabilities, found.positive, groups),
        decision: decisionCurve(probabilities, found.positive, THRESHOLDS),
      },
    ];
  });
}
