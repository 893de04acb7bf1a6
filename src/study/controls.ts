/**
 * Controls of the models on deep features (docs/decisions/0069): what they share with tumour volume, what is left when
 * outcomes are permuted or features are exchanged between patients of like volume, and what the same models seem to
 * reach in sample.
 */
import { DataError } from "../domain/errors.ts";
import type { Issue } from "../domain/issues.ts";
import { deriveKey, type RandomKey, RandomStream } from "../domain/random.ts";
import { type FittedModel, predictModel } from "../models/comparators.ts";
import { type FitForest, fitForest } from "../models/random-forest.ts";
import { richestTarget } from "../models/target.ts";
import { spearman } from "../statistics/correlation.ts";
import { type Figures, measureBurden } from "./burden-figures.ts";
import { type ImageColumns, isUsable, type ModelPlan, planModels } from "./model-plans.ts";
import { crossFitRepeats, fitToPatients, type ModelPatient, partKey } from "./outcome-models.ts";
import { type ModelConfig, modelName, type StudyConfig } from "./schema.ts";
import { stableColumns } from "./stability.ts";

/** A training patient with the features that a network made which has seen the patient; null where they were not made. */
export interface ControlPatient extends ModelPatient {
  readonly seen: ModelPatient["versions"][number] | null;
}

export interface VolumeCorrelation {
  readonly set: ModelPatient["set"];
  readonly column: string;
  readonly n: number;
  /** Spearman's; null where it is undefined. */
  readonly rho: number | null;
}

/** Figures under a control that was repeated. */
export interface ControlDistribution {
  readonly repeats: number;
  /** Mean over the repeats, and the least and greatest of the middle 95 %. */
  readonly mean: Figures;
  readonly low: Figures;
  readonly high: Figures;
  /** Share of repeats, the observation counted among them, that reach what was observed. */
  readonly p: Figures;
}

export interface ModelControls {
  /** Of the training patients, out of fold: what the controls are held against. */
  readonly outOfFold: Figures;
  readonly volume: readonly VolumeCorrelation[];
  /** Features of a network that has seen the patient, forests out of fold; then forests that have seen the patient too. */
  readonly inSample: { readonly seenByNetwork: Figures; readonly seenByBoth: Figures } | null;
  readonly permutedLabels: ControlDistribution | null;
  readonly volumeMatched: ControlDistribution | null;
}

export interface Controls {
  /** By the name of the model. */
  readonly models: Readonly<Record<string, ModelControls>>;
  readonly issues: readonly Issue[];
}

export interface ControlRequest {
  readonly config: StudyConfig;
  readonly patients: readonly ControlPatient[];
  readonly imageColumns: ImageColumns;
  /** Predictions of the study, one per patient and model. */
  readonly predictions: Readonly<Record<string, readonly (number | null)[]>>;
  /** As of the outcome models, so that the controls fit as they did. */
  readonly key: RandomKey;
  readonly fit?: FitForest;
}

type DeepPlan = Extract<ModelPlan, { kind: "fitted" }>;

/** Makes the controls that the study asks for, of each model on deep features; the correlation with volume always. */
export async function makeControls(request: ControlRequest): Promise<Controls> {
  const { config, patients, imageColumns, predictions, key } = request;
  const training = patients.filter(({ set }) => set === "train");
  const plans = planModels(
    config,
    training.map(({ versions }) => versions[0]),
    imageColumns,
    key,
  );
  const models: Record<string, ModelControls> = {};
  const issues: Issue[] = [];
  for (const model of config.models.filter(isDeep)) {
    const name = modelName(model);
    const plan = plans.find((other): other is DeepPlan => other.name === name && other.kind === "fitted");
    if (plan === undefined || predictions[name].every((value) => value === null)) continue;
    try {
      models[name] = await controlModel(request, plan, deriveKey(key, "model", name));
      issues.push(...describe(name, models[name]));
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      issues.push({
        code: error.code,
        severity: "error",
        subject: `controls of ${name}`,
        message: error.message,
      });
    }
  }
  return { models, issues };
}

function isDeep(model: ModelConfig): model is Extract<ModelConfig, { deep: string }> {
  return typeof model === "object" && "deep" in model;
}

async function controlModel(
  { config, patients, imageColumns, predictions, fit = fitForest }: ControlRequest,
  plan: DeepPlan,
  key: RandomKey,
): Promise<ModelControls> {
  const target = richestTarget(patients.filter(({ set }) => set === "train").map(({ outcome }) => outcome));
  const members = patients.filter(({ set, versions }) => set === "train" && isUsable(versions[0], plan, []));
  const outOfFold = async (rows: readonly ModelPatient[], of: DeepPlan) => {
    const { predictions: held } = await crossFitRepeats(rows, (others, part) =>
      fitToPatients(of, others, target, partKey(key, part), fit),
    );
    return measure(held, rows);
  };
  const stable = withStableColumns(plan, members);
  const fitAll = (rows: readonly ModelPatient[]) =>
    fitToPatients(stable, rows, target, partKey(key, "all"), fit);
  const observed = measure(
    members.map((member) => predictions[plan.name][patients.indexOf(member)]),
    members,
  );
  const repeated = async (
    repeats: number,
    of: DeepPlan,
    change: (repeat: number) => readonly ModelPatient[],
  ): Promise<ControlDistribution | null> => {
    if (repeats === 0) return null;
    const figures: Figures[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) figures.push(await outOfFold(change(repeat), of));
    return distributionOf(figures, observed);
  };
  const { inSample, permutedLabels, volumeMatched } = config.controls;
  return {
    outOfFold: observed,
    volume: volumeCorrelations(plan.name, patients, imageColumns.volume, predictions),
    inSample: inSample ? await inSampleFigures(members, (rows) => outOfFold(rows, stable), fitAll) : null,
    permutedLabels: await repeated(permutedLabels, plan, (repeat) =>
      permuteOutcomes(members, deriveKey(key, "permuted-labels", repeat)),
    ),
    volumeMatched: await repeated(volumeMatched, stable, (repeat) =>
      exchangeFeatures(members, plan.anyOf, imageColumns.volume, deriveKey(key, "volume-matched", repeat)),
    ),
  };
}

/** The model on the columns that are stable in the patients' own features: exchanged or in-sample ones were not perturbed. */
function withStableColumns({ minIcc, ...plan }: DeepPlan, members: readonly ModelPatient[]): DeepPlan {
  return minIcc === undefined
    ? plan
    : { ...plan, spec: plan.specOf(stableColumns(members, plan.anyOf, minIcc)) };
}

async function inSampleFigures(
  members: readonly ControlPatient[],
  outOfFold: (rows: readonly ModelPatient[]) => Promise<Figures>,
  fitAll: (rows: readonly ModelPatient[]) => Promise<FittedModel>,
): Promise<ModelControls["inSample"]> {
  const seen = members.flatMap((member) =>
    member.seen === null ? [] : [{ ...member, versions: [member.seen] }],
  );
  const fixed = await fitAll(seen);
  const { predictions } = predictModel(
    fixed,
    seen.map(({ versions }) => versions[0]),
  );
  return { seenByNetwork: await outOfFold(seen), seenByBoth: measure(predictions, seen) };
}

function measure(scores: ArrayLike<number | null>, members: readonly ModelPatient[]): Figures {
  return measureBurden(
    scores,
    members.map(({ outcome }) => outcome),
  );
}

/** The outcomes of the patients who have one, in another order; the others stay without. */
function permuteOutcomes(members: readonly ModelPatient[], key: RandomKey): ModelPatient[] {
  const known = members.filter(({ outcome }) => outcome.pcr !== null);
  const outcomes = new RandomStream(key).shuffled(known.map(({ outcome }) => outcome));
  const other = new Map(known.map(({ id }, i) => [id, outcomes[i]]));
  return members.map((member) => ({ ...member, outcome: other.get(member.id) ?? member.outcome }));
}

/** Patients next to each other in volume, among whom features are exchanged. */
const MATCHED = 5;

/** Deep features from another of the patients with the most similar volume after chemotherapy, then before it. */
function exchangeFeatures(
  members: readonly ModelPatient[],
  columns: readonly string[],
  volume: readonly string[],
  key: RandomKey,
): ModelPatient[] {
  const volumeOf = ({ versions: [row] }: ModelPatient, column: string) => Number(row[column] ?? Number.NaN);
  const byVolume = members
    .filter((member) => volume.every((column) => Number.isFinite(volumeOf(member, column))))
    .sort((a, b) =>
      volume.reduceRight((order, column) => order || volumeOf(a, column) - volumeOf(b, column), 0),
    );
  const random = new RandomStream(key);
  const donorOf = new Map<string, ModelPatient>();
  for (let first = 0; first < byVolume.length; first += MATCHED) {
    const group = byVolume.slice(first, first + MATCHED);
    const donors = random.shuffled(group);
    group.forEach(({ id }, i) => {
      donorOf.set(id, donors[i]);
    });
  }
  return members.map((member) => {
    const donor = donorOf.get(member.id) ?? member;
    const given = Object.fromEntries(columns.map((column) => [column, donor.versions[0][column]]));
    return { ...member, versions: [{ ...member.versions[0], ...given }] };
  });
}

function volumeCorrelations(
  name: string,
  patients: readonly ModelPatient[],
  volume: readonly string[],
  predictions: ControlRequest["predictions"],
): VolumeCorrelation[] {
  return (["train", "test"] as const).flatMap((set) =>
    volume.flatMap((column): VolumeCorrelation[] => {
      const pairs = patients.flatMap(({ set: own, versions }, i): [number, number][] => {
        const score = predictions[name][i];
        const value = versions[0][column];
        return own === set && score !== null && typeof value === "number" ? [[score, value]] : [];
      });
      if (pairs.length === 0) return [];
      const found = spearman(
        pairs.map(([score]) => score),
        pairs.map(([, value]) => value),
      );
      return [{ set, column, n: pairs.length, rho: found?.rho ?? null }];
    }),
  );
}

function distributionOf(figures: readonly Figures[], observed: Figures): ControlDistribution {
  const over = (reduce: (values: readonly number[], seen: number) => number): Figures => {
    const of = (name: keyof Figures) => {
      const values = figures.flatMap((figure) => figure[name] ?? []).sort((a, b) => a - b);
      const seen = observed[name];
      return values.length === 0 || seen === null ? null : reduce(values, seen);
    };
    return { pcr: of("pcr"), "rcb-auc": of("rcb-auc"), spearman: of("spearman") };
  };
  return {
    repeats: figures.length,
    mean: over((values) => values.reduce((sum, value) => sum + value, 0) / values.length),
    low: over((values) => values[Math.floor(0.025 * values.length)]),
    high: over((values) => values[Math.ceil(0.975 * values.length) - 1]),
    p: over((values, seen) => (1 + values.filter((value) => value >= seen).length) / (1 + values.length)),
  };
}

/** What a reader should know without looking for it. */
function describe(name: string, { outOfFold, volume, inSample }: ModelControls): Issue[] {
  const issues: Issue[] = [];
  const known = volume.filter(({ rho }) => rho !== null);
  if (known.length > 0) {
    const each = known.map(({ set, column, rho, n }) => `${rho!.toFixed(2)} with ${column} (${set}, n ${n})`);
    issues.push({
      code: "deep-volume-correlation",
      severity: "info",
      subject: name,
      message: `Spearman's correlation of the predictions with tumour volume: ${each.join(", ")}.`,
    });
  }
  if (inSample !== null) {
    const gaps = (["pcr", "rcb-auc", "spearman"] as const).flatMap((figure) => {
      const [honest, network, both] = [outOfFold, inSample.seenByNetwork, inSample.seenByBoth].map(
        (figures) => figures[figure],
      );
      if (honest === null || network === null || both === null) return [];
      return [`${figure} ${honest.toFixed(3)}, ${network.toFixed(3)}, ${both.toFixed(3)}`];
    });
    issues.push({
      code: "in-sample-gap",
      severity: "info",
      subject: name,
      message: `Training patients out of fold, with networks that have seen them, and with forests too that have: ${gaps.join("; ")}. Only the first is an estimate for new patients.`,
    });
  }
  return issues;
}
