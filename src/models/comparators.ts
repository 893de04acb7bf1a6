/** The models of a study, which differ in what they look at and agree in what they predict. */
import { UsageError } from "../domain/errors.ts";
import type { Issue } from "../domain/issues.ts";
import { deriveKey, type RandomKey } from "../domain/random.ts";
import { type ModelRow, observedValue, requireKnownColumns } from "./encoding.ts";
import { type ForestModel, type ForestSpec, fitForestModel, predictForestModel } from "./forest-model.ts";
import { type FitForest, fitForest } from "./random-forest.ts";
import type { Target, TargetKind } from "./target.ts";

export type ModelSpec =
  /** One numeric column as the score itself; nothing is fitted, and nothing is known of its scale. */
  | { readonly kind: "column"; readonly column: string }
  /** A forest on clinical or deep columns. */
  | ForestSpec
  /** A forest for the probability of residual disease, times one for its amount where there is any. */
  | { readonly kind: "two-part"; readonly disease: ForestSpec; readonly burden: ForestSpec }
  /** The mean of the predictions of fitted models (late fusion, docs/decisions/0063). */
  | { readonly kind: "combined"; readonly of: readonly FittedModel[] };

/** A fitted model: a plain value; `toModelJson` writes it without loss. */
export type FittedModel =
  | { readonly kind: "column"; readonly column: string; readonly issues: readonly Issue[] }
  | ForestModel
  | {
      readonly kind: "two-part";
      readonly target: TargetKind;
      readonly disease: ForestModel;
      readonly burden: ForestModel;
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
 * @param fit fits the forests, by default in this thread; `TreeWorkers.fit` does on several.
 * @returns the model; what was imperfect in training is in its `issues`.
 * @throws {UsageError} `model-rows` for rows and targets of different number; `column-unknown`; `model-columns`;
 *   `forest-option`, `reduction-option`; `combined-members` for no members or members of
 *   different targets.
 * @throws {DataError} `forest-rows` for fewer than 3 rows with a known outcome; `model-columns-empty`;
 *   `matrix-infinite`.
 */
export async function fitModel(
  spec: ModelSpec,
  rows: readonly ModelRow[],
  target: Target,
  key: RandomKey,
  fit: FitForest = fitForest,
): Promise<FittedModel> {
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
    fit: FitForest,
  ) => FittedModel | Promise<FittedModel>;
  return fitKind(spec, rows, target, key, fit);
}

/** How each kind of model is fitted. */
const FIT: {
  readonly [K in ModelSpec["kind"]]: (
    spec: Extract<ModelSpec, { kind: K }>,
    rows: readonly ModelRow[],
    target: Target,
    key: RandomKey,
    fit: FitForest,
  ) => FittedModel | Promise<FittedModel>;
} = {
  column: ({ column }, rows) => {
    requireKnownColumns(rows, [column]);
    const { unusable } = readColumn(column, rows);
    return { kind: "column", column, issues: unusable.size === 0 ? [] : [notNumeric(column, unusable)] };
  },
  forest: fitForestModel,
  "two-part": fitTwoPart,
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
 * @throws {UsageError} `column-unknown` where no row has a column.
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
  column: ({ column }, rows) => predictColumn(column, rows),
  forest: (model, rows) => {
    const { value: predictions, issues } = predictForestModel(model, rows);
    return { predictions, issues };
  },
  "two-part": ({ disease, burden }, rows) => {
    const probability = predictForestModel(disease, rows);
    const amount = predictForestModel(burden, rows);
    return {
      predictions: probability.value.map((value, row) => value * amount.value[row]),
      issues: probability.issues,
    };
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

/** The members of a two-part model; see docs/decisions/0069. */
async function fitTwoPart(
  { disease, burden }: Extract<ModelSpec, { kind: "two-part" }>,
  rows: readonly ModelRow[],
  target: Target,
  key: RandomKey,
  fit: FitForest,
): Promise<FittedModel> {
  const { kind, values } = target;
  const hasDisease: Target = {
    kind: "residual-disease",
    values: values.map((value) => (Number.isNaN(value) ? value : Number(value > 0))),
  };
  const first = await fitForestModel(disease, rows, hasDisease, deriveKey(key, "disease"), fit);
  // Residual disease alone: its amount is not known, and the first part is all there is.
  if (kind === "residual-disease") return first;
  const residual = [...rows.keys()].filter((row) => values[row] > 0);
  const second = await fitForestModel(
    burden,
    residual.map((row) => rows[row]),
    { kind, values: Float64Array.from(residual, (row) => values[row]) },
    deriveKey(key, "burden"),
    fit,
  );
  return {
    kind: "two-part",
    target: kind,
    disease: first,
    burden: second,
    issues: [...first.issues, ...second.issues],
  };
}

/** Numbers as they are; NaN where a value is missing or is no finite number, and those texts. */
function readColumn(column: string, rows: readonly ModelRow[]) {
  const unusable = new Set<string>();
  const predictions = Float64Array.from(rows, (row) => {
    const value = observedValue(row, column);
    if (typeof value === "number" && Number.isFinite(value)) return value;
    if (value !== null) unusable.add(String(value));
    return Number.NaN;
  });
  return { predictions, unusable };
}

function predictColumn(column: string, rows: readonly ModelRow[]): Predictions {
  requireKnownColumns(rows, [column]);
  const { predictions, unusable } = readColumn(column, rows);
  const missing = predictions.filter(Number.isNaN).length;
  const issues: Issue[] = missing === 0 ? [] : [missingPrediction(column, missing)];
  if (unusable.size > 0) issues.push(notNumeric(column, unusable));
  return { predictions, issues };
}

function notNumeric(column: string, found: ReadonlySet<string>): Issue {
  const shown = [...found]
    .sort()
    .slice(0, 5)
    .map((value) => `"${value}"`);
  return {
    code: "value-not-numeric",
    severity: "warning",
    message: `Column ${column} is the score itself but holds ${shown.join(", ")}, taken as missing. Finite numbers are expected; correct the values, or make the column part of a forest model.`,
    subject: column,
  };
}

function missingPrediction(column: string, count: number): Issue {
  return {
    code: "prediction-missing",
    severity: "warning",
    message: `${count} rows have no value of ${column}, which is the score itself, and so no prediction.`,
    subject: column,
  };
}
