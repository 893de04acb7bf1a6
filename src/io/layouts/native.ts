/**
 * The native layout of a cohort:
 *
 *     images/<patient>/<visit>/dce_000.nii.gz …, examination.json
 *     segmentations/<patient>/<visit>.nii.gz
 */
import { rm } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import type { ExaminationRecord, VisitName } from "../../domain/cohort.ts";
import { createDceSeries, type DceSeries } from "../../domain/dce.ts";
import { DataError } from "../../domain/errors.ts";
import type { Grid } from "../../domain/grid.ts";
import type { Issue, WithIssues } from "../../domain/issues.ts";
import { countNonFinite, type LabelMap, requireSameGrid } from "../../domain/volume.ts";
import { issueOfError } from "../error-issues.ts";
import { fileError, writeAtomically } from "../files.ts";
import { filesIn, foldersIn, isFolder } from "../folders.ts";
import { readLabelMap, readVolume } from "../images.ts";
import { writeNifti } from "../nifti/write.ts";
import {
  type ExaminationFile,
  imagedBreastIn,
  readExaminationFile,
  sourceOfBreast,
} from "./examination-file.ts";

const PHASE_FILE = /^dce_(\d{3,})\.nii(\.gz)?$/;
const SEGMENTATION_FILE = /^(.+)\.nii(\.gz)?$/;
const EXAMINATION_FILE = "examination.json";

export interface NativeCohort {
  readonly examinations: readonly ExaminationRecord[];
  readonly issues: readonly Issue[];
}

/**
 * Lists the examinations of a cohort folder without reading voxels. An examination that cannot be used is left out with
 * an issue of severity `error`, and the others go on. What was noted when an examination was ingested is among the issues.
 *
 * @throws {DataError} `cohort-images-missing` where there is no `images` folder.
 */
export async function readNativeCohort(dir: string): Promise<NativeCohort> {
  const images = join(dir, "images");
  if (!(await isFolder(images))) {
    throw new DataError("cohort-images-missing", {
      file: dir,
      found: 'no folder "images"',
      expected: "images/<patient>/<visit>/dce_000.nii.gz and so on",
      remedy: "Give the folder that `residua ingest` or `residua phantom` wrote.",
    });
  }
  const examinations: ExaminationRecord[] = [];
  const issues: Issue[] = [];
  const segmentations = await segmentationFiles(join(dir, "segmentations"));
  for (const patientId of await foldersIn(images)) {
    for (const visit of await foldersIn(join(images, patientId))) {
      const subject = `${patientId}/${visit}`;
      const segmentationFile = segmentations.get(subject);
      segmentations.delete(subject);
      try {
        const { value: record, issues: recorded } = await inspect(join(images, patientId, visit), {
          patientId,
          visit,
        });
        examinations.push(segmentationFile === undefined ? record : { ...record, segmentationFile });
        issues.push(...recorded);
      } catch (error) {
        issues.push(issueOfError(error, dir, subject));
      }
    }
  }
  for (const [subject, file] of segmentations) {
    issues.push({
      code: "segmentation-without-images",
      severity: "warning",
      message: `There is a segmentation but no folder images/${subject}; it is not used.`,
      subject,
      file: relative(dir, file),
    });
  }
  return { examinations, issues };
}

/**
 * Reads the folder of one examination (`images/<patient>/<visit>`), without its voxels.
 *
 * @throws {DataError} `examination-empty` (no phase files), `examination-incomplete` (no examination.json),
 *   `examination-phases` (a phase missing in the numbering, or not one time per phase), `examination-invalid`.
 */
export async function readExamination(folder: string, id: ExaminationId): Promise<ExaminationRecord> {
  return (await inspect(folder, id)).value;
}

type ExaminationId = Pick<ExaminationRecord, "patientId" | "visit">;

/** The record of an examination and the issues that its examination.json has recorded. */
async function inspect(folder: string, id: ExaminationId): Promise<WithIssues<ExaminationRecord>> {
  const files = await filesIn(folder);
  const phases = files.filter((name) => PHASE_FILE.test(name));
  if (phases.length === 0) {
    throw new DataError("examination-empty", {
      file: folder,
      found: "no phases",
      expected: "dce_000.nii.gz, dce_001.nii.gz and so on",
      remedy: "Ingest the examination again, or remove its folder.",
    });
  }
  const gap = phases.findIndex((name, i) => Number(PHASE_FILE.exec(name)?.[1]) !== i);
  if (gap >= 0) throw phaseError(folder, `${phases[gap]} in the place of phase ${gap}`);
  if (!files.includes(EXAMINATION_FILE)) {
    throw new DataError("examination-incomplete", {
      file: folder,
      found: `${phases.length} phases without ${EXAMINATION_FILE}`,
      expected: "their acquisition times in it",
      remedy: 'Write { "timesSeconds": [0, …] }, or ingest the examination again.',
    });
  }
  const { timesSeconds, source, issues } = await readExaminationFile(join(folder, EXAMINATION_FILE));
  if (timesSeconds.length !== phases.length) {
    throw phaseError(
      folder,
      `${phases.length} phases but ${timesSeconds.length} times in ${EXAMINATION_FILE}`,
    );
  }
  const subject = `${id.patientId}/${id.visit}`;
  const imagedBreast = imagedBreastIn(source);
  return {
    value: {
      ...id,
      phaseFiles: phases.map((name) => join(folder, name)),
      timesSeconds,
      ...(imagedBreast === undefined ? {} : { imagedBreast }),
    },
    issues: issues.map(({ code, severity, message, file }) => ({
      code,
      severity,
      message,
      subject,
      ...(file === undefined ? {} : { file }),
    })),
  };
}

/**
 * Reads the phases of an examination.
 *
 * @returns the series with the issues of its files; `phase-non-finite` tells of NaN or infinite voxels.
 * @throws {DataError} `grid-mismatch` naming the phase that lies elsewhere, and what the image readers throw.
 */
export async function readDceSeriesOf(record: ExaminationRecord): Promise<WithIssues<DceSeries>> {
  const phases = [];
  const issues: Issue[] = [];
  const subject = `${record.patientId}/${record.visit}`;
  for (const file of record.phaseFiles) {
    const { grid, data, issues: found } = await readVolume(file);
    phases.push({ grid, data });
    requireSameGrid(phases[0], phases[phases.length - 1], `phase ${phases.length - 1}`, file);
    issues.push(...found.map((issue) => ({ ...issue, subject })));
    const bad = countNonFinite(data);
    if (bad === 0) continue;
    issues.push({
      code: "phase-non-finite",
      severity: "warning",
      message: `${bad} voxels of ${basename(file)} are NaN or infinite; finite values were expected. Check how the image was exported.`,
      subject,
      file,
    });
  }
  return { value: createDceSeries(phases, record.timesSeconds, record.imagedBreast), issues };
}

/**
 * Reads the reference segmentation of an examination on the grid of its images.
 *
 * @throws {DataError} `segmentation-missing` where the record has none, `grid-mismatch`, `labels-not-whole`.
 */
export async function readSegmentationOf(record: ExaminationRecord, grid: Grid): Promise<LabelMap> {
  const file = record.segmentationFile;
  if (file === undefined) {
    throw new DataError("segmentation-missing", {
      found: `no segmentation for ${record.patientId}/${record.visit}`,
      expected: `segmentations/${record.patientId}/${record.visit}.nii.gz`,
    });
  }
  const labels = await readLabelMap(file);
  requireSameGrid({ grid, data: labels.data }, labels, "the segmentation", file);
  return { grid: labels.grid, data: labels.data };
}

/** What else is known of an examination that is written. */
export interface ExaminationExtras {
  readonly segmentation?: LabelMap;
  readonly source?: Readonly<Record<string, unknown>>;
  readonly issues?: readonly Issue[];
  /** Whether phases are written as `.nii` rather than `.nii.gz`. */
  readonly uncompressed?: boolean;
}

/**
 * Writes an examination into a cohort folder, replacing what stood there. The examination.json comes last, so that an
 * interrupted write is seen as an incomplete examination, never as a shorter one.
 *
 * @throws {DataError} `examination-name` where the patient's or the visit's name cannot name a folder, `grid-mismatch`
 *   where the segmentation does not lie on the images.
 */
export async function writeExamination(
  cohortDir: string,
  patientId: string,
  visit: VisitName,
  series: DceSeries,
  { segmentation, source = {}, issues = [], uncompressed = false }: ExaminationExtras = {},
): Promise<ExaminationRecord> {
  requireFolderName(patientId);
  requireFolderName(visit);
  if (segmentation !== undefined) requireSameGrid(series.phases[0], segmentation, "the segmentation");
  const folder = join(cohortDir, "images", patientId, visit);
  await removeOld(folder);
  const segmentationFile = join(cohortDir, "segmentations", patientId, `${visit}.nii.gz`);
  await rm(segmentationFile, { force: true });

  const phaseFiles = series.phases.map((_, i) =>
    join(folder, `dce_${String(i).padStart(3, "0")}.nii${uncompressed ? "" : ".gz"}`),
  );
  // Together, so that one is compressed while the disk takes another.
  await Promise.all(series.phases.map((phase, i) => writeNifti(phaseFiles[i], phase)));
  if (segmentation !== undefined) await writeNifti(segmentationFile, segmentation);
  const content: ExaminationFile = {
    timesSeconds: [...series.timesSeconds],
    source: { ...source, ...sourceOfBreast(series.imagedBreast) },
    issues: issues.map((issue) => ({ ...issue })),
  };
  await writeAtomically(join(folder, EXAMINATION_FILE), `${JSON.stringify(content, null, 2)}\n`);
  const record = { patientId, visit, phaseFiles, timesSeconds: series.timesSeconds };
  return segmentation === undefined ? record : { ...record, segmentationFile };
}

async function removeOld(folder: string): Promise<void> {
  if (!(await isFolder(folder))) return;
  const old = (await filesIn(folder)).filter((name) => PHASE_FILE.test(name));
  try {
    for (const name of [EXAMINATION_FILE, ...old]) await rm(join(folder, name), { force: true });
  } catch (error) {
    throw fileError(error, folder);
  }
}

/** Segmentation files by `patient/visit`. */
async function segmentationFiles(dir: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  if (!(await isFolder(dir))) return found;
  for (const patientId of await foldersIn(dir)) {
    for (const name of await filesIn(join(dir, patientId))) {
      const visit = SEGMENTATION_FILE.exec(name)?.[1];
      if (visit !== undefined) found.set(`${patientId}/${visit}`, join(dir, patientId, name));
    }
  }
  return found;
}

function requireFolderName(name: string): void {
  if (/^[^./\\:][^/\\:]*$/.test(name)) return;
  throw new DataError("examination-name", {
    found: `"${name}" as the name of a patient or a visit`,
    expected: "a name that can name a folder: not empty, without a leading dot, slashes or colons",
    remedy: "Rename the patient or the visit.",
  });
}

function phaseError(folder: string, found: string): DataError {
  return new DataError("examination-phases", {
    file: folder,
    found,
    expected: "phases numbered from 000 without a gap, one time for each",
    remedy: "Ingest the examination again.",
  });
}
