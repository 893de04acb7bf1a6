/** `residua ingest --visits`: which visit an examination is. */
import { DataError } from "../../domain/errors.ts";
import { readDates } from "../../io/deidentification/written-dates.ts";
import { readTable } from "../../io/tables/read.ts";
import { requireColumn, type TableRow } from "../../io/tables/table.ts";

/** A row; it names the study of a patient by its UID, else by its day. */
interface NamedVisit {
  readonly patientId: string | undefined;
  readonly uid: string | undefined;
  /** YYYYMMDD. */
  readonly day: string | undefined;
  /** Null for a study that is to be left out. */
  readonly visit: string | null;
}

export interface StudyKey {
  readonly patientId: string;
  readonly uid: string;
  readonly day: string | undefined;
}

/** What the user says of visits. */
export class VisitTable {
  readonly #rows: readonly NamedVisit[];
  readonly #patients: ReadonlySet<string>;

  constructor(rows: readonly NamedVisit[]) {
    this.#rows = rows;
    this.#patients = new Set(rows.flatMap(({ patientId }) => patientId ?? []));
  }

  /** The visit of a study, null where it is to be left out, undefined where no row names it. */
  visitOf(study: StudyKey): string | null | undefined {
    return this.#rowOf(study)?.visit;
  }

  /** Whether the table is about a patient: then it names all examinations that count. */
  names(patientId: string): boolean {
    return this.#patients.has(patientId);
  }

  /** How many rows name none of these studies. */
  unmatched(studies: readonly StudyKey[]): number {
    const matched = new Set(studies.map((study) => this.#rowOf(study)));
    return this.#rows.filter((row) => !matched.has(row)).length;
  }

  /** A row with the study's UID comes before one with its day. */
  #rowOf({ patientId, uid, day }: StudyKey): NamedVisit | undefined {
    const own = this.#rows.filter((row) => row.patientId === undefined || row.patientId === patientId);
    return (
      own.find((one) => one.uid === uid) ??
      own.find((one) => one.uid === undefined && one.day !== undefined && one.day === day)
    );
  }
}

/** No table: nothing is said. */
export const NO_VISITS = new VisitTable([]);

const COLUMNS = ["patient_id", "study_uid", "study_date", "visit"] as const;

/**
 * Reads a table with the columns `visit` and `study_uid`, or `visit`, `patient_id` (PatientID of the files) and `study_date`, or all of them.
 *
 * @throws {DataError} as {@link readTable}, `table-column-missing`, and `visits-table` naming the first row that names no study.
 */
export async function readVisitTable(file: string): Promise<VisitTable> {
  const table = await readTable(file, { textColumns: COLUMNS });
  requireColumn(table, "visit");
  const dates = readDates(table.rows.map(({ study_date }) => study_date ?? null));
  return new VisitTable(
    table.rows.map((row, i) => namedVisit(row, dates?.days[i] ?? undefined, `${file}: row ${i + 1}`)),
  );
}

function namedVisit(row: TableRow, day: string | undefined, place: string): NamedVisit {
  const text = (column: (typeof COLUMNS)[number]) => {
    const value = row[column] ?? null;
    return value === null || String(value).trim() === "" ? undefined : String(value).trim();
  };
  const [patientId, uid, date] = [text("patient_id"), text("study_uid"), text("study_date")];
  // Values of the row are identifiers and must not be shown.
  const found =
    date !== undefined && day === undefined
      ? "a study_date whose day and month are not clear"
      : uid === undefined && (patientId === undefined || day === undefined)
        ? "neither a study_uid nor a patient_id with a study_date"
        : undefined;
  if (found === undefined) return { patientId, uid, day, visit: text("visit") ?? null };
  throw new DataError("visits-table", {
    found: `${place} below the header has ${found}`,
    expected: "patient_id, study_date as YYYY-MM-DD or study_uid, and visit",
    remedy: "Correct the row.",
  });
}
