/** From the models of a study file to what is fitted: columns, forest options, what a patient must have to be predicted. */
import type { ClinicalValue } from "../domain/cohort.ts";
import { deriveKey, type RandomKey } from "../domain/random.ts";
import type { ModelSpec } from "../models/comparators.ts";
import type { ModelRow } from "../models/encoding.ts";
import type { ForestSpec } from "../models/forest-model.ts";
import type { ForestOptions } from "../models/random-forest.ts";
import type { ReductionOptions } from "../models/reduction.ts";
import { candidateGrid, type TuningOptions } from "../models/tuning.ts";
import { MEASURED_MODELS, type ModelConfig, modelName, type StudyConfig } from "./schema.ts";

/** Columns of each image-based model, as the features stage made them. */
export interface ImageColumns {
  readonly volume: readonly string[];
  /** Deep features per network. */
  readonly deep: Readonly<Record<string, readonly string[]>>;
}

export type ModelPlan =
  | {
      readonly kind: "fitted";
      readonly name: string;
      readonly spec: ModelSpec;
      /** Columns without which there is no prediction. */
      readonly required: readonly string[];
      /** Columns of which at least one must be known. */
      readonly anyOf: readonly string[];
      /** Where given, only the columns that are this stable in the training patients are looked at. */
      readonly minIcc?: number;
      /** The same model on some of its columns. */
      readonly specOf: (columns: readonly string[]) => ModelSpec;
    }
  | { readonly kind: "combined"; readonly name: string; readonly of: readonly string[] };

type ForestConfig = StudyConfig["forest"];
type ForestKind = Exclude<ForestConfig["kind"], "auto">;
type ForestOverrides = Extract<ModelConfig, { deep: string }>["forest"];

/** Models of at most this many columns are forests of `rank-trees` (docs/decisions/0067). */
const FEW_COLUMNS = 8;

/** @param training rows of the training patients: a single column that is numeric in all of them is the score itself. */
export function planModels(
  config: StudyConfig,
  training: readonly ModelRow[],
  imageColumns: ImageColumns,
  key: RandomKey,
): ModelPlan[] {
  return config.models.map((model): ModelPlan => {
    const name = modelName(model);
    if (typeof model === "object" && "of" in model) return { kind: "combined", name, of: model.of };
    const tuningKey = deriveKey(key, "tuning", name);
    const forest = (
      columns: readonly string[],
      overrides?: ForestOverrides,
      reduction?: ReductionOptions,
    ) => {
      // The kind of forest is that of all columns, however few of them a fold finds stable.
      const kind = kindOf(config.forest, overrides, columns.length);
      const specOf = (some: readonly string[]) =>
        forestSpec(
          { ...config.forest, ...overrides, kind } as ForestConfig & { kind: ForestKind },
          some,
          reduction,
          tuningKey,
        );
      return { spec: specOf(columns), specOf };
    };
    if (model === "volume" || model === "volume+subtype") {
      const columns = model === "volume" ? imageColumns.volume : [...imageColumns.volume, "subtype"];
      return { kind: "fitted", name, ...forest(columns), required: imageColumns.volume, anyOf: [] };
    }
    if (model === "ftv" || model === "diameter") {
      const columns = MEASURED_MODELS[model];
      return { kind: "fitted", name, ...forest(columns), required: columns, anyOf: [] };
    }
    if ("deep" in model) {
      const columns = imageColumns.deep[model.deep];
      const minIcc = model.minIcc ?? config.features.stability?.minIcc;
      return {
        kind: "fitted",
        name,
        ...forest(columns, model.forest, reductionOf(config.reduction)),
        required: [],
        anyOf: columns,
        ...(minIcc === undefined ? {} : { minIcc }),
      };
    }
    const made = forest(model.columns, model.forest);
    return {
      kind: "fitted",
      name,
      ...made,
      ...(isBareColumn(model, config.models, training)
        ? { spec: { kind: "column", column: model.columns[0] } }
        : {}),
      required: [],
      anyOf: model.columns,
    };
  });
}

function kindOf(study: ForestConfig, overrides: ForestOverrides, columns: number): ForestKind {
  const kind = overrides?.kind ?? study.kind;
  if (kind !== "auto") return kind;
  return columns <= FEW_COLUMNS ? "rank-trees" : "random-forest";
}

function forestSpec(
  config: ForestConfig & { readonly kind: ForestKind },
  columns: readonly string[],
  reduction: ReductionOptions | undefined,
  key: RandomKey,
): ModelSpec {
  const { kind, trees, minLeaf, featureShare, maxDepth, parts, tuning, intervals } = config;
  const spec: ForestSpec = {
    kind: "forest",
    columns,
    options: {
      ...KINDS[kind],
      trees,
      minLeafRows: minLeaf,
      ...(featureShare === undefined ? {} : { featuresPerSplit: { share: featureShare } }),
      ...(maxDepth === undefined ? {} : { maxDepth }),
    },
    ...(reduction === undefined ? {} : { reduction }),
    ...(tuning === undefined ? {} : { tuning: tuningOf(tuning, key) }),
    ...(intervals === undefined ? {} : { quantiles: true }),
  };
  return parts === "one" ? spec : { kind: "two-part", disease: spec, burden: spec };
}

/** The kinds of forest by their options. */
const KINDS: Readonly<Record<ForestKind, Partial<ForestOptions>>> = {
  "random-forest": { splitter: "best", bootstrap: true },
  "extra-trees": { splitter: "random", bootstrap: false, featuresPerSplit: "all" },
  "rank-trees": { splitter: "random-rank", bootstrap: true, featuresPerSplit: "all" },
};

function tuningOf(tuning: NonNullable<ForestConfig["tuning"]>, key: RandomKey): TuningOptions {
  const { minLeaf, featureShare, maxDepth, draws, folds, trees } = tuning;
  const candidates = candidateGrid(
    {
      ...(minLeaf === undefined ? {} : { minLeafRows: minLeaf }),
      ...(featureShare === undefined ? {} : { featuresPerSplit: featureShare.map((share) => ({ share })) }),
      ...(maxDepth === undefined ? {} : { maxDepth }),
    },
    draws,
    key,
  );
  return { candidates, folds, trees };
}

/** The steps in their fixed order; none where the study file names none. */
function reductionOf({ variance, correlation, components }: StudyConfig["reduction"]): ReductionOptions {
  const steps: ReductionOptions[] = [];
  if (variance !== undefined) steps.push({ kind: "variance", minimum: variance });
  if (correlation !== undefined) steps.push({ kind: "correlation", maximum: correlation });
  if (components !== undefined) steps.push({ kind: "principal-components", components });
  return steps.length === 0 ? { kind: "none" } : { kind: "steps", steps };
}

/**
 * A single numeric column is the score itself unless the study asks for a forest, or combines it with other models, which
 * needs the scale of the outcome.
 */
function isBareColumn(
  model: Extract<ModelConfig, { columns: string[] }>,
  models: readonly ModelConfig[],
  training: readonly ModelRow[],
): boolean {
  if (model.estimator !== undefined) return model.estimator === "column";
  if (model.columns.length > 1 || model.forest !== undefined) return false;
  const combined = models.some(
    (other) => typeof other === "object" && "of" in other && other.of.includes(model.name),
  );
  if (combined) return false;
  return training.every((row) => typeof (row[model.columns[0]] ?? 0) === "number");
}

/** Whether a row has what a model must look at. */
export function isUsable(row: ModelRow, plan: ModelPlan, plans: readonly ModelPlan[]): boolean {
  if (plan.kind === "combined") {
    return plan.of.every((name) => isUsable(row, plans.find((other) => other.name === name)!, plans));
  }
  if (!plan.required.every((column) => isKnown(row[column]))) return false;
  return plan.anyOf.length === 0 || plan.anyOf.some((column) => isKnown(row[column]));
}

function isKnown(value: ClinicalValue | undefined): boolean {
  return value !== undefined && value !== null && !Number.isNaN(value);
}
