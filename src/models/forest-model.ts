/** A forest on named columns of patients' rows: encoding, reduction and tuning are learned from the training rows alone. */
import { DataError } from "../domain/errors.ts";
import type { Issue, WithIssues } from "../domain/issues.ts";
import { deriveKey, type RandomKey } from "../domain/random.ts";
import { type Encoding, encodeRows, fitEncoding, type ModelRow } from "./encoding.ts";
import { predictQuantiles, type TrainingLeaves, trainingLeaves } from "./forest-leaves.ts";
import { type FitForest, type Forest, type ForestOptions, predictForest } from "./random-forest.ts";
import { applyReduction, fitReduction, type Reduction, type ReductionOptions } from "./reduction.ts";
import type { Target, TargetKind } from "./target.ts";
import { type Tuned, type TuningOptions, tune } from "./tuning.ts";

/** What a forest model looks at, and how. */
export interface ForestSpec {
  readonly kind: "forest";
  readonly columns: readonly string[];
  readonly options?: Partial<ForestOptions>;
  /** By default none. */
  readonly reduction?: ReductionOptions;
  /** By default none: the options hold as they are. */
  readonly tuning?: TuningOptions;
  /** Whether quantiles can be predicted; the training outcomes are then kept with the model. */
  readonly quantiles?: boolean;
}

/** A fitted forest model; a plain value. */
export interface ForestModel {
  readonly kind: "forest";
  /** What a prediction means; a probability of residual disease for that kind. */
  readonly target: TargetKind;
  readonly encoding: Encoding;
  readonly reduction: Reduction;
  readonly forest: Forest;
  readonly tuned: Tuned | null;
  /** Of the training rows, where quantiles were asked for. */
  readonly leaves: TrainingLeaves | null;
  readonly issues: readonly Issue[];
}

/**
 * Fits a forest model on the rows whose target is known.
 *
 * @throws {DataError} `forest-rows` for fewer than 3 rows with a known outcome; and as `fitEncoding`, `fitReduction`,
 *   `fitForest`.
 */
export async function fitForestModel(
  spec: ForestSpec,
  rows: readonly ModelRow[],
  target: Target,
  key: RandomKey,
  grow: FitForest,
): Promise<ForestModel> {
  const known = [...rows.keys()].filter((row) => !Number.isNaN(target.values[row]));
  if (known.length < 3) {
    throw new DataError("forest-rows", {
      found: `${known.length} of ${rows.length} training rows have a known outcome`,
      expected: "at least 3",
      remedy: "Add outcomes to the table, or take a model that needs no training.",
    });
  }
  const trainingRows = known.map((row) => rows[row]);
  const values = known.map((row) => target.values[row]);
  const issues: Issue[] = [...targetIssues(values, rows.length)];
  const prepared = collect(issues, prepare(spec, trainingRows));
  const options: Partial<ForestOptions> = {
    // Breiman's default for classes; a choice of the study file goes before it.
    ...(target.kind === "residual-disease" ? { featuresPerSplit: "square-root" } : {}),
    ...spec.options,
  };
  const tuned = await tuneModel({ ...spec, options }, trainingRows, values, key, grow, issues);
  const { encoding, reduction, x } = prepared;
  const forest = await grow(
    { x, target: values },
    { ...options, ...tuned?.chosen },
    deriveKey(key, "forest"),
  );
  return {
    kind: "forest",
    target: target.kind,
    encoding,
    reduction,
    forest,
    tuned,
    leaves: spec.quantiles === true ? trainingLeaves(forest, x, values) : null,
    issues,
  };
}

/** Predicts rows; issues as of `encodeRows`. */
export function predictForestModel(
  { encoding, reduction, forest }: ForestModel,
  rows: readonly ModelRow[],
): WithIssues<Float64Array> {
  const { value: encoded, issues } = encodeRows(encoding, rows);
  return { value: predictForest(forest, applyReduction(reduction, encoded)), issues };
}

/**
 * Quantiles of the outcome of rows, [rows × quantiles]; null where the model was fitted without them.
 *
 * @param quantiles between 0 and 1.
 */
export function predictModelQuantiles(
  { encoding, reduction, forest, leaves }: ForestModel,
  rows: readonly ModelRow[],
  quantiles: readonly number[],
): Float64Array | null {
  if (leaves === null) return null;
  return predictQuantiles(
    forest,
    leaves,
    applyReduction(reduction, encodeRows(encoding, rows).value),
    quantiles,
  );
}

function prepare(spec: ForestSpec, rows: readonly ModelRow[]) {
  const issues: Issue[] = [];
  const encoding = collect(issues, fitEncoding(rows, spec.columns));
  const encoded = collect(issues, encodeRows(encoding, rows));
  const reduction = fitReduction(encoded, spec.reduction ?? { kind: "none" });
  return { value: { encoding, reduction, x: applyReduction(reduction, encoded) }, issues };
}

async function tuneModel(
  spec: ForestSpec,
  rows: readonly ModelRow[],
  target: readonly number[],
  key: RandomKey,
  grow: FitForest,
  issues: Issue[],
): Promise<Tuned | null> {
  if (spec.tuning === undefined) return null;
  const tuned = await tune(
    spec.tuning,
    target,
    async (train, held, fold, candidates) => {
      const { encoding, reduction, x } = prepare(
        spec,
        train.map((row) => rows[row]),
      ).value;
      const heldRows = held.map((row) => rows[row]);
      const heldX = applyReduction(reduction, encodeRows(encoding, heldRows).value);
      const forests = candidates.map((candidate) =>
        grow(
          { x, target: train.map((row) => target[row]) },
          { ...spec.options, ...candidate },
          deriveKey(key, "tuning", fold),
        ),
      );
      return (await Promise.all(forests)).map((forest) => predictForest(forest, heldX));
    },
    deriveKey(key, "tuning"),
  );
  if (tuned === null) {
    issues.push({
      code: "tuning-skipped",
      severity: "warning",
      message: `${rows.length} training rows are too few for ${spec.tuning.folds} inner folds, so the options were not tuned.`,
    });
  }
  return tuned;
}

function targetIssues(values: readonly number[], rows: number): Issue[] {
  const issues: Issue[] = [];
  if (values.length < rows) {
    issues.push({
      code: "outcome-missing",
      severity: "warning",
      message: `${rows - values.length} of ${rows} training rows have no known outcome and do not train the model.`,
    });
  }
  if (values.every((value) => value === values[0])) {
    issues.push({
      code: "target-constant",
      severity: "warning",
      message: `All ${values.length} training rows have the outcome ${values[0]}, so the model predicts it for every patient. Training needs patients of different outcomes.`,
    });
  }
  return issues;
}

function collect<T>(issues: Issue[], { value, issues: found }: WithIssues<T>): T {
  issues.push(...found);
  return value;
}
