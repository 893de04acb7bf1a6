/** `residua ingest --clinical`: a hospital's table, keyed by study identifiers and de-identified as the images are. */
import path from "node:path";
import type { ClinicalValue } from "../../domain/cohort.ts";
import { DataError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import { type ColumnTreatment, treatColumn } from "../../io/deidentification/clinical-columns.ts";
import { shiftedDay } from "../../io/deidentification/dates.ts";
import { type KnownPatient, openIdentities } from "../../io/deidentification/identities.ts";
import { readDate } from "../../io/deidentification/written-dates.ts";
import { foldersIn } from "../../io/folders.ts";
import { readRows } from "../../io/tables/read.ts";
import { type RawRow, requireColumn, type Table, type TableRow, tableOfRows } from "../../io/tables/table.ts";
import { writeCsv } from "../../io/tables/write.ts";
import { KEYS, keyRows } from "./clinical-rows.ts";

export interface ClinicalRequest {
  /** CSV, TSV or XLSX with one row per patient. */
  readonly table: string;
  readonly sheet?: string;
  /** Column by which the hospital knows the patients. */
  readonly id: string;
  /** Columns that the user vouches for: they are kept as they are. */
  readonly keep: readonly string[];
}

/** What the files of an examination tell: whether a text holds an identifying value, by the study identifier of the patient. */
export type Revealing = ReadonlyMap<string, readonly ((text: string) => boolean)[]>;

const ID = "patient_id";

export interface HospitalTable {
  readonly table: Table;
  /** Rows below the header as the file holds them, by column. */
  readonly cells: (column: string) => readonly RawRow["cells"][number][];
  /** Line of each row. */
  readonly lines: readonly number[];
  readonly request: ClinicalRequest;
}

/**
 * Reads the table before any image, so that a wrong column costs no time.
 *
 * @throws {DataError} as {@link readRows} and {@link tableOfRows}; `clinical-header`, `table-column-missing`.
 */
export async function readHospitalTable(request: ClinicalRequest): Promise<HospitalTable> {
  const { table: file, sheet, id, keep } = request;
  const { rows, issues } = await readRows(file, sheet);
  refuseNoHeader(rows, file);
  const table = tableOfRows(rows, file, [id], issues);
  for (const column of [id, ...keep]) requireColumn(table, column);
  const [header, ...body] = rows;
  const names = header.cells.map((cell) => String(cell ?? "").trim());
  return {
    table,
    cells: (column) => body.map((row) => row.cells[names.indexOf(column)]),
    lines: body.map(({ line }) => line),
    request,
  };
}

/** Names of columns are printed, so that a patient's row must not be taken for them. */
function refuseNoHeader([header]: readonly RawRow[], file: string): void {
  const cells = header?.cells ?? [];
  if (
    !cells.some(
      (cell) => typeof cell === "number" || /^[\d.,\s-]+$/.test(cell ?? "") || readDate(cell) !== undefined,
    )
  )
    return;
  throw new DataError("clinical-header", {
    file,
    found: "numbers or dates in the first row",
    expected: "names of the columns there",
    remedy: "Put a row with a name for each column at the top.",
  });
}

/**
 * Writes `clinical.csv` of a cohort. Columns that identify are left out, dates are moved by the patient's own days, so that they agree with
 * `studyDateShifted` of her examinations, and rows follow the order of the study identifiers, since that of the table may be by name.
 *
 * @param identities table of identities; `off` where patients are called as at the source, so that columns are kept as they are.
 * @returns issues, which name columns, lines and counts but no identifier.
 * @throws {DataError} as {@link keyRows}.
 */
export async function writeClinical(
  folder: string,
  { table, cells, lines, request }: HospitalTable,
  identities: string | "off",
  revealing: Revealing,
): Promise<Issue[]> {
  const { id, keep } = request;
  const ids = table.rows.map((row) => (row[id] === null ? null : String(row[id])));
  const studyIds = await foldersIn(path.join(folder, "images"));
  const patients = await knownPatients(studyIds, identities);
  const keyed = keyRows(ids, patients, table.file);
  const others = table.columns.filter((column) => column !== id);
  const treatments = new Map(
    others.map((column): [string, ColumnTreatment] => {
      // No other column may take the name of the identifier.
      if (column === ID)
        return [column, { kind: "leave-out", why: "it has the name of the study identifier" }];
      if (identities === "off" || keep.includes(column)) return [column, { kind: "keep" }];
      const shows = (text: string, row: number) => reveals(text, keyed.patients[row], revealing);
      return [column, treatColumn(column, cells(column), shows)];
    }),
  );
  const columns = others.filter((column) => treatments.get(column)?.kind !== "leave-out");
  const rows = keyed.patients.flatMap((patient, row) =>
    patient === undefined ? [] : [rowOf(patient, table, row, columns, treatments)],
  );
  const order = (row: TableRow) => studyIds.indexOf(String(row[ID]));
  rows.sort((a, b) => order(a) - order(b));
  await writeCsv(path.join(folder, "clinical.csv"), [ID, ...columns], rows);
  return [...table.issues, ...rowIssues(keyed, lines, studyIds.length), ...columnIssues(treatments)];
}

function rowOf(
  { studyId, shiftDays }: KnownPatient,
  table: Table,
  row: number,
  columns: readonly string[],
  treatments: ReadonlyMap<string, ColumnTreatment>,
): TableRow {
  const values = columns.map((column): [string, ClinicalValue] => {
    const treatment = treatments.get(column);
    if (treatment?.kind !== "dates") return [column, table.rows[row][column]];
    return [column, shiftedDay(treatment.days[row] ?? "", shiftDays) ?? null];
  });
  return { [ID]: studyId, ...Object.fromEntries(values) };
}

/** Patients with images in the cohort. One whom the table of identities does not know has no row: nobody knows how to move her dates. */
async function knownPatients(
  studyIds: readonly string[],
  identities: string | "off",
): Promise<KnownPatient[]> {
  if (identities !== "off") {
    return (await openIdentities(identities)).known().filter(({ studyId }) => studyIds.includes(studyId));
  }
  // The tables of I-SPY have the number of ISPY2-100899 alone.
  return studyIds.map((studyId) => ({
    studyId,
    shiftDays: 0,
    sourceIds: [],
    folders: /\d+$/.exec(studyId) ?? [],
  }));
}

/** Shorter identifiers are met by chance among measurements. */
const SHORTEST_IDENTIFIER = 5;

function reveals(text: string, patient: KnownPatient | undefined, revealing: Revealing): boolean {
  if (patient === undefined) return false;
  const { sourceIds, folders, studyId } = patient;
  const own = [...sourceIds, ...folders].filter((id) => id.length >= SHORTEST_IDENTIFIER && id !== studyId);
  if (own.some((id) => text.toLowerCase().includes(id.toLowerCase()))) return true;
  // Numbers of the files, such as a date of birth's, are met among measurements too.
  return /\p{L}/u.test(text) && (revealing.get(studyId) ?? []).some((holds) => holds(text));
}

function rowIssues(
  { by, patients, unmatched, repeated }: ReturnType<typeof keyRows>,
  lines: readonly number[],
  withImages: number,
): Issue[] {
  const written = patients.filter((patient) => patient !== undefined);
  const without = withImages - written.length;
  const issues: Issue[] = [
    {
      code: "clinical-keyed",
      severity: "info",
      message: `${written.length} of ${lines.length} rows are keyed to study identifiers by ${KEYS[by]}.`,
    },
  ];
  const report = (code: string, severity: Issue["severity"], message: string) =>
    issues.push({ code, severity, message });
  if (unmatched.length > 0) {
    report(
      "clinical-rows-unmatched",
      "warning",
      `${unmatched.length} rows are of nobody with images in the cohort and were left out (${linesOf(unmatched, lines)}).`,
    );
  }
  if (repeated.length > 0) {
    report(
      "clinical-rows-repeated",
      "error",
      `${repeated.length} rows are of patients who have several and were left out (${linesOf(repeated, lines)}). Give each patient one row.`,
    );
  }
  if (without > 0) {
    report(
      "clinical-patients-missing",
      "warning",
      `${without} patients with images have no row in clinical.csv.`,
    );
  }
  return issues;
}

const MOST_LINES = 8;

function linesOf(rows: readonly number[], lines: readonly number[]): string {
  const shown = rows.slice(0, MOST_LINES).map((row) => lines[row]);
  return `${rows.length === 1 ? "line" : "lines"} ${shown.join(", ")}${rows.length > MOST_LINES ? ", …" : ""}`;
}

function columnIssues(treatments: ReadonlyMap<string, ColumnTreatment>): Issue[] {
  const issues: Issue[] = [];
  const leftOut = new Map<string, string[]>();
  const moved: string[] = [];
  for (const [column, treatment] of treatments) {
    if (treatment.kind === "leave-out") {
      leftOut.set(treatment.why, [...(leftOut.get(treatment.why) ?? []), `"${column}"`]);
    }
    if (treatment.kind !== "dates") continue;
    moved.push(`"${column}"`);
    if (treatment.unread === 0) continue;
    issues.push({
      code: "clinical-dates-unread",
      severity: "warning",
      message: `${treatment.unread} cells of the column "${column}" hold no date that can be read; they are empty now.`,
    });
  }
  if (leftOut.size > 0) {
    const reasons = [...leftOut].map(([why, columns]) => `${columns.join(", ")} (${why})`);
    issues.push({
      code: "clinical-columns-left-out",
      severity: "warning",
      message: `Columns were left out: ${reasons.join("; ")}. Those that identify nobody are kept with --keep-columns.`,
    });
  }
  if (moved.length > 0) {
    issues.push({
      code: "clinical-dates-moved",
      severity: "info",
      message: `Dates were moved by each patient's own number of days, as those of the images: ${moved.join(", ")}.`,
    });
  }
  return issues;
}
