/**
 * The outcome models of a study: out-of-fold predictions for the training patients, and fixed models, fitted on all of
 * them, for the external test set.
 */
import type { StudySet } from "../domain/cohort.ts";
import { DataError } from "../domain/errors.ts";
import type { Issue } from "../domain/issues.ts";
import type { PathologyOutcome } from "../domain/outcome.ts";
import { deriveKey, type RandomKey } from "../domain/random.ts";
import {
  combineModels,
  type FittedModel,
  fitModel,
  meanPredictions,
  predictModel,
} from "../models/comparators.ts";
import { crossFit } from "../models/cross-validation.ts";
import type { ModelRow } from "../models/encoding.ts";
import { predictModelQuantiles } from "../models/forest-model.ts";
import { type FitForest, fitForest } from "../models/random-forest.ts";
import { richestTarget, type Target, targetOf } from "../models/target.ts";
import { type ImageColumns, isUsable, type ModelPlan, planModels } from "./model-plans.ts";
import type { StudyConfig } from "./schema.ts";
import { stableColumns } from "./stability.ts";

/** What the models may look at for one patient. */
export interface ModelPatient {
  readonly id: string;
  readonly set: StudySet;
  readonly outcome: PathologyOutcome;
  /** Fold of a training patient in each repeat, the first being that of the networks; empty in the test set. */
  readonly folds: readonly number[];
  /**
   * One row per network that gave the features: for a training patient the one network that has not seen the patient,
   * for a test patient those of all folds, whose predictions are averaged.
   */
  readonly versions: readonly ModelRow[];
  /** Of a training patient: deep features of the image perturbed, one row per perturbation, where the study asks for them. */
  readonly perturbed?: readonly ModelRow[];
}

/** Lower and upper bound. */
export type PredictionInterval = readonly [number, number];

export interface OutcomeModels {
  /** Per model, one prediction per patient in the order given; null is missing. Higher is more residual disease. */
  readonly predictions: Readonly<Record<string, readonly (number | null)[]>>;
  /** Of the models that are single forests, where the study asks for intervals; as the predictions. */
  readonly intervals: Readonly<Record<string, readonly (PredictionInterval | null)[]>>;
  /** The fixed models, fitted on all training patients; without those for which the data do not suffice. */
  readonly fitted: Readonly<Record<string, FittedModel>>;
  readonly target: Target["kind"];
  readonly issues: readonly Issue[];
}

/** Fits and predicts every model of the study. A model for which the data do not suffice becomes an issue; the others go on. */
export async function fitOutcomeModels(
  config: StudyConfig,
  patients: readonly ModelPatient[],
  imageColumns: ImageColumns,
  key: RandomKey,
  fit: FitForest = fitForest,
): Promise<OutcomeModels> {
  const training = patients.filter((patient) => patient.set === "train");
  const target = richestTarget(training.map((patient) => patient.outcome));
  const plans = planModels(
    config,
    training.map(({ versions }) => versions[0]),
    imageColumns,
    key,
  );
  const done = new Map<string, FittedPlan>();
  const issues: Issue[] = [];
  for (const plan of plans) {
    try {
      const fitted = await fitPlan(plan, {
        patients,
        plans,
        target,
        done,
        interval: config.forest.intervals ?? null,
        key: deriveKey(key, "model", plan.name),
        fit,
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
    intervals: Object.fromEntries(
      [...done].flatMap(([name, { intervals }]) => (intervals === null ? [] : [[name, intervals]])),
    ),
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
  /** Share of patients that an interval shall hold; null is none. */
  readonly interval: number | null;
  readonly key: RandomKey;
  readonly fit: FitForest;
}

interface FittedPlan {
  /** Fitted on all training patients. */
  readonly fixed: FittedModel;
  /** Fitted without the patients of each fold, in each repeat. */
  readonly repeats: readonly (readonly FittedModel[])[];
  /** One per patient. */
  readonly predictions: readonly (number | null)[];
  readonly intervals: readonly (PredictionInterval | null)[] | null;
  readonly issues: readonly Issue[];
}

/** Which training patients a model is fitted on: all, or all but one fold of one repeat. */
type Part = "all" | { readonly repeat: number; readonly fold: number };

async function fitPlan(plan: ModelPlan, context: FitContext): Promise<FittedPlan> {
  const { patients, plans } = context;
  const usable = patients.map((patient) => patient.versions.every((row) => isUsable(row, plan, plans)));
  const trainable = patients.filter((patient, i) => usable[i] && patient.set === "train");
  const { predictions: held, models } = await crossFitRepeats(trainable, (members, part) =>
    fitMembers(plan, members, part, context),
  );
  const fixed = await fitMembers(plan, trainable, "all", context);
  const issues: Issue[] = [...labelled(fixed.issues, plan.name), ...unpredicted(plan, usable)];
  const heldOf = new Map(trainable.map(({ id }, row) => [id, held[row]]));
  const predictions = patients.map((patient, i) => {
    if (!usable[i]) return null;
    if (patient.set === "train") return finiteOrNull(heldOf.get(patient.id) ?? Number.NaN);
    const versions = patient.versions.map((row) => predictModel(fixed, [row]));
    issues.push(...labelled(versions[0].issues, plan.name, patient.id));
    return finiteOrNull(meanPredictions(versions.map((version) => version.predictions))[0]);
  });
  const intervals =
    context.interval === null
      ? null
      : intervalsOf(patients, usable, context.interval, (patient) =>
          patient.set === "train" ? models[0][patient.folds[0]] : fixed,
        );
  return { fixed, repeats: models, predictions, intervals, issues };
}

/**
 * Out-of-fold predictions of training patients: in each repeat by the model of the other folds, and the mean over the
 * repeats.
 */
export async function crossFitRepeats(
  members: readonly ModelPatient[],
  fitWithout: (members: readonly ModelPatient[], part: Exclude<Part, "all">) => Promise<FittedModel>,
): Promise<{ predictions: Float64Array; models: FittedModel[][] }> {
  const repeats = Math.max(1, ...members.map(({ folds }) => folds.length));
  const predictions: Float64Array[] = [];
  const models: FittedModel[][] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const membersOf = (rows: Int32Array) => Array.from(rows, (row) => members[row]);
    const fitted = await crossFit(
      Int32Array.from(members, ({ folds }) => folds[repeat] ?? 0),
      (rows, fold) => fitWithout(membersOf(rows), { repeat, fold }),
      (model, rows) =>
        predictModel(
          model,
          membersOf(rows).map(({ versions }) => versions[0]),
        ).predictions,
    );
    predictions.push(fitted.predictions);
    models.push([...fitted.models]);
  }
  return { predictions: meanPredictions(predictions), models };
}

function fitMembers(
  plan: ModelPlan,
  members: readonly ModelPatient[],
  part: Part,
  { done, target, key, fit }: FitContext,
): Promise<FittedModel> {
  if (plan.kind === "combined") {
    const parts = plan.of.map((name) => requireFitted(name, done));
    const fitted = parts.map(({ fixed, repeats }) =>
      part === "all" ? fixed : repeats[part.repeat][part.fold],
    );
    return Promise.resolve(combineModels(fitted));
  }
  return fitToPatients(plan, members, target, partKey(key, part), fit);
}

/** Fits one model to patients, each by its first row. */
export function fitToPatients(
  plan: Extract<ModelPlan, { kind: "fitted" }>,
  members: readonly ModelPatient[],
  target: Target["kind"],
  key: RandomKey,
  fit: FitForest,
): Promise<FittedModel> {
  const rows = members.map(({ versions }) => versions[0]);
  const outcomes = targetOf(
    members.map(({ outcome }) => outcome),
    target,
  );
  const spec =
    plan.minIcc === undefined ? plan.spec : plan.specOf(stableColumns(members, plan.anyOf, plan.minIcc));
  return fitModel(spec, rows, outcomes, key, fit);
}

/** Key of the fit of a part. */
export function partKey(key: RandomKey, part: Part): RandomKey {
  if (part === "all") return deriveKey(key, "fit", "all");
  return deriveKey(key, "fit", part.fold, ...(part.repeat === 0 ? [] : [part.repeat]));
}

/** Quantiles of single forests on each side; the mean over the versions of a patient's row. */
function intervalsOf(
  patients: readonly ModelPatient[],
  usable: readonly boolean[],
  share: number,
  modelOf: (patient: ModelPatient) => FittedModel,
): (PredictionInterval | null)[] | null {
  const quantiles = [(1 - share) / 2, (1 + share) / 2];
  // By model, since each has its training rows to look through.
  const askedOf = new Map<FittedModel, { patient: number; row: ModelRow }[]>();
  patients.forEach((patient, i) => {
    if (!usable[i]) return;
    const model = modelOf(patient);
    const asked = patient.versions.map((row) => ({ patient: i, row }));
    askedOf.set(model, [...(askedOf.get(model) ?? []), ...asked]);
  });
  const intervals = new Array<PredictionInterval | null>(patients.length).fill(null);
  for (const [model, asked] of askedOf) {
    if (model.kind !== "forest") return null;
    const rows = asked.map(({ row }) => row);
    const bounds = predictModelQuantiles(model, rows, quantiles);
    if (bounds === null) return null;
    asked.forEach(({ patient }, at) => {
      const [low, high] = intervals[patient] ?? [0, 0];
      const part = patients[patient].versions.length;
      intervals[patient] = [low + bounds[2 * at] / part, high + bounds[2 * at + 1] / part];
    });
  }
  return intervals;
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
