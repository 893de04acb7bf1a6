/** From what the networks found in each examination to the rows that outcome models look at. */
import type { ClinicalValue, Cohort, Patient } from "../../domain/cohort.ts";
import { featureChange } from "../../features/change.ts";
import type { ImageColumns, ModelPatient } from "../outcome-models.ts";
import { type NetworkKind, VOLUME_COLUMNS } from "../schema.ts";
import type { AppliedExamination, AppliedPatient } from "./examinations.ts";

/** Per network, what it found for each patient. */
export type AppliedNetworks = ReadonlyMap<NetworkKind, ReadonlyMap<string, AppliedPatient>>;

export interface ModelTable {
  readonly patients: readonly ModelPatient[];
  readonly imageColumns: ImageColumns;
}

type Row = Record<string, ClinicalValue>;

/** Joins clinical values, volumes and deep features: one row per patient and network that gave the features. */
export function modelTable(
  cohort: Cohort,
  foldOf: ReadonlyMap<string, number>,
  applied: AppliedNetworks,
): ModelTable {
  const deep: Record<string, readonly string[]> = {};
  const patients = cohort.patients.map((patient): ModelPatient => {
    const versions: Row[] = [];
    const perturbed: Row[] = [];
    for (const [kind, byPatient] of applied) {
      const examinations = byPatient.get(patient.id)?.examinations ?? [];
      const rows = deepRows(kind, examinations);
      deep[kind] ??= [];
      if (rows.length > 0) deep[kind] = Object.keys(rows[0]);
      rows.forEach((row, version) => {
        versions[version] = { ...versions[version], ...row };
      });
      perturbedRows(kind, examinations).forEach((row, perturbation) => {
        perturbed[perturbation] = { ...perturbed[perturbation], ...row };
      });
    }
    return {
      id: patient.id,
      set: patient.set,
      outcome: patient.outcome,
      fold: foldOf.get(patient.id) ?? null,
      versions: withClinical(patient, versions, applied),
      ...(perturbed.length === 0 ? {} : { perturbed }),
    };
  });
  return { patients, imageColumns: { volume: VOLUME_COLUMNS, deep } };
}

function withClinical(patient: Patient, versions: readonly Row[], applied: AppliedNetworks): Row[] {
  const [first] = applied.values();
  const examinations = first?.get(patient.id)?.examinations ?? [];
  const volume = (visit: string) => examinations.find((entry) => entry.visit === visit)?.volumeMl ?? null;
  const shared: Row = { ...patient.clinical };
  if (applied.size > 0) {
    shared["pre.volume_ml"] = volume("pre");
    shared["post.volume_ml"] = volume("post");
  }
  return versions.length === 0 ? [shared] : versions.map((version) => ({ ...version, ...shared }));
}

/** One row per network; none unless both visits are there. */
function deepRows(kind: NetworkKind, examinations: readonly AppliedExamination[]): Row[] {
  const [pre, post] = bothVisits(examinations);
  if (pre === undefined || post === undefined) return [];
  return pre.rows.map((before, network) => deepRow(kind, pre.columns, before, post.rows[network]));
}

/** One row per perturbation, for a patient whom one network has seen; none unless both visits were perturbed. */
function perturbedRows(kind: NetworkKind, examinations: readonly AppliedExamination[]): Row[] {
  const [pre, post] = bothVisits(examinations);
  if (pre?.perturbed === undefined || post?.perturbed === undefined) return [];
  const after = post.perturbed;
  return pre.perturbed.map((before, i) => deepRow(kind, pre.columns, before, after[i]));
}

function bothVisits(examinations: readonly AppliedExamination[]) {
  return ["pre", "post"].map((visit) => examinations.find((entry) => entry.visit === visit)?.features);
}

/** `nnunet.pre.tumour.mean.c000`, `nnunet.post.…` and their difference `nnunet.change.…`. */
function deepRow(
  kind: NetworkKind,
  columns: readonly string[],
  before: readonly (number | null)[],
  after: readonly (number | null)[],
): Row {
  const row: Row = {};
  const visits = { pre: before, post: after, change: featureChange(before, after) };
  for (const [visit, values] of Object.entries(visits)) {
    columns.forEach((column, i) => {
      row[`${kind}.${visit}.${column}`] = values[i];
    });
  }
  return row;
}
