/** From what the networks found in each examination to the rows that outcome models look at. */
import type { ClinicalValue, Cohort, Patient } from "../../domain/cohort.ts";
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
      fold: foldOf.get(patient.id) ?? null,
      versions: withClinical(patient, versions, applied),
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
