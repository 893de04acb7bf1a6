/** `residua ingest`: DICOM examinations into a cohort in the native layout. */
import path from "node:path";
import { DataError, UsageError } from "../domain/errors.ts";
import type { Issue } from "../domain/issues.ts";
import { readDceSeries } from "../io/dicom/dce.ts";
import { dicomFolderOf } from "../io/dicom/folder.ts";
import { foldersIn, isFolder } from "../io/folders.ts";
import { writeExamination } from "../io/layouts/native.ts";
import { earlierExamination, sourceState } from "./ingest-resume.ts";
import type { Progress } from "./progress.ts";
import { eachCase } from "./segmentation/each-case.ts";

export interface IngestRequest {
  /** `SOURCE/<patient>/<visit>/…` of DICOM files, or one examination where `patient` and `visit` are given. */
  readonly source: string;
  readonly folder: string;
  readonly patient?: string;
  readonly visit?: string;
  /** Whether images are written as `.nii`, which takes half the time and twice the space. */
  readonly uncompressed?: boolean;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

export interface IngestedExamination {
  readonly patient: string;
  readonly visit: string;
  readonly phases: number;
  readonly timesSeconds: readonly number[];
  /** Whether it stood there already, made from the same files. */
  readonly reused: boolean;
}

export interface IngestOutcome {
  /** The layout that was recognised. */
  readonly layout: "dicom";
  readonly examinations: readonly IngestedExamination[];
  readonly issues: readonly Issue[];
}

interface Source {
  /** `patient/visit`. */
  readonly id: string;
  readonly folder: string;
  readonly patient: string;
  readonly visit: string;
}

/**
 * Sorts each examination's DICOM files into phases and writes them as NIfTI. Names, dates and unique identifiers of the source are
 * not copied; of the source only manufacturer and series description are kept. An examination that stands there whole, made from
 * the same files, is not made again.
 *
 * @throws {UsageError} `ingest-name` where only one of patient and visit is given.
 * @throws {DataError} `ingest-none` where no examination could be read.
 */
export async function ingestDicom(request: IngestRequest): Promise<IngestOutcome> {
  const { folder, progress, signal, uncompressed = false } = request;
  const sources = await findSources(request);
  const examinations: IngestedExamination[] = [];
  const noticed: Issue[] = [];
  const each = { name: "ingest", progress, ...(signal === undefined ? {} : { signal }) };
  const { issues } = await eachCase(sources, each, async ({ id, folder: dir, patient, visit }) => {
    const state = await sourceState(dir, uncompressed ? ["uncompressed"] : []);
    const earlier = await earlierExamination(folder, patient, visit, state);
    if (earlier !== undefined) {
      const { timesSeconds } = earlier.record;
      noticed.push(...earlier.issues.map((issue) => ({ ...issue, subject: id })));
      examinations.push({ patient, visit, phases: timesSeconds.length, timesSeconds, reused: true });
      return;
    }
    const { value: series, issues: found, sources: origins } = await readDceSeries(dir);
    const [{ manufacturer, seriesDescription }] = origins;
    await writeExamination(folder, patient, visit, series, {
      source: {
        layout: "dicom",
        seriesDescription,
        ...(manufacturer === undefined ? {} : { manufacturer }),
        state,
      },
      issues: found,
      uncompressed,
    });
    noticed.push(...found.map((issue) => ({ ...issue, subject: id })));
    examinations.push({
      patient,
      visit,
      phases: series.phases.length,
      timesSeconds: series.timesSeconds,
      reused: false,
    });
  });
  if (examinations.length === 0) {
    throw new DataError("ingest-none", {
      file: request.source,
      found: `none of ${sources.length} examinations could be read: ${issues[0]?.message ?? ""}`,
    });
  }
  return { layout: "dicom", examinations, issues: [...noticed, ...issues] };
}

async function findSources({ source, patient, visit }: IngestRequest): Promise<Source[]> {
  if (!(await isFolder(dicomFolderOf(source)))) {
    throw new DataError("file-missing", { file: source, found: "no such folder" });
  }
  if ((patient === undefined) !== (visit === undefined)) {
    throw new UsageError("ingest-name", {
      found: patient === undefined ? "a visit without a patient" : "a patient without a visit",
      expected: "both, for one examination, or neither",
    });
  }
  if (patient !== undefined && visit !== undefined) {
    return [{ id: `${patient}/${visit}`, folder: dicomFolderOf(source), patient, visit }];
  }
  const sources: Source[] = [];
  for (const name of await foldersIn(source)) {
    for (const visitName of await foldersIn(path.join(source, name))) {
      const dir = path.join(source, name, visitName);
      sources.push({ id: `${name}/${visitName}`, folder: dir, patient: name, visit: visitName });
    }
  }
  if (sources.length === 0) {
    throw new DataError("ingest-none", {
      file: source,
      found: "no folders <patient>/<visit>",
      expected: "SOURCE/<patient>/<visit>/ with DICOM files",
      remedy: "For one examination, name it with --patient and --visit.",
    });
  }
  return sources;
}
