/** The stage that measures the models: on the external test set by fixed models, on the training set out of fold. */
import path from "node:path";
import type { Cohort, StudySet } from "../../domain/cohort.ts";
import { deriveKey, randomKey } from "../../domain/random.ts";
import { writeAtomically } from "../../io/files.ts";
import { type ComparisonRequest, compareModels } from "../../statistics/comparison.ts";
import type { Comparison, EndpointName } from "../../statistics/comparison-result.ts";
import { compareSubgroups, type Subgroup } from "../../statistics/subgroups.ts";
import { modelName, type StudyConfig } from "../schema.ts";
import { type FinishedStage, hashJson, type RunContext, runStage } from "../stage.ts";
import type { Predictions } from "./outcome.ts";

export interface SetComparison {
  readonly set: StudySet;
  readonly comparison: Comparison;
  readonly subgroups: readonly Subgroup[];
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
): Promise<FinishedStage<readonly SetComparison[]>> {
  const sets = (["test", "train"] as const).filter((set) =>
    cohort.patients.some((patient) => patient.set === set),
  );
  return runStage(run, {
    name: "statistics",
    inputs: {
      comparison: config.comparison,
      models: outcome.hash,
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
      };
      await writeAtomically(path.join(run.folder, "metrics.json"), `${JSON.stringify(metrics, null, 2)}\n`);
      task.done();
      return { value, outputs: ["metrics.json"], issues: [] };
    },
  });
}

/** The declared primary endpoint, or the first that the outcome has of RCB groups and pCR. */
function primaryEndpoint({ comparison, outcome }: StudyConfig): EndpointName {
  if (comparison.primary !== undefined) return comparison.primary;
  return (outcome.rcb ?? outcome.rcbClass ?? outcome.components) ? "rcb-auc" : "pcr";
}

/** A comparison as `metrics.json` holds it. */
function metricsOf({ comparison, subgroups }: Omit<SetComparison, "set">) {
  return subgroups.length === 0 ? comparison : { ...comparison, subgroups };
}

function compareSet(
  run: RunContext,
  config: StudyConfig,
  cohort: Cohort,
  { predictions }: Predictions,
  set: StudySet,
): Omit<SetComparison, "set"> {
  const members = cohort.patients.flatMap((patient, i) => (patient.set === set ? [i] : []));
  const names = config.models.map(modelName);
  const request: ComparisonRequest = {
    outcome: { kind: "rcb", values: members.map((i) => cohort.patients[i].outcome) },
    models: names.map((name) => ({ name, scores: members.map((i) => predictions[name][i]) })),
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
      values: members.map((i) => cohort.patients[i].clinical[column] ?? null),
    })),
  );
  return {
    comparison: { ...comparison, issues: [...comparison.issues, ...groups.issues] },
    subgroups: groups.value,
  };
}
