/**
 * The outcome models of a study: out-of-fold predictions for the training patients, and fixed models, fitted on all of
 * them, for the external test set.
 */
import type { ClinicalValue, StudySet } from "../domain/cohort.ts";
import { DataError } from "../domain/errors.ts";
import type { Issue } from "../domain/issues.ts";
import type { PathologyOutcome } from "../domain/outcome.ts";
import { deriveKey, type RandomKey } from "../domain/random.ts";
import {
  combineModels,
  type FittedModel,
  fitModel,
  type ModelSpec,
  meanPredictions,
  predictModel,
} from "../models/comparators.ts";
import { crossFit } from "../models/cross-validation.ts";
import type { ModelRow } from "../models/encoding.ts";
import { richestTarget, type Target, targetOf } from "../models/target.ts";
import { type ModelConfig, modelName, type StudyConfig } from "./schema.ts";

/** What the models may look at for one patient. */
export interface ModelPatient {
  readonly id: string;
  readonly set: StudySet;
  readonly outcome: PathologyOutcome;
  /** Fold of a training patient; null in the test set. */
  readonly fold: number | null;
  /**
   * One row per network that gave the features: for a training patient the one network that has not seen the patient,
   * for a test patient those of all folds, whose predictions are averaged.
   */
  readonly versions: readonly ModelRow[];
}

/** Columns of each image-based model, as the features stage made them. */
export interface ImageColumns {
  readonly volume: readonly string[];
  /** Deep features per network. */
  readonly deep: Readonly<Record<string, readonly string[]>>;
}

export interface OutcomeModels {
  /** Per model, one prediction per patient in the order given; null is missing. Higher is more residual disease. */
  readonly predictions: Readonly<Record<string, readonly (number | null)[]>>;
  /** The fixed models, fitted on all training patients; without those for which the data do not suffice. */
  readonly fitted: Readonly<Record<string, FittedModel>>;
  readonly target: Target["kind"];
  readonly issues: readonly Issue[];
}

/** Fits and predicts every model of the study. A model for which the data do not suffice becomes an issue; the others go on. */
export function fitOutcomeModels(
  config: StudyConfig,
  patients: readonly ModelPatient[],
  imageColumns: ImageColumns,
  key: RandomKey,
): OutcomeModels {
  const training = patients.filter((patient) => patient.set === "train");
  const target = richestTarget(training.map((patient) => patient.outcome));
  const plans = planModels(config, training, imageColumns);
  const issues: Issue[] = [];
  const predictions: Record<string, readonly (number | null)[]> = {};
  const fitted: Record<string, FittedModel> = {};
  const folds = new Map<string, readonly FittedModel[]>();
  const fitPlan = (plan: ModelPlan): void => {
    const usable = patients.map((patient) => patient.versions.every((row) => isUsable(row, plan, plans)));
    const trainable = patients.filter((patient, i) => usable[i] && patient.set === "train");
    const modelKey = deriveKey(key, "model", plan.name);
    const fitOn = (members: readonly ModelPatient[], fold: number | "all"): FittedModel => {
      if (plan.kind === "combined") {
        requireFitted(plan.of, fitted);
        return combineModels(plan.of.map((name) => (fold === "all" ? fitted[name] : folds.get(name)![fold])));
      }
      const rows = members.map((patient) => patient.versions[0]);
      const outcomes = targetOf(
        members.map((patient) => patient.outcome),
        target,
      );
      return fitModel(plan.spec, rows, outcomes, deriveKey(modelKey, "fit", fold));
    };
    const outOfFold = crossFit(
      Int32Array.from(trainable, (patient) => patient.fold ?? 0),
      (rows, fold) =>
        fitOn(
          Array.from(rows, (row) => trainable[row]),
          fold,
        ),
      (model, rows) =>
        predictModel(
          model,
          Array.from(rows, (row) => trainable[row].versions[0]),
        ).predictions,
    );
    folds.set(plan.name, outOfFold.models);
    fitted[plan.name] = fitOn(trainable, "all");
    issues.push(...labelled(fitted[plan.name].issues, plan.name));
    let nextTrainable = 0;
    predictions[plan.name] = patients.map((patient, i) => {
      if (!usable[i]) return null;
      if (patient.set === "train") return finiteOrNull(outOfFold.predictions[nextTrainable++]);
      const versions = patient.versions.map((row) => predictModel(fitted[plan.name], [row]));
      issues.push(...labelled(versions[0].issues, plan.name, patient.id));
      return finiteOrNull(meanPredictions(versions.map((version) => version.predictions))[0]);
    });
    const left = usable.filter((value) => !value).length;
    if (left > 0) {
      issues.push({
        code: "prediction-missing",
        severity: "warning",
        subject: plan.name,
        message: `${left} of ${patients.length} patients lack what this model looks at and have no prediction of it.`,
      });
    }
  };
  for (const plan of plans) {
    try {
      fitPlan(plan);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      predictions[plan.name] = patients.map(() => null);
      issues.push({
        code: error.code,
        severity: "error",
        subject: plan.name,
        message: `${error.message} The model was not fitted and predicts nobody.`,
      });
    }
  }
  return { predictions, fitted, target, issues };
}

function requireFitted(names: readonly string[], fitted: Readonly<Record<string, FittedModel>>): void {
  const missing = names.find((name) => !Object.hasOwn(fitted, name));
  if (missing === undefined) return;
  throw new DataError("model-member-unfitted", {
    found: `its member "${missing}" was not fitted`,
    expected: "members that all were",
  });
}

type ModelPlan =
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

function planModels(
  config: StudyConfig,
  training: readonly ModelPatient[],
  imageColumns: ImageColumns,
): ModelPlan[] {
  const { trees, minLeaf, featureShare } = config.forest;
  const forest = (columns: readonly string[]): ModelSpec => ({
    kind: "forest",
    columns,
    options: {
      trees,
      minLeafRows: minLeaf,
      ...(featureShare === undefined ? {} : { featuresPerSplit: Math.ceil(columns.length * featureShare) }),
    },
  });
  return config.models.map((model): ModelPlan => {
    const name = modelName(model);
    if (model === "volume" || model === "volume+subtype") {
      const columns = model === "volume" ? imageColumns.volume : [...imageColumns.volume, "subtype"];
      return { kind: "fitted", name, spec: forest(columns), required: imageColumns.volume, anyOf: [] };
    }
    if ("deep" in model) {
      const columns = imageColumns.deep[model.deep];
      return { kind: "fitted", name, spec: forest(columns), required: [], anyOf: columns };
    }
    if ("of" in model) return { kind: "combined", name, of: model.of };
    return {
      kind: "fitted",
      name,
      spec: isBareColumn(model, config.models, training)
        ? { kind: "column", column: model.columns[0] }
        : forest(model.columns),
      required: [],
      anyOf: model.columns,
    };
  });
}

/**
 * A single numeric column is the score itself unless the study asks for a forest, or combines it with other models, which
 * needs the scale of the outcome.
 */
function isBareColumn(
  model: Extract<ModelConfig, { columns: string[] }>,
  models: readonly ModelConfig[],
  training: readonly ModelPatient[],
): boolean {
  if (model.estimator !== undefined) return model.estimator === "column";
  if (model.columns.length > 1) return false;
  const combined = models.some(
    (other) => typeof other === "object" && "of" in other && other.of.includes(model.name),
  );
  if (combined) return false;
  return training.every(({ versions }) => typeof (versions[0][model.columns[0]] ?? 0) === "number");
}

function isUsable(row: ModelRow, plan: ModelPlan, plans: readonly ModelPlan[]): boolean {
  if (plan.kind === "combined") {
    return plan.of.every((name) => isUsable(row, plans.find((other) => other.name === name)!, plans));
  }
  if (!plan.required.every((column) => isKnown(row[column]))) return false;
  return plan.anyOf.length === 0 || plan.anyOf.some((column) => isKnown(row[column]));
}

function isKnown(value: ClinicalValue | undefined): boolean {
  return value !== undefined && value !== null && !Number.isNaN(value);
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function labelled(issues: readonly Issue[], model: string, patient?: string): Issue[] {
  const subject = patient === undefined ? model : `${model}, ${patient}`;
  return issues.map((issue) => ({
    ...issue,
    subject: issue.subject === undefined ? subject : `${subject}, ${issue.subject}`,
  }));
}
