/**
 * Duke-Breast-Cancer-MRI (TCIA; Saha 2018, Br J Cancer 119:508): DICOM per patient, one series per phase (`ax dyn pre`, `ax dyn 1st pass` …, or `ax 3d dyn`,
 * `Ph1ax 3d dyn` …), and a table with three header rows.
 */
import path from "node:path";
import { DataError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import { readDceIn } from "../dicom/dce.ts";
import { filesIn, foldersIn } from "../folders.ts";
import { readRows } from "../tables/read.ts";
import { type RawRow, type Table, tableOfRows } from "../tables/table.ts";
import { readSeriesFolders } from "./series-folders.ts";
import type { SourceCohort, SourceExamination } from "./source-cohort.ts";

const TABLE = /^Clinical_and_Other_Features\.(xlsx|csv)$/i;
const BOXES = /^Annotation_Boxes\.(xlsx|csv)$/i;
const PATIENT = /^Breast_MRI_\d+$/i;
/** The archive's downloads put patients below `manifest-…/Duke-Breast-Cancer-MRI`. */
const DEEPEST = 3;

/** Whether a folder holds patients of this collection. */
export async function isDuke(dir: string): Promise<boolean> {
  return (await layOut(dir)).patients.size > 0;
}

/** Lists the baseline examinations; the clinical table where it lies beside or above them. */
export async function readDuke(dir: string): Promise<SourceCohort> {
  const { patients, files } = await layOut(dir);
  const examinations = [...patients].map(
    ([patientId, folders]): SourceExamination => ({
      patientId,
      visit: "pre",
      async load() {
        const { value: series, issues } = await readDceIn(await readSeriesFolders(folders));
        return { value: { series, source: { layout: "duke" } }, issues };
      },
    }),
  );
  const issues = files.some((file) => BOXES.test(path.basename(file))) ? [boxesLeft()] : [];
  const file = files.find((name) => TABLE.test(path.basename(name)));
  if (file === undefined) return { examinations, issues };
  const clinical = await readDukeTable(file);
  return { examinations, clinical, issues: [...clinical.issues, ...issues] };
}

interface Laid {
  /** Folders of each patient: several where images and segmentations were downloaded one by one. */
  readonly patients: ReadonlyMap<string, readonly [string, ...string[]]>;
  /** Files beside and above the patients. */
  readonly files: readonly string[];
}

async function layOut(dir: string): Promise<Laid> {
  const patients = new Map<string, [string, ...string[]]>();
  const files: string[] = [];
  let level = [dir];
  for (let depth = 0; depth < DEEPEST; depth++) {
    const below: string[] = [];
    for (const folder of level) {
      files.push(...(await filesIn(folder)).map((name) => path.join(folder, name)));
      for (const name of await foldersIn(folder)) {
        const found = patients.get(name);
        if (!PATIENT.test(name)) below.push(path.join(folder, name));
        else if (found === undefined) patients.set(name, [path.join(folder, name)]);
        else found.push(path.join(folder, name));
      }
    }
    level = below;
  }
  return { patients, files };
}

function boxesLeft(): Issue {
  return {
    code: "annotation-boxes",
    severity: "info",
    message:
      "Annotation_Boxes was not used: it names neither the series nor whether voxels are counted from 0 or 1, and in which order slices are. Draw a region for residua kinetics --region instead.",
  };
}

/** Rows above the patients: groups of features, features, and what their values mean. */
const HEADER_ROWS = 3;

/**
 * Reads the table with one name per column: that of the feature, else of its group; a name that stands twice gets its group before it. The
 * identifier becomes `patient_id`. The row that explains the values is left out.
 *
 * @throws {DataError} as the readers of tables; `table-empty` for fewer than three rows of header; `table-columns-duplicate` where groups do not tell
 *   columns apart either.
 */
export async function readDukeTable(file: string): Promise<Table> {
  const { rows, issues } = await readRows(file);
  if (rows.length < HEADER_ROWS) {
    throw new DataError("table-empty", {
      file,
      found: `a table of ${rows.length} rows`,
      expected: `${HEADER_ROWS} rows of header (groups, features, what their values mean) above the patients`,
      remedy: "Download the table again, and keep its header.",
    });
  }
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
