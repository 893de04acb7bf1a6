/** From the clinical table and the image folders to the cohort of a study. */
import path from "node:path";
import type { ClinicalValue, Cohort, ExaminationRecord, Patient, StudySet } from "../domain/cohort.ts";
import { DataError } from "../domain/errors.ts";
import type { Issue, WithIssues } from "../domain/issues.ts";
import { suggestName } from "../domain/suggestion.ts";
import { readNativeCohort } from "../io/layouts/native.ts";
import { joinTables } from "../io/tables/join.ts";
import { readTable } from "../io/tables/read.ts";
import type { Table } from "../io/tables/table.ts";
import { sourceColumns } from "./change-columns.ts";
import { readOutcome } from "./outcome.ts";
import { IMAGE_COLUMNS, needsImages, type StudyConfig, VOLUME_COLUMNS } from "./schema.ts";
import type { StudyFile } from "./study-file.ts";

/**
 * Reads the patients of a study. A patient whose row cannot be used becomes an issue; the others go on.
 *
 * @throws {DataError} where a table or a named column is missing, or no patient is left.
 */
export async function readStudyCohort({ config, folder }: StudyFile): Promise<WithIssues<Cohort>> {
  const root = path.resolve(folder, config.cohort.path);
  const issues: Issue[] = [];
  const table = await readClinicalTable(root, config, issues);
  requireColumns(table, config);
  const records = needsImages(config) ? await readRecords(root, issues) : [];
  const patients: Patient[] = [];
  for (const row of requireValues(table, config, issues)) {
    const patient = readPatient(row, config, records, issues);
    if (patient !== undefined) patients.push(patient);
  }
  reportMissingOutcomes(patients, issues);
  if (needsImages(config)) reportMissingVisits(patients, issues);
  if (!patients.some((patient) => patient.set === "train")) {
    throw new DataError("cohort-empty", {
      file: table.file,
      found: "no patient to train on",
      expected: "at least one row with an identifier in the training set",
      remedy: "Check cohort.id and cohort.split in the study file.",
    });
  }
  return { value: { name: config.name, patients }, issues };
}

async function readClinicalTable(root: string, config: StudyConfig, issues: Issue[]): Promise<Table> {
  const { id, table } = config.cohort;
  const tables: Table[] = [];
  for (const entry of Array.isArray(table) ? table : [table]) {
    const { file: name, sheet, id: own = id } = typeof entry === "string" ? { file: entry } : entry;
    const file = path.resolve(root, name);
    const read = await readTable(file, { textColumns: [own], ...(sheet === undefined ? {} : { sheet }) });
    if (!read.columns.includes(own)) {
      throw new DataError("column-unknown", {
        file,
        found: `no column "${own}" (${own === id ? "cohort.id" : "cohort.table"})`,
        remedy: suggestName(own, read.columns),
      });
    }
    tables.push(leaveOutDuplicates(withIdentifier(read, own, id), id, issues));
  }
  const joined = tables.length === 1 ? tables[0] : joinTables(tables, id);
  issues.push(...joined.issues);
  return joined;
}

/** The table with its own identifier column named as the cohort's is. */
function withIdentifier(table: Table, own: string, id: string): Table {
  if (own === id) return table;
  if (table.columns.includes(id)) {
    throw new DataError("table-conflict", {
      file: table.file,
      found: `both "${own}" and "${id}", where the first is to be named as the second`,
      remedy: `Leave out cohort.table.id, or rename the column "${id}".`,
    });
  }
  const rows = table.rows.map(({ [own]: value, ...others }) => ({ [id]: value ?? null, ...others }));
  return { ...table, rows, columns: table.columns.map((column) => (column === own ? id : column)) };
}

/** Rows without an identifier and all rows of an identifier that stands twice are left out: which is right cannot be known. */
function leaveOutDuplicates(table: Table, id: string, issues: Issue[]): Table {
  const counts = new Map<string, number>();
  for (const row of table.rows) {
    const patientId = String(row[id] ?? "");
    counts.set(patientId, (counts.get(patientId) ?? 0) + 1);
  }
  const file = path.basename(table.file);
  for (const [patientId, count] of counts) {
    if (patientId === "") {
      issues.push({
        code: "patients-unnamed",
        severity: "error",
        file,
        message: `${count} rows without a value in "${id}" were left out. Give each patient an identifier.`,
      });
    } else if (count > 1) {
      issues.push({
        code: "patients-duplicate",
        severity: "error",
        subject: patientId,
        file,
        message: `${count} rows for one patient, where one is expected; the patient was left out. Keep the right row.`,
      });
    }
  }
  const rows = table.rows.filter((row) => row[id] !== null && counts.get(String(row[id])) === 1);
  return { ...table, rows };
}

/** Columns that the study file names, with the place where it names them. */
function namedColumns(config: StudyConfig): [place: string, column: string][] {
  const { cohort, outcome, subtype, models, networks } = config;
  const named: [string, string | undefined][] = [
    ["cohort.split.column", cohort.split?.column],
    ["cohort.centre", cohort.centre],
    ...(cohort.require ?? []).map((column): [string, string] => ["cohort.require", column]),
    ["outcome.rcb", outcome.rcb],
    ["outcome.rcbClass", outcome.rcbClass],
    ["outcome.pcr", outcome.pcr],
    ["images.laterality", config.images.laterality],
    ...Object.entries(outcome.components ?? {}).map(([key, column]): [string, string] => [
      `outcome.components.${key}`,
      column,
    ]),
    ...Object.entries(subtype ?? {}).map(([key, column]): [string, string] => [`subtype.${key}`, column]),
  ];
  const made: readonly string[] = [
    ...(subtype === undefined ? [] : ["subtype"]),
    ...(networks.length === 0 ? [] : VOLUME_COLUMNS),
    ...(needsImages(config) ? IMAGE_COLUMNS : []),
  ];
  for (const model of models) {
    if (typeof model === "object" && "columns" in model) {
      for (const column of model.columns.flatMap(sourceColumns))
        if (!made.includes(column)) named.push([`model "${model.name}"`, column]);
    }
  }
  for (const column of config.comparison.subgroups)
    if (!made.includes(column)) named.push(["comparison.subgroups", column]);
  for (const column of config.comparison.missing?.covariates ?? [])
    if (!made.includes(column)) named.push(["comparison.missing.covariates", column]);
  return named.filter((entry): entry is [string, string] => entry[1] !== undefined);
}

function requireColumns(table: Table, config: StudyConfig): void {
  const missing = namedColumns(config).filter(([, column]) => !table.columns.includes(column));
  if (missing.length === 0) return;
  throw new DataError("column-unknown", {
    file: table.file,
    found: missing.map(([place, column]) => `no column "${column}" (${place})`).join("; "),
    remedy: suggestName(missing[0][1], table.columns),
  });
}

/** The rows that have a value in every required column; how many have not is told. */
function requireValues(table: Table, { cohort }: StudyConfig, issues: Issue[]): Table["rows"] {
  const required = cohort.require ?? [];
  const rows = table.rows.filter((row) => required.every((column) => row[column] !== null));
  if (rows.length < table.rows.length) {
    issues.push({
      code: "patients-incomplete",
      severity: "info",
      message: `${table.rows.length - rows.length} of ${table.rows.length} patients lack a value of ${required.join(", ")}, which the study requires, and are not in it.`,
    });
  }
  return rows;
}

async function readRecords(root: string, issues: Issue[]): Promise<readonly ExaminationRecord[]> {
  const { examinations, issues: found } = await readNativeCohort(root);
  issues.push(...found);
  return examinations;
}

/** Images and results of a patient lie in folders of this name; a path would lead out of them. */
const FOLDER_NAME = /^[^./\\:][^/\\:]*$/;

function readPatient(
  row: Readonly<Record<string, ClinicalValue>>,
  config: StudyConfig,
  records: readonly ExaminationRecord[],
  issues: Issue[],
): Patient | undefined {
  const id = String(row[config.cohort.id]);
  const set = readSet(row, config, id, issues);
  if (set === undefined) return undefined;
  if (needsImages(config) && !FOLDER_NAME.test(id)) {
    issues.push({
      code: "patient-name",
      severity: "error",
      subject: id,
      message:
        "The identifier cannot name the patient's folder, where one without slashes, colons or a leading dot is expected; the patient was left out. Rename the patient.",
    });
    return undefined;
  }
  const outcome = readOutcome(row, config.outcome, id);
  issues.push(...outcome.issues);
  return {
    id,
    set,
    clinical: withSubtype(row, config),
    outcome: outcome.value,
    examinations: records.filter((record) => record.patientId === id),
  };
}

function readSet(
  row: Readonly<Record<string, ClinicalValue>>,
  config: StudyConfig,
  id: string,
  issues: Issue[],
): StudySet | undefined {
  const { split } = config.cohort;
  if (split === undefined) return "train";
  const value = String(row[split.column] ?? "");
  if (value === split.train) return "train";
  if (value === split.test) return "test";
  issues.push({
    code: "set-unknown",
    severity: "error",
    subject: id,
    message: `"${value}" in "${split.column}", where "${split.train}" or "${split.test}" is expected; the patient was left out.`,
  });
  return undefined;
}

/** The clinical values with `subtype`, one categorical value: the named column, or receptor status as HR±/HER2±. */
export function withSubtype(
  row: Readonly<Record<string, ClinicalValue>>,
  { subtype }: Pick<StudyConfig, "subtype">,
): Readonly<Record<string, ClinicalValue>> {
  if (subtype === undefined) return row;
  const columns = "column" in subtype ? [subtype.column] : [subtype.hr, subtype.her2];
  const values = columns.map((column) => row[column] ?? null);
  if (values.includes(null)) return { ...row, subtype: null };
  return { ...row, subtype: values.length === 1 ? String(values[0]) : `HR ${values[0]} HER2 ${values[1]}` };
}

function reportMissingOutcomes(patients: readonly Patient[], issues: Issue[]): void {
  for (const { id, outcome } of patients) {
    if (outcome.pcr !== null) continue;
    issues.push({
      code: "outcome-missing",
      severity: "warning",
      subject: id,
      message:
        "No outcome of pathology; the patient takes no part in fitting or measuring outcome models. Fill in the outcome if it is known.",
    });
  }
}

function reportMissingVisits(patients: readonly Patient[], issues: Issue[]): void {
  for (const { id, examinations } of patients) {
    const missing = ["pre", "post"].filter((visit) => !examinations.some((record) => record.visit === visit));
    if (missing.length === 0) continue;
    issues.push({
      code: "visit-missing",
      severity: "warning",
      subject: id,
      message: `No readable ${missing.join(" and no ")} examination, where pre and post are expected; models that need it leave the patient out.`,
    });
  }
}
