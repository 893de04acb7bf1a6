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
import { stableColumns } from "./stability.ts";

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
  /** Of a training patient: deep features of the image perturbed, one row per perturbation, where the study asks for them. */
  readonly perturbed?: readonly ModelRow[];
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
  const done = new Map<string, FittedPlan>();
  const issues: Issue[] = [];
  for (const plan of plans) {
    try {
      const fitted = fitPlan(plan, {
        patients,
        plans,
        target,
        done,
        key: deriveKey(key, "model", plan.name),
      });
      done.set(plan.name, fitted);
      issues.push(...fitted.issues);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      issues.push({
        code: error.code,
        severity: "error",
        subject: plan.name,
        message: `${error.message} The model was not fitted and predicts nobody.`,
      });
    }
  }
  const nobody = patients.map(() => null);
  return {
    predictions: Object.fromEntries(plans.map(({ name }) => [name, done.get(name)?.predictions ?? nobody])),
    fitted: Object.fromEntries([...done].map(([name, { fixed }]) => [name, fixed])),
    target,
    issues,
  };
}

interface FitContext {
  readonly patients: readonly ModelPatient[];
  readonly plans: readonly ModelPlan[];
  readonly target: Target["kind"];
  /** The models before this one. */
  readonly done: ReadonlyMap<string, FittedPlan>;
  readonly key: RandomKey;
}

interface FittedPlan {
  /** Fitted on all training patients. */
  readonly fixed: FittedModel;
  /** Fitted without the patients of each fold. */
  readonly folds: readonly FittedModel[];
  /** One per patient. */
  readonly predictions: readonly (number | null)[];
  readonly issues: readonly Issue[];
}

function fitPlan(plan: ModelPlan, context: FitContext): FittedPlan {
  const { patients, plans } = context;
  const usable = patients.map((patient) => patient.versions.every((row) => isUsable(row, plan, plans)));
  const trainable = patients.filter((patient, i) => usable[i] && patient.set === "train");
  const membersOf = (rows: Int32Array) => Array.from(rows, (row) => trainable[row]);
  const outOfFold = crossFit(
    Int32Array.from(trainable, (patient) => patient.fold ?? 0),
    (rows, fold) => fitMembers(plan, membersOf(rows), fold, context),
    (model, rows) =>
      predictModel(
        model,
        membersOf(rows).map(({ versions }) => versions[0]),
      ).predictions,
  );
  const fixed = fitMembers(plan, trainable, "all", context);
  const issues: Issue[] = [...labelled(fixed.issues, plan.name), ...unpredicted(plan, usable)];
  const held = new Map(trainable.map(({ id }, row) => [id, outOfFold.predictions[row]]));
  const predictions = patients.map((patient, i) => {
    if (!usable[i]) return null;
    if (patient.set === "train") return finiteOrNull(held.get(patient.id) ?? Number.NaN);
    const versions = patient.versions.map((row) => predictModel(fixed, [row]));
    issues.push(...labelled(versions[0].issues, plan.name, patient.id));
    return finiteOrNull(meanPredictions(versions.map((version) => version.predictions))[0]);
  });
  return { fixed, folds: outOfFold.models, predictions, issues };
}

/** @param fold The fold that the members leave out, or `all` where they are all training patients. */
function fitMembers(
  plan: ModelPlan,
  members: readonly ModelPatient[],
  fold: number | "all",
  { done, target, key }: FitContext,
): FittedModel {
  if (plan.kind === "combined") {
    const parts = plan.of.map((name) => requireFitted(name, done));
    return combineModels(parts.map(({ fixed, folds }) => (fold === "all" ? fixed : folds[fold])));
  }
  const rows = members.map(({ versions }) => versions[0]);
  const outcomes = targetOf(
    members.map(({ outcome }) => outcome),
    target,
  );
  const spec =
    plan.minIcc === undefined ? plan.spec : plan.specOf(stableColumns(members, plan.anyOf, plan.minIcc));
  return fitModel(spec, rows, outcomes, deriveKey(key, "fit", fold));
}

function requireFitted(name: string, done: ReadonlyMap<string, FittedPlan>): FittedPlan {
  const fitted = done.get(name);
  if (fitted !== undefined) return fitted;
  throw new DataError("model-member-unfitted", {
    found: `its member "${name}" was not fitted`,
    expected: "members that all were",
  });
}

function unpredicted({ name }: ModelPlan, usable: readonly boolean[]): Issue[] {
  const left = usable.filter((value) => !value).length;
  if (left === 0) return [];
  return [
    {
      code: "prediction-missing",
      severity: "warning",
      subject: name,
      message: `${left} of ${usable.length} patients lack what this model looks at and have no prediction of it.`,
    },
  ];
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
      /** Where given, only the columns that are this stable in the training patients are looked at. */
      readonly minIcc?: number;
      readonly specOf: (columns: readonly string[]) => ModelSpec;
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
      return {
        kind: "fitted",
        name,
        spec: forest(columns),
        specOf: forest,
        required: imageColumns.volume,
        anyOf: [],
      };
    }
    if ("deep" in model) {
      const columns = imageColumns.deep[model.deep];
      const minIcc = model.minIcc ?? config.features.stability?.minIcc;
      return {
        kind: "fitted",
        name,
        spec: forest(columns),
        specOf: forest,
        required: [],
        anyOf: columns,
        ...(minIcc === undefined ? {} : { minIcc }),
      };
    }
    if ("of" in model) return { kind: "combined", name, of: model.of };
    return {
      kind: "fitted",
      name,
      spec: isBareColumn(model, config.models, training)
        ? { kind: "column", column: model.columns[0] }
        : forest(model.columns),
      specOf: forest,
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
