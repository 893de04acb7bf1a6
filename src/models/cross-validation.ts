/**
 * Folds for honest training-set predictions: a patient's rows stay together, and every fold sees the outcome in
 * nearly the same proportions.
 */
import { UsageError } from "../domain/errors.ts";
import type { Issue, WithIssues } from "../domain/issues.ts";
import { deriveKey, type RandomKey, RandomStream } from "../domain/random.ts";

export interface FoldRequest {
  /** Patient of each row. */
  readonly groups: readonly string[];
  /** Stratum of each row, as of {@link classStrata} or {@link quantileStrata}; a patient has the highest of its rows. */
  readonly strata: ArrayLike<number>;
  /** Number of folds, at least 2 and at most the number of patients. */
  readonly folds: number;
}

/**
 * Deals patients into folds. Within each stratum the patients are shuffled and dealt in turn, each stratum going
 * on where the one before stopped: the folds' numbers of patients differ by at most 1, and so do their numbers
 * in each stratum.
 *
 * @returns the fold of each row, from 0. A stratum with fewer patients than folds is missing from some of them:
 *   issue `folds-stratum-small`.
 * @throws {UsageError} `folds-count` for fewer than 2 folds or more folds than patients; `folds-rows` for
 *   groups and strata of different length.
 */
export function assignFolds(request: FoldRequest, key: RandomKey): WithIssues<Int32Array> {
  const { groups, strata, folds } = request;
  if (strata.length !== groups.length) {
    throw new UsageError("folds-rows", {
      found: `${strata.length} strata for ${groups.length} rows`,
      expected: "one stratum per row",
    });
  }
  const stratumOf = new Map<string, number>();
  groups.forEach((group, row) => {
    stratumOf.set(group, Math.max(strata[row], stratumOf.get(group) ?? -Infinity));
  });
  if (!Number.isInteger(folds) || folds < 2 || folds > stratumOf.size) {
    throw new UsageError("folds-count", {
      found: `${folds} folds for ${stratumOf.size} patients`,
      expected: "a whole number from 2 to the number of patients",
      remedy: "Set training.folds accordingly.",
    });
  }

  const issues: Issue[] = [];
  const foldOf = new Map<string, number>();
  const names = new RandomStream(deriveKey(key, "fold-order")).shuffled([...Array(folds).keys()]);
  let dealt = 0;
  for (const stratum of [...new Set(stratumOf.values())].sort((a, b) => a - b)) {
    // Sorted first, so that the folds do not depend on the order of the rows.
    const members = [...stratumOf.keys()].filter((group) => stratumOf.get(group) === stratum).sort();
    for (const group of new RandomStream(deriveKey(key, "stratum", stratum)).shuffled(members)) {
      foldOf.set(group, names[dealt++ % folds]);
    }
    if (members.length < folds) {
      issues.push({
        code: "folds-stratum-small",
        severity: "warning",
        message: `${stratum < 0 ? "The stratum of unknown outcomes" : `Outcome stratum ${stratum}`} has ${members.length} patients for ${folds} folds, so some folds have none. Fewer folds would each see it.`,
      });
    }
  }
  return { value: Int32Array.from(groups, (group) => foldOf.get(group)!), issues };
}

/** Strata of an outcome in classes: each distinct number is one, numbered in ascending order; NaN, unknown, is −1. */
export function classStrata(outcome: ArrayLike<number>): Int32Array {
  const known = Array.from(outcome).filter((value) => !Number.isNaN(value));
  const distinct = [...new Set(known)].sort((a, b) => a - b);
  return Int32Array.from(outcome, (value) => distinct.indexOf(value));
}

/**
 * Strata of a continuous outcome: bins between its quantiles. Equal values share a bin, so a score that is often
 * exactly 0 has all its zeros in one. NaN, unknown, is −1.
 *
 * @param bins greatest number of bins; ties can make it fewer.
 */
export function quantileStrata(outcome: ArrayLike<number>, bins: number): Int32Array {
  const sorted = Float64Array.from(outcome)
    .filter((value) => !Number.isNaN(value))
    .sort();
  const binOf = new Map<number, number>();
  for (let first = 0; first < sorted.length; ) {
    let end = first + 1;
    while (end < sorted.length && sorted[end] === sorted[first]) end++;
    // The bin of the middle of the run of equal values.
    binOf.set(sorted[first], Math.floor((((first + end) / 2) * bins) / sorted.length));
    first = end;
  }
  return Int32Array.from(outcome, (value) => binOf.get(value) ?? -1);
}

export interface CrossFit<Model> {
  /** Prediction of each row by the model of the other folds. */
  readonly predictions: Float64Array;
  /** The model that did not see each fold. */
  readonly models: readonly Model[];
}

/**
 * Fits one model per fold on the other folds' rows and predicts the fold's own rows. Whatever learns from data
 * (encoding, imputation, reduction, tuning) belongs inside `train`.
 *
 * @param foldOfRow as of {@link assignFolds}.
 * @param train fits a model on the given row numbers.
 * @param predict returns one number per given row.
 */
export function crossFit<Model>(
  foldOfRow: Int32Array,
  train: (rows: Int32Array, fold: number) => Model,
  predict: (model: Model, rows: Int32Array, fold: number) => ArrayLike<number>,
): CrossFit<Model> {
  const predictions = new Float64Array(foldOfRow.length).fill(Number.NaN);
  const allRows = Int32Array.from(foldOfRow.keys());
  const folds = foldOfRow.reduce((most, fold) => Math.max(most, fold), -1) + 1;
  const models: Model[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const held = allRows.filter((row) => foldOfRow[row] === fold);
    const model = train(
      allRows.filter((row) => foldOfRow[row] !== fold),
      fold,
    );
    const predicted = predict(model, held, fold);
    held.forEach((row, i) => {
      predictions[row] = predicted[i];
    });
    models.push(model);
  }
  return { predictions, models };
}
