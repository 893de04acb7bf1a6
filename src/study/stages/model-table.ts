/** From what the networks found in each examination to the rows that outcome models look at. */
import type { ClinicalValue, Cohort, Patient } from "../../domain/cohort.ts";
import { withChanges } from "../change-columns.ts";
import type { ControlPatient } from "../controls.ts";
import type { ImageColumns } from "../model-plans.ts";
import { type NetworkKind, VOLUME_COLUMNS } from "../schema.ts";
import type { AppliedExamination, AppliedPatient } from "./examinations.ts";
import type { PatientFolds } from "./folds.ts";

/** Per network, what it found for each patient. */
export type AppliedNetworks = ReadonlyMap<NetworkKind, ReadonlyMap<string, AppliedPatient>>;

export interface ModelTable {
  readonly patients: readonly ControlPatient[];
  readonly imageColumns: ImageColumns;
}

type Row = Record<string, ClinicalValue>;

export interface ModelTableRequest {
  readonly cohort: Cohort;
  readonly folds: PatientFolds;
  readonly applied: AppliedNetworks;
  /** What networks found that have seen the patient; empty where that was not asked for. */
  readonly seen: AppliedNetworks;
  /** Columns that are the change between two others. */
  readonly changes: readonly string[];
}

/** Joins clinical values, volumes and deep features: one row per patient and network that gave the features. */
export function modelTable({ cohort, folds, applied, seen, changes }: ModelTableRequest): ModelTable {
  const deep: Record<string, readonly string[]> = {};
  const patients = cohort.patients.map((patient): ControlPatient => {
    const versions: Row[] = [];
    for (const [kind, byPatient] of applied) {
      const examinations = byPatient.get(patient.id)?.examinations ?? [];
      const rows = deepRows(kind, examinations);
      deep[kind] ??= [];
      if (rows.length > 0) deep[kind] = Object.keys(rows[0]);
      rows.forEach((row, version) => {
        versions[version] = { ...versions[version], ...row };
      });
    }
    return {
      id: patient.id,
      set: patient.set,
      outcome: patient.outcome,
      folds: folds.get(patient.id) ?? [],
      versions: withClinical(patient, versions, applied).map((row) => withChanges(row, changes)),
      seen: seenRow(patient, seen),
    };
  });
  return { patients, imageColumns: { volume: VOLUME_COLUMNS, deep } };
}

/** The deep features by networks that have seen the patient; null unless each network gave them. */
function seenRow({ id }: Patient, seen: AppliedNetworks): Row | null {
  const rows = [...seen].map(([kind, byPatient]) =>
    deepRows(kind, byPatient.get(id)?.examinations ?? []).at(0),
  );
  if (rows.length === 0 || rows.includes(undefined)) return null;
  return Object.assign({}, ...rows);
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

/** `nnunet.pre.tumour.mean.c000`, `nnunet.post.…` and their difference `nnunet.change.…`; none unless both visits are there. */
function deepRows(kind: NetworkKind, examinations: readonly AppliedExamination[]): Row[] {
  const pre = examinations.find(({ visit }) => visit === "pre")?.features;
  const post = examinations.find(({ visit }) => visit === "post")?.features;
  if (pre === undefined || post === undefined) return [];
  return pre.rows.map((before, network) => {
    const after = post.rows[network];
    const row: Row = {};
    pre.columns.forEach((column, i) => {
      row[`${kind}.pre.${column}`] = before[i];
    });
    pre.columns.forEach((column, i) => {
      row[`${kind}.post.${column}`] = after[i];
    });
    pre.columns.forEach((column, i) => {
      const [a, b] = [before[i], after[i]];
      row[`${kind}.change.${column}`] = a === null || b === null ? null : b - a;
    });
    return row;
  });
}
