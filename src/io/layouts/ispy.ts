/**
 * I-SPY 1 and 2 as The Cancer Imaging Archive gives them: folders of DICOM series in folders of studies in folders of patients. Visits are named by
 * the trial's time point (0012,0050), T0 to T3, or by the study's description (`ISPY2MRIT0`).
 */
import path from "node:path";
import { createDceSeries, type DceSeries } from "../../domain/dce.ts";
import { DataError } from "../../domain/errors.ts";
import type { Issue, WithIssues } from "../../domain/issues.ts";
import { type DataSet, isDicom, parseDicom } from "../dicom/data-set.ts";
import { readDceSeries } from "../dicom/dce.ts";
import { readDicomFolder, readPhase } from "../dicom/folder.ts";
import { commonBreast } from "../dicom/laterality.ts";
import { issueOfError } from "../error-issues.ts";
import { readBytes } from "../files.ts";
import { filesBelow } from "../folders.ts";
import { readAnalysisMask } from "./analysis-mask.ts";
import type { LoadedExamination, SourceCohort, SourceExamination } from "./source-cohort.ts";

/** Before chemotherapy, early, between regimens, before surgery. */
const VISITS: Readonly<Record<string, string>> = { T0: "pre", T1: "t1", T2: "t2", T3: "post" };

interface SeriesFolder {
  readonly folder: string;
  readonly firstFile: string;
  readonly patientId: string;
  readonly study: string;
  readonly timePoint: string | undefined;
  readonly description: string;
  readonly modality: string;
}

/** Identifiers of the trials' patients: ISPY1_1001, ISPY2-100899, ACRIN-6698-102212. Time points alone are other trials' too. */
const PATIENT = /^(ISPY[12]?|ACRIN)[-_]/i;

/** Whether a folder holds series of the trials' patients at named time points. */
export async function isIspy(dir: string): Promise<boolean> {
  const series = await seriesFolders(dir, [], 40);
  return series.some(({ patientId, timePoint }) => PATIENT.test(patientId) && timePoint !== undefined);
}

/**
 * Lists the examinations, one per patient and time point.
 *
 * @param timesSeconds of the phases, for derived series, whose own times are unusable, where the study holds no original one.
 */
export async function readIspy(dir: string, timesSeconds?: readonly number[]): Promise<SourceCohort> {
  const groups = new Map<string, SeriesFolder[]>();
  const issues: Issue[] = [];
  for (const series of await seriesFolders(dir, issues)) {
    const visit = series.timePoint === undefined ? undefined : VISITS[series.timePoint];
    if (visit === undefined) {
      issues.push({
        code: "visit-unknown",
        severity: "warning",
        file: path.relative(dir, series.folder),
        message: `The series names ${series.timePoint === undefined ? "no time point" : `the time point ${series.timePoint}`}, where T0 to T3 is expected; it was left out.`,
      });
      continue;
    }
    const key = `${series.patientId}/${visit}`;
    groups.set(key, [...(groups.get(key) ?? []), series]);
  }
  const examinations = [...groups].map(([key, series]): SourceExamination => {
    const [patientId, visit] = [series[0].patientId, key.slice(series[0].patientId.length + 1)];
    return { patientId, visit, load: () => load(series, key, timesSeconds) };
  });
  return { examinations, issues };
}

const ORIGINAL_DCE = /VOLSER.*original DCE/i;
const ANALYSIS_MASK = /Analysis Mask/i;

async function load(
  folders: readonly SeriesFolder[],
  subject: string,
  timesSeconds: readonly number[] | undefined,
): Promise<WithIssues<LoadedExamination>> {
  const derived = folders.find(({ description }) => ORIGINAL_DCE.test(description));
  const { value: series, issues } =
    derived === undefined
      ? await readVendorSeries(folders)
      : await readDerivedSeries(derived, folders, timesSeconds);
  const mask = folders.find(
    ({ description, modality }) => modality === "SEG" && ANALYSIS_MASK.test(description),
  );
  const source = { layout: "ispy" };
  if (mask === undefined) return { value: { series, source }, issues };
  const segmentation = await readAnalysisMask(mask.firstFile, series.phases[0].grid);
  const empty: Issue[] = segmentation.data.includes(1)
    ? []
    : [
        {
          code: "segmentation-empty",
          severity: "info",
          subject,
          message: "The Analysis Mask holds no tumour, as it may after chemotherapy.",
        },
      ];
  return { value: { series, segmentation, source }, issues: [...issues, ...empty] };
}

/** The original series of a study, which may be one per phase: they lie in one folder or in several of one parent. */
async function readVendorSeries(folders: readonly SeriesFolder[]): Promise<WithIssues<DceSeries>> {
  const images = folders.filter(({ modality }) => modality !== "SEG");
  return readDceSeries(commonFolder(images.map(({ folder }) => folder)));
}

async function readDerivedSeries(
  derived: SeriesFolder,
  folders: readonly SeriesFolder[],
  timesSeconds: readonly number[] | undefined,
): Promise<WithIssues<DceSeries>> {
  const { series, issues } = await readDicomFolder(derived.folder);
  const [whole] = series;
  if (series.length !== 1) {
    throw new DataError("dce-missing", {
      file: derived.folder,
      found: `${series.length} series`,
      expected: "one, with all phases",
      remedy: "Download the series again.",
    });
  }
  const phases = [];
  for (let phase = 0; phase < whole.phases.length; phase++) phases.push(await readPhase(whole, phase));
  const times = (await vendorTimes(derived, folders, phases.length)) ?? timesSeconds;
  if (times?.length !== phases.length) {
    throw new DataError("series-times-unknown", {
      file: derived.folder,
      found: `${phases.length} phases of a derived series, whose times are those of processing${timesSeconds === undefined ? "" : `, and ${timesSeconds.length} times given`}`,
      expected: "the original series in the same study, or one time per phase",
      remedy: "Download the original series too, or give the protocol's times with --times.",
    });
  }
  const imaged = commonBreast(whole.phases.flat().map(({ imagedBreast }) => imagedBreast));
  return { value: createDceSeries(phases, times, imaged), issues: [...issues, ...whole.issues] };
}

/** Times of an original dynamic series of the study with as many phases. */
async function vendorTimes(
  derived: SeriesFolder,
  folders: readonly SeriesFolder[],
  phases: number,
): Promise<readonly number[] | undefined> {
  for (const { folder, description, modality } of folders) {
    if (folder === derived.folder || modality === "SEG" || /VOLSER/i.test(description)) continue;
    const { series } = await readDicomFolder(folder);
    const fitting = series.find((one) => one.phases.length === phases && one.timesSeconds !== undefined);
    if (fitting !== undefined) return fitting.timesSeconds;
  }
  return undefined;
}

/** Folders that hold DICOM files, with what the first file of each says: the archive gives one folder per series. */
async function seriesFolders(dir: string, issues: Issue[], most = Infinity): Promise<SeriesFolder[]> {
  const first = new Map<string, string>();
  for (const file of await filesBelow(dir)) {
    const folder = path.dirname(file);
    if (!first.has(folder)) first.set(folder, file);
  }
  const found: SeriesFolder[] = [];
  for (const [folder, file] of first) {
    if (found.length >= most) break;
    const data = await parseFirst(file, dir, issues);
    if (data === undefined) continue;
    const patientId = data.text("PatientID");
    if (patientId === undefined) continue;
    found.push({
      folder,
      firstFile: file,
      patientId,
      study: data.text("StudyInstanceUID") ?? "",
      timePoint: timePointOf(data.text("ClinicalTrialTimePointID"), data.text("StudyDescription")),
      description: data.text("SeriesDescription") ?? "",
      modality: data.text("Modality") ?? "",
    });
  }
  return found;
}

async function parseFirst(file: string, dir: string, issues: Issue[]): Promise<DataSet | undefined> {
  try {
    const bytes = await readBytes(file);
    return isDicom(bytes) ? parseDicom(bytes, file) : undefined;
  } catch (error) {
    issues.push(issueOfError(error, dir));
    return undefined;
  }
}

function timePointOf(trial: string | undefined, study: string | undefined): string | undefined {
  const named = /^T[0-9]$/i.exec(trial ?? "")?.[0] ?? /ISPY[12]?_?MRI_?(T[0-9])/i.exec(study ?? "")?.[1];
  return named?.toUpperCase();
}

function commonFolder(folders: readonly string[]): string {
  const parts = folders.map((folder) => folder.split(path.sep));
  let shared = 0;
  while (parts.every((part) => part.length > shared && part[shared] === parts[0][shared])) shared++;
  return parts[0].slice(0, shared).join(path.sep);
}
