/** Which row of a hospital's table is of which patient. */
import { DataError } from "../../domain/errors.ts";
import type { KnownPatient } from "../../io/deidentification/identities.ts";

/** By what a table may know patients, in words for messages. */
export const KEYS = {
  sourceIds: "PatientID of the DICOM files",
  folders: "names or numbers of the patients at the source",
  studyId: "study identifiers",
} as const;
export type KeyKind = keyof typeof KEYS;

export interface KeyedRows {
  readonly by: KeyKind;
  /** For each row the patient it is of; undefined where it is of none, or where several rows are of one patient. */
  readonly patients: readonly (KnownPatient | undefined)[];
  /** Indices of rows that no patient, or more than one, is known by. */
  readonly unmatched: readonly number[];
  /** Indices of rows of patients who have several. */
  readonly repeated: readonly number[];
}

/**
 * Keys rows by the kind of identifier that matches most of them. Kinds are not mixed: a row that only another kind matches may be of another
 * patient, whose folder happens to have that number.
 *
 * @param ids one per row, as the table has them; null where it has none.
 * @throws {DataError} `clinical-unmatched` where no row is of a patient, `clinical-ambiguous` where two kinds match as many rows but lead to
 *   different patients. Neither names an identifier.
 */
export function keyRows(
  ids: readonly (string | null)[],
  known: readonly KnownPatient[],
  file: string,
): KeyedRows {
  const [best, ...others] = (Object.keys(KEYS) as KeyKind[])
    .map((by) => ({ by, patients: matched(ids, known, by) }))
    .map((one) => ({ ...one, count: one.patients.filter((patient) => patient !== undefined).length }))
    .sort((a, b) => b.count - a.count);
  if (best.count === 0) {
    throw new DataError("clinical-unmatched", {
      file,
      found: `none of ${ids.length} rows is of a patient that was ingested`,
      expected: `a column of ${Object.values(KEYS).join(", or of ")}`,
      remedy: "Name that column with --id.",
    });
  }
  const rival = others.find(
    ({ count, patients }) =>
      count === best.count &&
      patients.some((patient, row) => patient?.studyId !== best.patients[row]?.studyId),
  );
  if (rival !== undefined) {
    throw new DataError("clinical-ambiguous", {
      file,
      found: `${best.count} rows that are matched by ${KEYS[best.by]} and as many by ${KEYS[rival.by]}, which lead to different patients`,
      expected: "identifiers of one kind",
      remedy: "Add a column with the PatientIDs of the DICOM files and name it with --id.",
    });
  }
  const rowsOf = new Map<string, number>();
  for (const patient of best.patients) {
    if (patient !== undefined) rowsOf.set(patient.studyId, (rowsOf.get(patient.studyId) ?? 0) + 1);
  }
  const isRepeated = (patient: KnownPatient | undefined) => (rowsOf.get(patient?.studyId ?? "") ?? 0) > 1;
  const rows = [...ids.keys()];
  return {
    by: best.by,
    patients: best.patients.map((patient) => (isRepeated(patient) ? undefined : patient)),
    unmatched: rows.filter((row) => best.patients[row] === undefined),
    repeated: rows.filter((row) => isRepeated(best.patients[row])),
  };
}

/** The patient of each row by one kind of identifier: as it is written, else without regard to case and leading zeros, which spreadsheets lose. */
function matched(
  ids: readonly (string | null)[],
  known: readonly KnownPatient[],
  by: KeyKind,
): (KnownPatient | undefined)[] {
  const exact = patientsBy(known, by, (id) => id.trim());
  const loose = patientsBy(known, by, looseForm);
  return ids.map((id) => {
    if (id === null) return undefined;
    const candidates = exact.get(id.trim()) ?? loose.get(looseForm(id)) ?? [];
    return candidates.length === 1 ? candidates[0] : undefined;
  });
}

function patientsBy(
  known: readonly KnownPatient[],
  by: KeyKind,
  form: (id: string) => string,
): Map<string, KnownPatient[]> {
  const found = new Map<string, KnownPatient[]>();
  for (const patient of known) {
    for (const id of new Set([patient[by]].flat().map(form)))
      found.set(id, [...(found.get(id) ?? []), patient]);
  }
  return found;
}

function looseForm(id: string): string {
  return id
    .trim()
    .toLowerCase()
    .replace(/^0+(?=.)/, "");
}
