/** Choice of a forest's options by cross-validation among the training rows; the rows that are predicted later take no part. */
import { UsageError } from "../domain/errors.ts";
import { deriveKey, type RandomKey, RandomStream } from "../domain/random.ts";
import { assignFolds, classStrata, quantileStrata } from "./cross-validation.ts";
import type { ForestOptions } from "./random-forest.ts";

export interface TuningOptions {
  /** Options to try; the first wins a tie. */
  readonly candidates: readonly Partial<ForestOptions>[];
  /** Inner folds, at least 2. */
  readonly folds: number;
  /** Trees of each forest that is tried; the order of candidates needs fewer than the final forest. */
  readonly trees: number;
}

/** What was chosen, and why. */
export interface Tuned {
  readonly chosen: Partial<ForestOptions>;
  /** Mean squared error over the inner folds, one per candidate. */
  readonly errors: readonly number[];
}

/** Outcomes of more distinct values than this are stratified by quarters. */
const MOST_CLASSES = 6;

/**
 * Tries each candidate on the same inner folds and takes the one of least mean squared error.
 *
 * @param target one number per row.
 * @param predict fits on `train` with the options and predicts `held`, both row numbers.
 * @returns null where an inner fold would leave fewer than 3 rows to train on.
 * @throws {UsageError} `tuning-option` without a candidate or with fewer than 2 folds.
 */
export async function tune(
  { candidates, folds, trees }: TuningOptions,
  target: ArrayLike<number>,
  predict: (
    train: readonly number[],
    held: readonly number[],
    fold: number,
    options: readonly Partial<ForestOptions>[],
  ) => Promise<readonly ArrayLike<number>[]>,
  key: RandomKey,
): Promise<Tuned | null> {
  if (candidates.length === 0 || !(Number.isInteger(folds) && folds >= 2)) {
    throw new UsageError("tuning-option", {
      found: `${candidates.length} candidates in ${folds} folds`,
      expected: "at least one candidate and two folds",
    });
  }
  const rows = target.length;
  if (rows - Math.ceil(rows / folds) < 3) return null;
  const distinct = new Set(Array.from(target)).size;
  const strata = distinct <= MOST_CLASSES ? classStrata(target) : quantileStrata(target, 4);
  const groups = Array.from({ length: rows }, (_, row) => String(row));
  const { value: foldOf } = assignFolds({ groups, strata, folds }, deriveKey(key, "inner-folds"));
  const tried = candidates.map((candidate) => ({ ...candidate, trees }));
  const errors = candidates.map(() => 0);
  for (let fold = 0; fold < folds; fold++) {
    const all = [...foldOf.keys()];
    const held = all.filter((row) => foldOf[row] === fold);
    const predictions = await predict(
      all.filter((row) => foldOf[row] !== fold),
      held,
      fold,
      tried,
    );
    predictions.forEach((values, candidate) => {
      held.forEach((row, i) => {
        errors[candidate] += (values[i] - target[row]) ** 2 / rows;
      });
    });
  }
  return { chosen: candidates[errors.indexOf(Math.min(...errors))], errors };
}

/**
 * Every combination of the values of each option, the first value of each option first; or some of them.
 *
 * @param draws how many combinations to keep, drawn without replacement; the first is always kept. By default all.
 */
export function candidateGrid(
  values: { readonly [K in keyof ForestOptions]?: readonly ForestOptions[K][] },
  draws: number | undefined,
  key: RandomKey,
): Partial<ForestOptions>[] {
  const grid = Object.entries(values).reduce<Partial<ForestOptions>[]>(
    (combinations, [name, choices]) =>
      combinations.flatMap((given) => choices.map((choice) => ({ ...given, [name]: choice }))),
    [{}],
  );
  if (draws === undefined || draws >= grid.length) return grid;
  const [first, ...others] = grid;
  return [first, ...new RandomStream(key).shuffled(others).slice(0, draws - 1)];
}
