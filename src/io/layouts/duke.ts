/** Duke-Breast-Cancer-MRI (TCIA; Saha 2018, Br J Cancer 119:508): DICOM per patient, and a table with three header rows. */
import path from "node:path";
import { readDceSeries } from "../dicom/dce.ts";
import { filesIn, foldersIn } from "../folders.ts";
import { readRows } from "../tables/read.ts";
import { type RawRow, type Table, tableOfRows } from "../tables/table.ts";
import type { SourceCohort } from "./source-cohort.ts";

const TABLE = /^Clinical_and_Other_Features\.(xlsx|csv)$/i;
const PATIENT = /^Breast_MRI_\d+$/i;

/** Whether a folder holds patients of this collection. */
export async function isDuke(dir: string): Promise<boolean> {
  return (await foldersIn(dir)).some((name) => PATIENT.test(name));
}

/** Lists the baseline examinations; the clinical table where it lies beside them. */
export async function readDuke(dir: string): Promise<SourceCohort> {
  const patients = (await foldersIn(dir)).filter((name) => PATIENT.test(name));
  const examinations = patients.map((patientId) => ({
    patientId,
    visit: "pre",
    async load() {
      const { value: series, issues } = await readDceSeries(path.join(dir, patientId));
      return { value: { series, source: { layout: "duke" } }, issues };
    },
  }));
  const file = (await filesIn(dir)).find((name) => TABLE.test(name));
  if (file === undefined) return { examinations, issues: [] };
  const clinical = await readDukeTable(path.join(dir, file));
  return { examinations, clinical, issues: clinical.issues };
}

/** Rows above the patients: groups of features, features, and what their values mean. */
const HEADER_ROWS = 3;

/**
 * Reads the table with one name per column: that of the feature, else of its group; a name that stands twice gets its group before it. The
 * identifier becomes `patient_id`. The row that explains the values is left out.
 *
 * @throws {DataError} as the readers of tables; `table-columns-duplicate` where groups do not tell columns apart either.
 */
export async function readDukeTable(file: string): Promise<Table> {
  const { rows, issues } = await readRows(file);
  const header = { line: 2, cells: columnNames(rows.slice(0, HEADER_ROWS)) };
  return tableOfRows([header, ...rows.slice(HEADER_ROWS)], file, ["patient_id"], issues);
}

function columnNames([groups, features]: readonly RawRow[]): string[] {
  let group = "";
  const named = features.cells.map((cell, i) => {
    const own = String(groups.cells[i] ?? "").trim();
    // A group's name stands over its first column only.
    if (own !== "") group = own;
    return { group, feature: String(cell ?? "").trim() };
  });
  return named.map(({ group: of, feature }) => {
    if (/^patient id$/i.test(feature === "" ? of : feature)) return "patient_id";
    if (feature === "") return of;
    const twice = named.filter((other) => other.feature === feature).length > 1;
    return twice ? `${of}: ${feature}` : feature;
  });
}
