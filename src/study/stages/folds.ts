/** The folds of the training patients, the same for networks and outcome models. */
import type { Cohort } from "../../domain/cohort.ts";
import type { WithIssues } from "../../domain/issues.ts";
import { deriveKey, type RandomKey } from "../../domain/random.ts";
import { assignFolds, classStrata } from "../../models/cross-validation.ts";
import { richestTarget, targetOf } from "../../models/target.ts";

/** Fold by patient, stratified by outcome: RCB class where it is known, else pCR. */
export function foldOfPatients(
  cohort: Cohort,
  folds: number,
  key: RandomKey,
): WithIssues<ReadonlyMap<string, number>> {
  const training = cohort.patients.filter(({ set }) => set === "train");
  const outcomes = training.map(({ outcome }) => outcome);
  const kind = richestTarget(outcomes) === "residual-disease" ? "residual-disease" : "rcb-class";
  const { value, issues } = assignFolds(
    {
      groups: training.map(({ id }) => id),
      strata: classStrata(targetOf(outcomes, kind).values),
      folds,
    },
    deriveKey(key, "folds"),
  );
  return { value: new Map(training.map(({ id }, i) => [id, value[i]])), issues };
}
