/**
 * I-SPY 1 and 2 as The Cancer Imaging Archive gives them: folders of DICOM series in folders of studies in folders of patients, in whatever depth. Visits are
 * named by the trial's time point (0012,0050), T0 to T3, or by the study's description (`ISPY2MRIT0`, `ISPY2_MRI_T0`).
 */
import path from "node:path";
import type { Issue } from "../../domain/issues.ts";
import { type IspySeries, loadIspy } from "./ispy-examination.ts";
import { seriesFolders } from "./series-folders.ts";
import type { SourceCohort, SourceExamination } from "./source-cohort.ts";

/** Before chemotherapy, early, between regimens, before surgery. */
const VISITS: Readonly<Record<string, string>> = { T0: "pre", T1: "t1", T2: "t2", T3: "post" };

interface PlacedSeries extends IspySeries {
  readonly patientId: string;
  readonly timePoint: string | undefined;
}

/** Identifiers of the trials' patients: ISPY1_1001, ISPY2-100899, ACRIN-6698-102212. Time points alone are other trials' too. */
const PATIENT = /^(ISPY[12]?|ACRIN)[-_]/i;
/** Series that are looked at before a folder counts as none of the trials'. */
const SERIES_TRIED = 40;

/** Whether a folder holds series of the trials' patients at named time points. */
export async function isIspy(dir: string): Promise<boolean> {
  let tried = 0;
  for await (const { patientId, timePoint } of placedSeries(dir, [])) {
    if (PATIENT.test(patientId) && timePoint !== undefined) return true;
    if (++tried >= SERIES_TRIED) return false;
  }
  return false;
}

/**
 * Lists the examinations, one per patient and time point.
 *
 * @param timesSeconds of the phases, for derived series, whose own times are unusable, where the study holds no original one.
 */
export async function readIspy(dir: string, timesSeconds?: readonly number[]): Promise<SourceCohort> {
  const groups = new Map<string, [PlacedSeries, ...PlacedSeries[]]>();
  const unplaced = new Map<string, { readonly named: string; readonly study: string; count: number }>();
  const issues: Issue[] = [];
  for await (const series of placedSeries(dir, issues)) {
    const visit = series.timePoint === undefined ? undefined : VISITS[series.timePoint];
    if (visit === undefined) {
      const named = series.timePoint === undefined ? "no time point" : `the time point ${series.timePoint}`;
      const study = path.relative(dir, path.dirname(series.folder));
      const key = JSON.stringify([study, named]);
      const group = unplaced.get(key) ?? { named, study, count: 0 };
      group.count++;
      unplaced.set(key, group);
      continue;
    }
    const key = `${series.patientId}/${visit}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [series]);
    else group.push(series);
  }
  for (const { named, study, count } of unplaced.values()) {
    issues.push({
      code: "visit-unknown",
      severity: "warning",
      file: study,
      message: `${count} series name ${named}, where T0 to T3 is expected; they were left out.`,
    });
  }
  const examinations = [...groups].map(([key, series]): SourceExamination => {
    const { patientId } = series[0];
    return {
      patientId,
      visit: key.slice(patientId.length + 1),
      load: () => loadIspy(series, key, timesSeconds),
    };
  });
  return { examinations, issues };
}

async function* placedSeries(dir: string, issues: Issue[]): AsyncGenerator<PlacedSeries> {
  for await (const { folder, data } of seriesFolders(dir, issues)) {
    const patientId = data.text("PatientID");
    if (patientId === undefined) continue;
    yield {
      folder,
      file: data.file,
      patientId,
      study: data.text("StudyInstanceUID") ?? "",
      timePoint: timePointOf(data.text("ClinicalTrialTimePointID"), data.text("StudyDescription")),
      description: data.text("SeriesDescription") ?? "",
      modality: data.text("Modality") ?? "",
    };
  }
}

function timePointOf(trial: string | undefined, study: string | undefined): string | undefined {
  const named = /^T[0-9]$/i.exec(trial ?? "")?.[0] ?? /ISPY[12]?_?MRI_?(T[0-9])/i.exec(study ?? "")?.[1];
  return named?.toUpperCase();
}
