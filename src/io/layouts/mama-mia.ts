/**
 * MAMA-MIA (Garrucho 2025, Sci Data 12:453): baseline examinations as NIfTI.
 *
 *     images/<ID>/<id>_0000.nii.gz (before contrast), _0001 … (after)
 *     segmentations/{expert,automatic}/<id>.nii.gz
 *     patient_info_files/<id>.json
 *     clinical_and_imaging_info.xlsx, sheet dataset_info
 *
 * The table has 49 columns, acquisition_times the text of a list, `[0, 584, 714, 846, 977]`, in seconds (its authors' notebook
 * display_clinical_data.ipynb, github.com/LidiaGarrucho/MAMA-MIA). The JSON has patient_id, clinical_data, primary_lesion with
 * breast_coordinates, and imaging_data; x of the coordinates runs along the slices (the challenge's submission template, VICTORIA-project/
 * MAMA-MIA_Challenge).
 */
import path from "node:path";
import { createDceSeries } from "../../domain/dce.ts";
import { DataError } from "../../domain/errors.ts";
import type { Issue, WithIssues } from "../../domain/issues.ts";
import { type LabelMap, requireSameGrid } from "../../domain/volume.ts";
import { readText } from "../files.ts";
import { filesIn, foldersIn, isFolder } from "../folders.ts";
import { readLabelMap, readVolume } from "../images.ts";
import { readTable } from "../tables/read.ts";
import type { Table } from "../tables/table.ts";
import type { LoadedExamination, SourceCohort } from "./source-cohort.ts";

const PHASE_FILE = /^(.+)_(\d{4})\.nii(?:\.gz)?$/i;

/** Whether a folder is laid out so. */
export async function isMamaMia(dir: string): Promise<boolean> {
  if (!(await isFolder(path.join(dir, "images")))) return false;
  for (const name of await foldersIn(path.join(dir, "images"))) {
    const files = await filesIn(path.join(dir, "images", name));
    return files.some((file) => PHASE_FILE.exec(file)?.[1].toLowerCase() === name.toLowerCase());
  }
  return false;
}

/**
 * Lists the examinations; names of folders, files and rows are matched without regard to case.
 *
 * @param timesSeconds of the phases, where neither table nor notes have as many as there are phases.
 */
export async function readMamaMia(dir: string, timesSeconds?: readonly number[]): Promise<SourceCohort> {
  const issues: Issue[] = [];
  const clinical = await readClinical(dir, issues);
  const masks = {
    expert: await filesByName(path.join(dir, "segmentations", "expert")),
    automatic: await filesByName(path.join(dir, "segmentations", "automatic")),
  };
  const notes = await filesByName(path.join(dir, "patient_info_files"));
  const folders = await foldersIn(path.join(dir, "images"));
  const examinations = folders.map((patientId) => {
    const key = patientId.toLowerCase();
    const row = clinical?.rows.find(({ patient_id }) => String(patient_id).toLowerCase() === key);
    const parts: Parts = {
      folder: path.join(dir, "images", patientId),
      subject: `${patientId}/pre`,
      tableTimes: row?.acquisition_times ?? null,
      notes: notes.get(key),
      expert: masks.expert.get(key),
      automatic: masks.automatic.get(key),
      protocolTimes: timesSeconds,
    };
    return { patientId, visit: "pre", load: () => load(parts) };
  });
  if (clinical === undefined) return { examinations, issues };
  return { examinations, clinical: renamed(clinical, folders), issues };
}

interface Parts {
  readonly folder: string;
  readonly subject: string;
  readonly tableTimes: string | number | null;
  readonly notes: string | undefined;
  readonly expert: string | undefined;
  readonly automatic: string | undefined;
  readonly protocolTimes: readonly number[] | undefined;
}

async function load(parts: Parts): Promise<WithIssues<LoadedExamination>> {
  const { folder, subject, expert, automatic } = parts;
  const files = (await filesIn(folder)).filter((name) => PHASE_FILE.test(name));
  const gap = files.findIndex((name, i) => Number(PHASE_FILE.exec(name)?.[2]) !== i);
  if (files.length === 0 || gap >= 0) {
    throw new DataError("examination-phases", {
      file: folder,
      found: gap >= 0 ? `${files[gap]} in the place of phase ${gap}` : "no phases",
      expected: "<id>_0000.nii.gz, <id>_0001.nii.gz and so on without a gap",
      remedy: "Download the examination again.",
    });
  }
  const issues: Issue[] = [];
  const volumes = [];
  for (const name of files) {
    const { grid, data, issues: found } = await readVolume(path.join(folder, name));
    volumes.push({ grid, data });
    issues.push(...found);
  }
  const notes = parts.notes === undefined ? undefined : await readNotes(parts.notes);
  const series = createDceSeries(volumes, timesOf(parts, notes, files.length));
  const file = expert ?? automatic;
  if (file === undefined) return { value: { series, source: { layout: "mama-mia" } }, issues };
  const { grid, data } = await readLabelMap(file);
  const segmentation = { grid, data };
  requireSameGrid(volumes[0], segmentation, "the segmentation", file);
  if (expert === undefined) {
    issues.push({
      code: "segmentation-automatic",
      severity: "info",
      subject,
      message: "There is no expert segmentation; the automatic one was taken.",
    });
  }
  issues.push(...outsideBreast(segmentation, find(notes, "breast_coordinates"), subject));
  const mask = expert === undefined ? "automatic" : "expert";
  return { value: { series, segmentation, source: { layout: "mama-mia", mask } }, issues };
}

async function readNotes(file: string): Promise<unknown> {
  try {
    return JSON.parse(withoutNaN(await readText(file)));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new DataError("layout-notes", {
      file,
      found: error.message,
      expected: "valid JSON",
      remedy: "Download the file again.",
    });
  }
}

/** What Python writes for a missing number is no JSON. */
function withoutNaN(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (part) =>
    part.startsWith('"') ? part : "null",
  );
}

/** Seconds from the phase before contrast: from the table, else the patient's notes, else the protocol as the user gives it. */
function timesOf({ tableTimes, protocolTimes, folder }: Parts, notes: unknown, phases: number): number[] {
  const given = [tableTimes, find(notes, "acquisition_times"), protocolTimes].map(numbersIn);
  const times = given.find(({ length }) => length === phases);
  if (times !== undefined) return times.map((time) => time - times[0]);
  throw new DataError("series-times-unknown", {
    file: folder,
    found: `${given.find(({ length }) => length > 0)?.length ?? 0} acquisition times for ${phases} phases`,
    expected: "one in acquisition_times of dataset_info, in seconds",
    remedy: "Give the times in the table or with --times, or leave the patient out.",
  });
}

/** Of a list, or of the text of one. */
function numbersIn(times: unknown): number[] {
  const text = Array.isArray(times) ? times.join(" ") : String(times ?? "");
  return text.match(/-?\d+(?:\.\d+)?/g)?.map(Number) ?? [];
}

/** The first value under a key, however deep; of several the one least deep. */
function find(value: unknown, key: string): unknown {
  const open = [value];
  for (let i = 0; i < open.length; i++) {
    const part = open[i];
    if (typeof part !== "object" || part === null) continue;
    if (Object.hasOwn(part, key)) return (part as Record<string, unknown>)[key];
    for (const child of Object.values(part)) open.push(child);
  }
  return undefined;
}

/** The box of the breast is given in voxels; its x runs along the slices. */
function outsideBreast({ grid, data }: LabelMap, box: unknown, subject: string): Issue[] {
  const [low, high] = [find(box, "x_min"), find(box, "x_max")];
  if (typeof low !== "number" || typeof high !== "number") return [];
  const plane = grid.shape[1] * grid.shape[2];
  const outside = data.some((value, i) => {
    const slice = Math.floor(i / plane);
    return value !== 0 && (slice < low || slice > high);
  });
  if (!outside) return [];
  return [
    {
      code: "segmentation-outside-breast",
      severity: "warning",
      subject,
      message: `The segmentation leaves the breast's box along the slices (${low} to ${high}), where it is expected inside. Check that mask and images are of one examination.`,
    },
  ];
}

async function readClinical(dir: string, issues: Issue[]): Promise<Table | undefined> {
  const names = (await filesIn(dir)).filter((name) => /^clinical_and_imaging_info\.(xlsx|csv)$/i.test(name));
  if (names.length === 0) {
    issues.push({
      code: "clinical-missing",
      severity: "warning",
      message:
        "There is no clinical_and_imaging_info.xlsx; times come from patient_info_files, and no clinical table is written.",
    });
    return undefined;
  }
  const file = path.join(dir, names[0]);
  const sheet = names[0].toLowerCase().endsWith(".xlsx") ? { sheet: "dataset_info" } : {};
  const table = await readTable(file, { ...sheet, textColumns: ["patient_id"] });
  issues.push(...table.issues);
  return table;
}

/** The table with the patients named as their folders are. */
function renamed(table: Table, folders: readonly string[]): Table {
  const byKey = new Map(folders.map((name) => [name.toLowerCase(), name]));
  const rows = table.rows.map((row) => ({
    ...row,
    patient_id: byKey.get(String(row.patient_id).toLowerCase()) ?? row.patient_id,
  }));
  return { ...table, rows };
}

/** Paths by the name without its ending, in lower case. */
async function filesByName(dir: string): Promise<Map<string, string>> {
  if (!(await isFolder(dir))) return new Map();
  const names = await filesIn(dir);
  return new Map(
    names.map((name) => [name.replace(/\.(nii(\.gz)?|json)$/i, "").toLowerCase(), path.join(dir, name)]),
  );
}
