/** The models of a study, which differ in what they look at and agree in what they predict. */
import { DataError, UsageError } from "../domain/errors.ts";
import type { Issue, WithIssues } from "../domain/issues.ts";
import { deriveKey, type RandomKey } from "../domain/random.ts";
import {
  type Encoding,
  encodeRows,
  fitEncoding,
  type ModelRow,
  observedValue,
  requireKnownColumns,
} from "./encoding.ts";
import { type Forest, type ForestOptions, fitForest, predictForest } from "./random-forest.ts";
import { applyReduction, fitReduction, type Reduction, type ReductionOptions } from "./reduction.ts";
import type { Target, TargetKind } from "./target.ts";

export type ModelSpec =
  /** One numeric column as the score itself; nothing is fitted, and nothing is known of its scale. */
  | { readonly kind: "column"; readonly column: string }
  /** A random forest on clinical or deep columns. */
  | {
      readonly kind: "forest";
      readonly columns: readonly string[];
      readonly options?: Partial<ForestOptions>;
      /** By default none. */
      readonly reduction?: ReductionOptions;
    }
  /** The mean of the predictions of fitted models (late fusion, docs/decisions/0063). */
  | { readonly kind: "combined"; readonly of: readonly FittedModel[] };

/** A fitted model: a plain value, JSON-serialisable without loss. */
export type FittedModel =
  | { readonly kind: "column"; readonly column: string; readonly issues: readonly Issue[] }
  | {
      readonly kind: "forest";
      /** What a prediction means; a probability of residual disease for that kind. */
      readonly target: TargetKind;
      readonly encoding: Encoding;
      readonly reduction: Reduction;
      readonly forest: Forest;
      readonly issues: readonly Issue[];
    }
  | {
      readonly kind: "combined";
      readonly target: TargetKind;
      readonly members: readonly FittedModel[];
      readonly issues: readonly Issue[];
    };

export interface Predictions {
  /** One per row, higher for more residual disease; NaN only where a `column` model has no value. */
  readonly predictions: Float64Array;
  readonly issues: readonly Issue[];
}

/**
 * Fits a model. Encoding, imputation and reduction are learned from these rows only, so within
 * cross-validation this is called with the training rows of a fold.
 *
 * @param rows one per patient, values by column.
 * @param target one per row, of the same kind for all models of a study; rows whose target is NaN do not train
 *   (issue `outcome-missing`). A target of one value only gives issue `target-constant`.
 * @param key of this model; a forest is the same for the same key.
 * @returns the model; what was imperfect in training is in its `issues`.
 * @throws {UsageError} `model-rows` for rows and targets of different number; `column-unknown`; `model-columns`;
 *   `column-not-numeric`, `forest-option`, `reduction-option`; `combined-members` for no members or members of
 *   different targets.
 * @throws {DataError} `forest-rows` for fewer than 3 rows with a known outcome; `model-columns-empty`;
 *   `matrix-infinite`.
 */
export function fitModel(
  spec: ModelSpec,
  rows: readonly ModelRow[],
  target: Target,
  key: RandomKey,
): FittedModel {
  if (rows.length !== target.values.length) {
    throw new UsageError("model-rows", {
      found: `${target.values.length} targets for ${rows.length} rows`,
      expected: "one target per row",
    });
  }
  const fitKind = FIT[spec.kind] as (
    spec: ModelSpec,
    rows: readonly ModelRow[],
    target: Target,
    key: RandomKey,
  ) => FittedModel;
  return fitKind(spec, rows, target, key);
}

/** How each kind of model is fitted. */
const FIT: {
  readonly [K in ModelSpec["kind"]]: (
    spec: Extract<ModelSpec, { kind: K }>,
    rows: readonly ModelRow[],
    target: Target,
    key: RandomKey,
  ) => FittedModel;
} = {
  column: ({ column }, rows) => {
    requireKnownColumns(rows, [column]);
    readColumn(column, rows);
    return { kind: "column", column, issues: [] };
  },
  forest: fitForestModel,
  combined: ({ of }) => combineModels(of),
};

/**
 * The model that predicts the mean of its members' predictions.
 *
 * @throws {UsageError} `combined-members` where there is no member, a member is a bare column, whose scale is not
 *   that of the outcome, or members predict different targets.
 */
export function combineModels(members: readonly FittedModel[]): FittedModel {
  const targets = new Set(
    members.map((member) => (member.kind === "column" ? "a bare column" : member.target)),
  );
  const [target] = targets;
  if (targets.size !== 1 || target === undefined || target === "a bare column") {
    throw new UsageError("combined-members", {
      found: members.length === 0 ? "no members" : `members that predict ${[...targets].join(", ")}`,
      expected: "fitted models of the same target, whose predictions have one scale",
      remedy: "Name a forest on that column instead of the column itself.",
    });
  }
  return { kind: "combined", target, members, issues: [] };
}

/**
 * Predicts rows by a fitted model.
 *
 * @param rows with the columns of the training; a combined model's rows have those of all its members.
 * @throws {UsageError} `column-unknown` where no row has a column; `column-not-numeric`.
 */
export function predictModel(model: FittedModel, rows: readonly ModelRow[]): Predictions {
  const predict = PREDICT[model.kind] as (model: FittedModel, rows: readonly ModelRow[]) => Predictions;
  return predict(model, rows);
}

/** How each kind of model predicts. */
const PREDICT: {
  readonly [K in FittedModel["kind"]]: (
    model: Extract<FittedModel, { kind: K }>,
    rows: readonly ModelRow[],
  ) => Predictions;
} = {
  column: ({ column }, rows) => {
    requireKnownColumns(rows, [column]);
    const predictions = readColumn(column, rows);
    const missing = predictions.filter(Number.isNaN).length;
    return { predictions, issues: missing === 0 ? [] : [missingPrediction(column, missing)] };
  },
  forest: ({ encoding, reduction, forest }, rows) => {
    const { value: encoded, issues } = encodeRows(encoding, rows);
    return { predictions: predictForest(forest, applyReduction(reduction, encoded)), issues };
  },
  combined: ({ members }, rows) => {
    const parts = members.map((member) => predictModel(member, rows));
    return {
      predictions: meanPredictions(parts.map(({ predictions }) => predictions)),
      issues: parts.flatMap(({ issues }) => issues),
    };
  },
};

/**
 * The mean of several predictions of the same rows: of a model's members, or of the versions of a patient's deep
 * features that the networks of the folds give. NaN where one of them is NaN.
 *
 * @throws {UsageError} `predictions-shape` where there is none or lengths differ.
 */
export function meanPredictions(parts: readonly Float64Array[]): Float64Array {
  if (parts.length === 0 || parts.some((part) => part.length !== parts[0].length)) {
    throw new UsageError("predictions-shape", {
      found: `predictions of ${parts.map((part) => part.length).join(", ") || "no"} rows`,
      expected: "at least one list, all of the same rows",
    });
  }
  return parts[0].map((_, row) => parts.reduce((sum, part) => sum + part[row], 0) / parts.length);
}

function fitForestModel(
  spec: Extract<ModelSpec, { kind: "forest" }>,
  rows: readonly ModelRow[],
  target: Target,
  key: RandomKey,
): FittedModel {
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
  const encoding = collect(issues, fitEncoding(trainingRows, spec.columns));
  const encoded = collect(issues, encodeRows(encoding, trainingRows));
  const reduction = fitReduction(encoded, spec.reduction ?? { kind: "none" });
  const options: Partial<ForestOptions> = {
    // Breiman's default for classes; a choice of the study file goes before it.
    ...(target.kind === "residual-disease" ? { featuresPerSplit: "square-root" } : {}),
    ...spec.options,
  };
  const forest = fitForest(applyReduction(reduction, encoded), values, options, deriveKey(key, "forest"));
  return { kind: "forest", target: target.kind, encoding, reduction, forest, issues };
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

function readColumn(column: string, rows: readonly ModelRow[]): Float64Array {
  return Float64Array.from(rows, (row) => {
    const value = observedValue(row, column);
    if (value === null) return Number.NaN;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw new UsageError("column-not-numeric", {
      found: `Column ${column} holds "${value}"`,
      expected: "finite numbers, since the column itself is the score",
      remedy: "Correct the value, or make the column part of a forest model.",
    });
  });
}

function missingPrediction(column: string, count: number): Issue {
  return {
    code: "prediction-missing",
    severity: "warning",
    message: `${count} rows have no value of ${column}, which is the score itself, and so no prediction.`,
    subject: column,
  };
}
