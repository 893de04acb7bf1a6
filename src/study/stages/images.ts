/** The stage that prepares the images of a patient: motion between phases, enhancement, quality. */
import path from "node:path";
import type { ClinicalValue, Cohort, ExaminationRecord, Patient } from "../../domain/cohort.ts";
import { ResiduaError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import type { EnhancementMeasures } from "../../imaging/enhancement.ts";
import type { ExaminationQuality } from "../../imaging/examination-quality.ts";
import { readDceSeriesOf, writeExamination } from "../../io/layouts/native.ts";
import { writeCsv } from "../../io/tables/write.ts";
import type { FileHashes } from "../file-hashes.ts";
import { prepareSeries } from "../image-preparation.ts";
import type { PhaseRegistration } from "../registration/series.ts";
import type { IMAGE_COLUMNS, StudyConfig } from "../schema.ts";
import { type FinishedStage, type RunContext, runStage } from "../stage.ts";

export interface PreparedExamination {
  readonly visit: string;
  /** Files of the prepared phases, relative to the run folder, with their times; null where the acquired ones are used. */
  readonly prepared: {
    readonly phaseFiles: readonly string[];
    readonly timesSeconds: readonly number[];
  } | null;
  readonly measures: EnhancementMeasures;
  readonly quality: ExaminationQuality;
  readonly registrations: readonly PhaseRegistration[];
}

export interface PreparedImages {
  /** The cohort with the prepared phases in the place of the acquired ones, and with {@link IMAGE_COLUMNS} among the clinical values. */
  readonly cohort: Cohort;
  readonly stages: readonly FinishedStage<readonly PreparedExamination[]>[];
  readonly examinations: ReadonlyMap<string, readonly PreparedExamination[]>;
}

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
  return runStage(run, {
    name: `images/${patient.id}`,
    inputs: {
      images: config,
      files: await hashes.ofAll(patient.examinations.flatMap(({ phaseFiles }) => phaseFiles)),
      times: patient.examinations.map(({ visit, timesSeconds }) => [visit, timesSeconds]),
    },
    async make() {
      const issues: Issue[] = [];
      const value: PreparedExamination[] = [];
      for (const record of patient.examinations) {
        const subject = `${record.patientId}/${record.visit}`;
        try {
          const { value: acquired, issues: found } = await readDceSeriesOf(record);
          const prepared = await prepareSeries(acquired, config, subject, run.signal);
          issues.push(...found, ...prepared.issues);
          value.push(await keep(run, record, prepared.value));
        } catch (error) {
          // An interruption says nothing about the examination.
          run.signal?.throwIfAborted();
          if (!(error instanceof ResiduaError)) throw error;
          const message = `${error.message} The examination was left out.`;
          issues.push({ code: error.code, severity: "error", subject, message });
        }
      }
      return { value, outputs: value.flatMap(({ prepared }) => prepared?.phaseFiles ?? []), issues };
    },
  });
}

/** Folder of the prepared images in a run. */
const FOLDER = "prepared";

async function keep(
  run: RunContext,
  { patientId, visit }: ExaminationRecord,
  { series, changed, measures, quality, registrations }: Awaited<ReturnType<typeof prepareSeries>>["value"],
): Promise<PreparedExamination> {
  const figures = { visit, measures, quality, registrations };
  if (!changed) return { ...figures, prepared: null };
  const written = await writeExamination(path.join(run.folder, FOLDER), patientId, visit, series);
  const phaseFiles = written.phaseFiles.map((file) => path.relative(run.folder, file));
  return { ...figures, prepared: { phaseFiles, timesSeconds: series.timesSeconds } };
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
  const { phaseFiles, timesSeconds } = found.prepared;
  return [{ ...record, phaseFiles: phaseFiles.map((file) => path.join(run.folder, file)), timesSeconds }];
}

type ImageColumn = (typeof IMAGE_COLUMNS)[number];

/** The columns of a patient; null where the visit is missing or the figure undefined. */
export function imageColumns(
  examinations: readonly Pick<PreparedExamination, "visit" | "measures">[],
): Readonly<Record<ImageColumn, ClinicalValue>> {
  const of = (visit: string) => examinations.find((entry) => entry.visit === visit)?.measures;
  const [pre, post] = [of("pre"), of("post")];
  const change =
    pre === undefined || post === undefined || pre.ftvMl === 0
      ? null
      : (100 * (post.ftvMl - pre.ftvMl)) / pre.ftvMl;
  return {
    "pre.ftv_ml": pre?.ftvMl ?? null,
    "post.ftv_ml": post?.ftvMl ?? null,
    "change.ftv_percent": change,
    // Nothing that enhances is 0 mm long; a visit without figures is missing.
    "pre.diameter_mm": pre === undefined ? null : (pre.longestDiameterMm ?? 0),
    "post.diameter_mm": post === undefined ? null : (post.longestDiameterMm ?? 0),
    "pre.sphericity": pre?.sphericity ?? null,
    "post.sphericity": post?.sphericity ?? null,
    "pre.background_percent": pre?.backgroundEnhancementPercent ?? null,
    "post.background_percent": post?.backgroundEnhancementPercent ?? null,
  };
}

const QUALITY_COLUMNS = [
  "patient_id",
  "visit",
  "phases",
  "times_s",
  "spacing_mm",
  "field_mm",
  "tumour_at_border",
  "noise",
  "signal_to_noise",
  "fat_suppression",
  "strongest_enhancement_percent",
  "motion_mm",
  "correlation",
  "ftv_ml",
  "diameter_mm",
  "sphericity",
  "background_percent",
] as const;

async function writeQuality(
  run: RunContext,
  cohort: Cohort,
  examinations: PreparedImages["examinations"],
): Promise<void> {
  const rows = cohort.patients.flatMap(({ id }) =>
    (examinations.get(id) ?? []).map(
      ({ visit, quality, measures }): Record<(typeof QUALITY_COLUMNS)[number], ClinicalValue> => ({
        patient_id: id,
        visit,
        phases: quality.timesSeconds.length,
        times_s: quality.timesSeconds.join(" "),
        spacing_mm: quality.spacingMm.map((mm) => Number(mm.toFixed(3))).join(" "),
        field_mm: quality.fieldOfViewMm.map((mm) => Number(mm.toFixed(1))).join(" "),
        tumour_at_border: quality.tumourAtBorder ? 1 : 0,
        noise: quality.noise,
        signal_to_noise: quality.signalToNoise,
        fat_suppression: quality.fatSuppression,
        strongest_enhancement_percent: quality.strongestEnhancementPercent,
        motion_mm: quality.motionMm,
        correlation: quality.correlation,
        ftv_ml: measures.ftvMl,
        diameter_mm: measures.longestDiameterMm,
        sphericity: measures.sphericity,
        background_percent: measures.backgroundEnhancementPercent,
      }),
    ),
  );
  await writeCsv(path.join(run.folder, "quality.csv"), QUALITY_COLUMNS, rows);
}
