/** The stage that measures the models: on the external test set by fixed models, on the training set out of fold. */
import path from "node:path";
import type { Cohort, StudySet } from "../../domain/cohort.ts";
import { deriveKey, randomKey } from "../../domain/random.ts";
import { writeAtomically } from "../../io/files.ts";
import { type ComparisonRequest, compareModels } from "../../statistics/comparison.ts";
import type { Comparison, EndpointName } from "../../statistics/comparison-result.ts";
import { analyseMissingOutcomes, type MissingAnalysis } from "../../statistics/missing-comparison.ts";
import { compareSubgroups, type Subgroup } from "../../statistics/subgroups.ts";
import {
  type ProbabilityFigure,
  probabilityFigures,
  type ScoredCases,
  type ThresholdFigure,
  thresholdFigures,
} from "../../statistics/threshold-figures.ts";
import type { Controls } from "../controls.ts";
import { modelName, type StudyConfig } from "../schema.ts";
import { type FinishedStage, hashJson, type RunContext, runStage } from "../stage.ts";
import type { Predictions } from "./outcome.ts";

export interface SetComparison {
  readonly set: StudySet;
  readonly comparison: Comparison;
  readonly subgroups: readonly Subgroup[];
  /** Where the study asks for it; `null` where not. */
  readonly missingOutcomes: Omit<MissingAnalysis, "issues"> | null;
  /** At thresholds that were fixed on the training set; of the test set alone. */
  readonly thresholds: readonly ThresholdFigure[];
  /** Where models learnt pCR alone, and so predict probabilities. */
  readonly probabilities: readonly ProbabilityFigure[];
}

/**
 * Compares the models. `metrics.json` holds the comparison on the external test set, and beside it that on the training set;
 * without a test set, the training set's out-of-fold comparison alone.
 */
export async function statisticsStage(
  run: RunContext,
  config: StudyConfig,
  cohort: Cohort,
  outcome: FinishedStage<Predictions>,
  controls: FinishedStage<Controls> | null,
): Promise<FinishedStage<readonly SetComparison[]>> {
  const sets = (["test", "train"] as const).filter((set) =>
    cohort.patients.some((patient) => patient.set === set),
  );
  return runStage(run, {
    name: "statistics",
    inputs: {
      comparison: config.comparison,
      models: outcome.hash,
      ...(controls === null ? {} : { controls: controls.hash }),
      outcomes: hashJson(cohort.patients.map((patient) => patient.outcome)),
    },
    async make() {
      const task = run.progress.begin("statistics", sets.length);
      const value = sets.map((set) => {
        const compared = compareSet(run, config, cohort, outcome.value, set);
        task.advance(1, set);
        return { set, ...compared };
      });
      const [{ set, ...compared }, training] = value;
      const metrics = {
        ...metricsOf(compared),
        set,
        ...(training === undefined ? {} : { outOfFold: metricsOf(training) }),
        ...(controls === null ? {} : { controls: controls.value.models }),
      };
      await writeAtomically(path.join(run.folder, "metrics.json"), `${JSON.stringify(metrics, null, 2)}\n`);
      task.done();
      return { value, outputs: ["metrics.json"], issues: [] };
    },
  });
}

/** The declared primary endpoint, or the first that the outcome has of RCB groups and pCR. */
export function primaryEndpoint({ comparison, outcome }: StudyConfig): EndpointName {
  if (comparison.primary !== undefined) return comparison.primary;
  return (outcome.rcb ?? outcome.rcbClass ?? outcome.components) ? "rcb-auc" : "pcr";
}

/** A comparison as `metrics.json` holds it. */
function metricsOf({
  comparison,
  subgroups,
  missingOutcomes,
  thresholds,
  probabilities,
}: Omit<SetComparison, "set">) {
  return {
    ...comparison,
    ...(missingOutcomes === null ? {} : { missingOutcomes }),
    ...(subgroups.length === 0 ? {} : { subgroups }),
    ...(thresholds.length === 0 ? {} : { thresholds }),
    ...(probabilities.length === 0 ? {} : { probabilities }),
  };
}

function compareSet(
  run: RunContext,
  config: StudyConfig,
  cohort: Cohort,
  predicted: Predictions,
  set: StudySet,
): Omit<SetComparison, "set"> {
  const names = config.models.map(modelName);
  const cases = casesOf(cohort, predicted, names, set);
  const request: ComparisonRequest = {
    ...cases,
    reference: config.comparison.reference ?? names[0],
    primary: primaryEndpoint(config),
    margin: config.comparison.margin,
    resamples: config.comparison.resamples,
    key: deriveKey(randomKey(run.seed), "statistics", set),
  };
  const comparison = compareModels(request);
  const groups = compareSubgroups(
    request,
    config.comparison.subgroups.map((column) => ({
      column,
      values: membersOf(cohort, set).map((i) => cohort.patients[i].clinical[column] ?? null),
    })),
  );
  const { threshold, partialAuc, missing } = config.comparison;
  const { issues: missingIssues, ...missingOutcomes } =
    missing === undefined
      ? { issues: [] }
      : analyseMissingOutcomes({
          ...request,
          method: missing.method,
          covariates: missing.covariates.map((name) => ({
            name,
            values: membersOf(cohort, set).map((i) => cohort.patients[i].clinical[name] ?? null),
          })),
          resamples: config.comparison.resamples,
        });
  return {
    comparison: { ...comparison, issues: [...comparison.issues, ...groups.issues, ...missingIssues] },
    subgroups: groups.value,
    missingOutcomes: "method" in missingOutcomes ? missingOutcomes : null,
    thresholds:
      set === "train"
        ? []
        : thresholdFigures(casesOf(cohort, predicted, names, "train"), cases, threshold, partialAuc),
    probabilities:
      predicted.target === "residual-disease"
        ? probabilityFigures(casesOf(cohort, predicted, predicted.scaled, set))
        : [],
  };
}

function membersOf(cohort: Cohort, set: StudySet): number[] {
  return cohort.patients.flatMap((patient, i) => (patient.set === set ? [i] : []));
}

/** Outcomes and predictions of a set. */
function casesOf(
  cohort: Cohort,
  { predictions }: Predictions,
  names: readonly string[],
  set: StudySet,
): ScoredCases {
  const members = membersOf(cohort, set);
  return {
    outcome: { kind: "rcb", values: members.map((i) => cohort.patients[i].outcome) },
    models: names.map((name) => ({ name, scores: members.map((i) => predictions[name][i]) })),
  };
}
