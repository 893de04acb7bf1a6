/** The stage that prepares the images of a patient: motion between phases, enhancement, quality. */
import path from "node:path";
import type { Cohort, ExaminationRecord, Patient } from "../../domain/cohort.ts";
import { ResiduaError } from "../../domain/errors.ts";
import type { Grid } from "../../domain/grid.ts";
import type { Issue, WithIssues } from "../../domain/issues.ts";
import type { LabelMap } from "../../domain/volume.ts";
import { type Box, crop } from "../../imaging/cropping.ts";
import { readDceSeriesOf, readSegmentationOf, writeExamination } from "../../io/layouts/native.ts";
import type { FileHashes } from "../file-hashes.ts";
import { sideOfTable } from "../preparation/breast-choice.ts";
import type { PreparedSeries } from "../preparation/prepare-series.ts";
import { type CarriedVisit, registerVisit, type StillVisit } from "../preparation/registration/visits.ts";
import { preFirst, seriesPreparer } from "../preparation/series-preparer.ts";
import type { ImagesConfig, StudyConfig } from "../schema.ts";
import { type FinishedStage, type RunContext, runStage } from "../stage.ts";
import { imageColumns, type PreparedExamination, writeQuality } from "./image-figures.ts";

export interface PreparedImages {
  /** The cohort with the prepared phases in the place of the acquired ones, and with {@link IMAGE_COLUMNS} among the clinical values. */
  readonly cohort: Cohort;
  readonly stages: readonly FinishedStage<readonly PreparedExamination[]>[];
  readonly examinations: ReadonlyMap<string, readonly PreparedExamination[]>;
}

/** The visit before chemotherapy, to whose grid others are carried. */
const FIRST_VISIT = "pre";

/** Prepares the images of all patients and writes `quality.csv`. An examination that cannot be used becomes an issue; the others go on. */
export async function imageStages(
  run: RunContext,
  config: StudyConfig,
  hashes: FileHashes,
  cohort: Cohort,
): Promise<PreparedImages> {
  const task = run.progress.begin("prepare images", cohort.patients.length);
  const stages: FinishedStage<readonly PreparedExamination[]>[] = [];
  const examinations = new Map<string, readonly PreparedExamination[]>();
  for (const patient of cohort.patients) {
    run.signal?.throwIfAborted();
    const stage = await imageStage(run, config, hashes, patient);
    stages.push(stage);
    examinations.set(patient.id, stage.value);
    task.advance();
  }
  task.done(`${cohort.patients.length} patients`);
  await writeQuality(run, cohort, examinations);
  const patients = cohort.patients.map((patient) => ({
    ...patient,
    clinical: { ...patient.clinical, ...imageColumns(examinations.get(patient.id) ?? []) },
    examinations: patient.examinations.flatMap((record) =>
      preparedRecord(run, record, examinations.get(patient.id) ?? []),
    ),
  }));
  return { cohort: { ...cohort, patients }, stages, examinations };
}

async function imageStage(
  run: RunContext,
  { images: config }: StudyConfig,
  hashes: FileHashes,
  patient: Patient,
): Promise<FinishedStage<readonly PreparedExamination[]>> {
  const laterality = config.laterality === undefined ? null : (patient.clinical[config.laterality] ?? null);
  return runStage(run, {
    name: `images/${patient.id}`,
    inputs: {
      images: config,
      files: await hashes.ofAll(patient.examinations.flatMap((record) => filesOf(record, config))),
      laterality,
      imaged: patient.examinations.map(({ imagedBreast }) => imagedBreast?.side ?? null),
      times: patient.examinations.map(({ visit, timesSeconds }) => [visit, timesSeconds]),
    },
    async make() {
      const { value: side, issues: unread } = sideOfTable(laterality, patient.id);
      const issues: Issue[] = [...unread];
      const value: PreparedExamination[] = [];
      const prepare = seriesPreparer(config, side);
      let first: PreparedSeries | undefined;
      for (const record of preFirst(patient.examinations)) {
        const subject = `${record.patientId}/${record.visit}`;
        try {
          const { value: acquired, issues: found } = await readDceSeriesOf(record);
          const prepared = await prepare(acquired, subject, run.signal);
          issues.push(...found, ...prepared.issues);
          const placed = await placeVisit(prepared.value, record, first, config, run.signal);
          issues.push(...placed.issues);
          if (record.visit === FIRST_VISIT) first = prepared.value;
          value.push(await keep(run, record, placed.value, config, issues));
        } catch (error) {
          // An interruption says nothing about the examination.
          run.signal?.throwIfAborted();
          if (!(error instanceof ResiduaError)) throw error;
          const message = `${error.message} The examination was left out.`;
          issues.push({ code: error.code, severity: "error", subject, message });
        }
      }
      return { value, outputs: value.flatMap(outputsOf), issues };
    },
  });
}

/** Carries a later visit to the first one, where that is asked. */
async function placeVisit(
  prepared: PreparedSeries,
  { patientId, visit }: ExaminationRecord,
  first: PreparedSeries | undefined,
  { visits }: ImagesConfig,
  signal: AbortSignal | undefined,
): Promise<WithIssues<CarriedVisit | StillVisit>> {
  const still = { prepared, registration: null };
  if (visits === "none" || visit === FIRST_VISIT) return { value: still, issues: [] };
  const subject = `${patientId}/${visit}`;
  if (first !== undefined) return registerVisit(first, prepared, visits, subject, signal);
  const message = `There is no examination "${FIRST_VISIT}" to which the visit could be registered; it stays on its own grid.`;
  return {
    value: still,
    issues: [{ code: "visit-registration-missing", severity: "warning", subject, message }],
  };
}

/** Folder of the prepared images in a run. */
const FOLDER = "prepared";

async function keep(
  run: RunContext,
  record: ExaminationRecord,
  placed: CarriedVisit | StillVisit,
  config: ImagesConfig,
  issues: Issue[],
): Promise<PreparedExamination> {
  const { patientId, visit } = record;
  const { series, acquired, changed, measures, quality, registrations, breast } = placed.prepared;
  const figures = { measures, quality, registrations, breast, visitRegistration: placed.registration };
  if (!changed) return { ...figures, visit, prepared: null };
  const box = figures.breast?.box ?? null;
  const onto = "onto" in placed ? placed.onto : undefined;
  const moved = box !== null || onto !== undefined;
  const segmentation = moved ? await moveMask(record, acquired, box, onto, issues) : undefined;
  const written = await writeExamination(
    path.join(run.folder, FOLDER),
    patientId,
    visit,
    series,
    // Whoever reads them again must not prepare them twice.
    { source: { prepared: config }, ...(segmentation === undefined ? {} : { segmentation }) },
  );
  const local = (file: string) => path.relative(run.folder, file);
  return {
    ...figures,
    visit,
    prepared: {
      phaseFiles: written.phaseFiles.map(local),
      timesSeconds: series.timesSeconds,
      ...(written.segmentationFile === undefined
        ? {}
        : { segmentationFile: local(written.segmentationFile) }),
    },
  };
}

/** The reference mask cut and carried as its images were; one that does not fit them is told of here, and again where it is used. */
async function moveMask(
  record: ExaminationRecord,
  acquired: Grid,
  box: Box | null,
  onto: CarriedVisit["onto"] | undefined,
  issues: Issue[],
): Promise<LabelMap | undefined> {
  if (record.segmentationFile === undefined) return undefined;
  try {
    const whole = await readSegmentationOf(record, acquired);
    const cut = box === null ? whole : crop(whole, box);
    return onto === undefined ? cut : onto(cut);
  } catch (error) {
    if (!(error instanceof ResiduaError)) throw error;
    const subject = `${record.patientId}/${record.visit}`;
    issues.push({
      code: error.code,
      severity: "error",
      subject,
      message: `${error.message} The mask was not used.`,
    });
    return undefined;
  }
}

function outputsOf({ prepared }: PreparedExamination): string[] {
  if (prepared === null) return [];
  return [
    ...prepared.phaseFiles,
    ...(prepared.segmentationFile === undefined ? [] : [prepared.segmentationFile]),
  ];
}

/** Files that a stage reads: masks only where they may have to be cut or carried. */
function filesOf(
  { phaseFiles, segmentationFile }: ExaminationRecord,
  { breast, visits }: ImagesConfig,
): readonly string[] {
  const moved = breast !== "whole" || visits !== "none";
  return moved && segmentationFile !== undefined ? [...phaseFiles, segmentationFile] : phaseFiles;
}

/** None for an examination that could not be prepared. */
function preparedRecord(
  run: RunContext,
  record: ExaminationRecord,
  examinations: readonly PreparedExamination[],
): ExaminationRecord[] {
  const found = examinations.find(({ visit }) => visit === record.visit);
  if (found === undefined) return [];
  if (found.prepared === null) return [record];
  const { phaseFiles, timesSeconds, segmentationFile } = found.prepared;
  const mask =
    segmentationFile === undefined ? {} : { segmentationFile: path.join(run.folder, segmentationFile) };
  // The mask of an image that was cut or carried lies on the grid of the acquired one.
  const { segmentationFile: whole, ...rest } = record;
  const moved = found.breast?.box != null || found.visitRegistration?.coverage != null;
  const kept = moved || whole === undefined ? mask : { segmentationFile: whole };
  return [
    {
      ...rest,
      ...kept,
      phaseFiles: phaseFiles.map((file) => path.join(run.folder, file)),
      timesSeconds,
    },
  ];
}
