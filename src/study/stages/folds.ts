/** The folds of the training patients, the same for networks and outcome models. */
import type { Cohort, Patient } from "../../domain/cohort.ts";
import type { Issue, WithIssues } from "../../domain/issues.ts";
import { deriveKey, type RandomKey } from "../../domain/random.ts";
import { assignFolds, classStrata, foldsByCentre } from "../../models/cross-validation.ts";
import { richestTarget, targetOf } from "../../models/target.ts";
import type { StudyConfig } from "../schema.ts";

/** Folds of each training patient, one per repeat; the networks have those of the first. */
export type PatientFolds = ReadonlyMap<string, readonly number[]>;

/**
 * Folds by patient, stratified by outcome (RCB class where it is known, else pCR) and by centre where the study names it;
 * or one fold per centre.
 *
 * @throws {DataError} `centres-few`, `outcome-missing`. @throws {UsageError} `folds-count`.
 */
export function foldsOfPatients(
  cohort: Cohort,
  { training, resampling, cohort: { centre } }: Pick<StudyConfig, "training" | "resampling" | "cohort">,
  key: RandomKey,
): WithIssues<PatientFolds> {
  const members = cohort.patients.filter(({ set }) => set === "train");
  const outcomes = members.map(({ outcome }) => outcome);
  const kind = richestTarget(outcomes) === "residual-disease" ? "residual-disease" : "rcb-class";
  const strata = classStrata(targetOf(outcomes, kind).values);
  const centres = centre === undefined ? undefined : members.map((patient) => centreOf(patient, centre));
  const groups = members.map(({ id }) => id);
  const repeats: Int32Array[] = [];
  const issues: Issue[] = [];
  for (let repeat = 0; repeat < resampling.repeats; repeat++) {
    const { value, issues: found } =
      resampling.by === "centre"
        ? foldsByCentre(centres ?? [])
        : assignFolds(
            { groups, strata, folds: training.folds, ...(centres === undefined ? {} : { centres }) },
            deriveKey(key, "folds", ...(repeat === 0 ? [] : [repeat])),
          );
    repeats.push(value);
    // The strata are the same in each repeat, and so is what is to be said of them.
    if (repeat === 0) issues.push(...found);
  }
  return { value: new Map(groups.map((id, i) => [id, repeats.map((folds) => folds[i])])), issues };
}

/** The folds of the networks. */
export function networkFolds(folds: PatientFolds): ReadonlyMap<string, number> {
  return new Map([...folds].map(([id, [first]]) => [id, first]));
}

function centreOf({ clinical }: Patient, column: string): string | null {
  const value = clinical[column] ?? null;
  return value === null ? null : String(value);
}
