/**
 * Folds for honest training-set predictions: a patient's rows stay together, and every fold sees the outcome in
 * nearly the same proportions.
 */
import { DataError, UsageError } from "../domain/errors.ts";
import type { Issue, WithIssues } from "../domain/issues.ts";
import { deriveKey, type RandomKey, RandomStream } from "../domain/random.ts";

export interface FoldRequest {
  /** Patient of each row. */
  readonly groups: readonly string[];
  /** Stratum of each row, as of {@link classStrata} or {@link quantileStrata}; a patient has the highest of its rows. */
  readonly strata: ArrayLike<number>;
  /** Centre of each row, where folds are to see the centres alike too; `null` is unknown. A patient has that of its first row. */
  readonly centres?: readonly (string | null)[];
  /** Number of folds, at least 2 and at most the number of patients. */
  readonly folds: number;
}

/**
 * Deals patients into folds. Within each stratum the patients are shuffled and dealt in turn, each stratum going
 * on where the one before stopped: the folds' numbers of patients differ by at most 1, and so do their numbers
 * in each stratum. With centres, the patients of a stratum are dealt centre by centre, so that the same holds for each
 * centre within each stratum too.
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

  const centreOf = new Map<string, string>();
  groups.forEach((group, row) => {
    if (!centreOf.has(group)) centreOf.set(group, request.centres?.[row] ?? "");
  });
  const issues: Issue[] = [];
  const foldOf = new Map<string, number>();
  const names = new RandomStream(deriveKey(key, "fold-order")).shuffled([...Array(folds).keys()]);
  let dealt = 0;
  for (const stratum of [...new Set(stratumOf.values())].sort((a, b) => a - b)) {
    // Sorted first, so that the folds do not depend on the order of the rows.
    const members = [...stratumOf.keys()].filter((group) => stratumOf.get(group) === stratum).sort();
    for (const centre of [...new Set(members.map((group) => centreOf.get(group)!))].sort()) {
      const together = members.filter((group) => centreOf.get(group) === centre);
      const path = centre === "" ? [stratum] : [stratum, centre];
      for (const group of new RandomStream(deriveKey(key, "stratum", ...path)).shuffled(together)) {
        foldOf.set(group, names[dealt++ % folds]);
      }
    }
    if (members.length < folds) issues.push(smallStratum(stratum, members.length, folds));
  }
  return { value: Int32Array.from(groups, (group) => foldOf.get(group)!), issues };
}

function smallStratum(stratum: number, patients: number, folds: number): Issue {
  return {
    code: "folds-stratum-small",
    severity: "warning",
    message: `${stratum < 0 ? "The stratum of unknown outcomes" : `Outcome stratum ${stratum}`} has ${patients} patients for ${folds} folds, so some folds have none. Fewer folds would each see it.`,
  };
}

/**
 * One fold per centre, in the order of their names, so that each centre is predicted by models of the others.
 *
 * @param centres of each row; rows whose centre is unknown make one fold together, with issue `centre-missing`.
 * @throws {DataError} `centres-few` for fewer than 2.
 */
export function foldsByCentre(centres: readonly (string | null)[]): WithIssues<Int32Array> {
  const names = [...new Set(centres.map((centre) => centre ?? ""))].sort();
  if (names.length < 2) {
    throw new DataError("centres-few", {
      found: `${names.length} centre among the training patients`,
      expected: "at least 2, each of which is left out in turn",
      remedy: "Name another column under cohort.centre, or set resampling.by to patient.",
    });
  }
  const missing = centres.filter((centre) => centre === null).length;
  const issues: Issue[] =
    missing === 0
      ? []
      : [
          {
            code: "centre-missing",
            severity: "warning",
            message: `${missing} training patients have no centre and are left out together, as if they were one.`,
          },
        ];
  return { value: Int32Array.from(centres, (centre) => names.indexOf(centre ?? "")), issues };
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
 * @param train fits a model on the given row numbers; the folds are trained at the same time.
 * @param predict returns one number per given row.
 */
export async function crossFit<Model>(
  foldOfRow: Int32Array,
  train: (rows: Int32Array, fold: number) => Model | Promise<Model>,
  predict: (model: Model, rows: Int32Array, fold: number) => ArrayLike<number>,
): Promise<CrossFit<Model>> {
  const predictions = new Float64Array(foldOfRow.length).fill(Number.NaN);
  const allRows = Int32Array.from(foldOfRow.keys());
  const folds = foldOfRow.reduce((most, fold) => Math.max(most, fold), -1) + 1;
  const models = await Promise.all(
    Array.from({ length: folds }, (_, fold) =>
      train(
        allRows.filter((row) => foldOfRow[row] !== fold),
        fold,
      ),
    ),
  );
  models.forEach((model, fold) => {
    const held = allRows.filter((row) => foldOfRow[row] === fold);
    const predicted = predict(model, held, fold);
    held.forEach((row, i) => {
      predictions[row] = predicted[i];
    });
  });
  return { predictions, models };
}
