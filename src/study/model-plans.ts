/** From the models of a study file to what is fitted: columns, forest options, what a patient must have to be predicted. */
import type { ClinicalValue } from "../domain/cohort.ts";
import { deriveKey, type RandomKey } from "../domain/random.ts";
import type { ModelSpec } from "../models/comparators.ts";
import type { ModelRow } from "../models/encoding.ts";
import type { ForestSpec } from "../models/forest-model.ts";
import type { ForestOptions } from "../models/random-forest.ts";
import type { ReductionOptions } from "../models/reduction.ts";
import { candidateGrid, type TuningOptions } from "../models/tuning.ts";
import { type ModelConfig, modelName, type StudyConfig } from "./schema.ts";

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
    }
  | { readonly kind: "combined"; readonly name: string; readonly of: readonly string[] };

type ForestConfig = StudyConfig["forest"];
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
    const forest = (columns: readonly string[], overrides?: ForestOverrides, reduction?: ReductionOptions) =>
      forestSpec(config.forest, columns, overrides, reduction, deriveKey(key, "tuning", name));
    if (model === "volume" || model === "volume+subtype") {
      const columns = model === "volume" ? imageColumns.volume : [...imageColumns.volume, "subtype"];
      return { kind: "fitted", name, spec: forest(columns), required: imageColumns.volume, anyOf: [] };
    }
    if ("deep" in model) {
      const columns = imageColumns.deep[model.deep];
      const spec = forest(columns, model.forest, reductionOf(config.reduction));
      return { kind: "fitted", name, spec, required: [], anyOf: columns };
    }
    if ("of" in model) return { kind: "combined", name, of: model.of };
    return {
      kind: "fitted",
      name,
      spec: isBareColumn(model, config.models, training)
        ? { kind: "column", column: model.columns[0] }
        : forest(model.columns, model.forest),
      required: [],
      anyOf: model.columns,
    };
  });
}

function forestSpec(
  study: ForestConfig,
  columns: readonly string[],
  overrides: ForestOverrides,
  reduction: ReductionOptions | undefined,
  key: RandomKey,
): ModelSpec {
  const chosen = { ...study, ...overrides } as ForestConfig;
  const { kind, trees, minLeaf, featureShare, maxDepth, parts, tuning } = chosen;
  const spec: ForestSpec = {
    kind: "forest",
    columns,
    options: {
      ...KINDS[kind === "auto" ? (columns.length <= FEW_COLUMNS ? "rank-trees" : "random-forest") : kind],
      trees,
      minLeafRows: minLeaf,
      ...(featureShare === undefined ? {} : { featuresPerSplit: { share: featureShare } }),
      ...(maxDepth === undefined ? {} : { maxDepth }),
    },
    ...(reduction === undefined ? {} : { reduction }),
    ...(tuning === undefined ? {} : { tuning: tuningOf(tuning, key) }),
    ...(study.intervals === undefined ? {} : { quantiles: true }),
  };
  return parts === "one" ? spec : { kind: "two-part", disease: spec, burden: spec };
}

/** The kinds of forest by their options. */
const KINDS: Readonly<Record<Exclude<ForestConfig["kind"], "auto">, Partial<ForestOptions>>> = {
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
