/** What was measured on examinations, as columns for models and as a table. */
import path from "node:path";
import type { ClinicalValue, Cohort } from "../../domain/cohort.ts";
import type { EnhancementMeasures } from "../../imaging/enhancement.ts";
import type { ExaminationQuality } from "../../imaging/examination-quality.ts";
import { writeCsv } from "../../io/tables/write.ts";
import type { PreparedSeries } from "../preparation/prepare-series.ts";
import type { PhaseRegistration } from "../preparation/registration/series.ts";
import type { VisitRegistration } from "../preparation/registration/visits.ts";
import type { IMAGE_COLUMNS } from "../schema.ts";
import type { RunContext } from "../stage.ts";

/** Prepared phases of a visit, relative to the run folder. */
interface PreparedFiles {
  readonly phaseFiles: readonly string[];
  readonly timesSeconds: readonly number[];
  /** The reference mask, where the images were cut or carried and it with them. */
  readonly segmentationFile?: string;
}

export interface PreparedExamination {
  readonly visit: string;
  /** Files of the prepared phases, relative to the run folder, with their times; null where the acquired ones are used. */
  readonly prepared: PreparedFiles | null;
  readonly measures: EnhancementMeasures;
  readonly quality: ExaminationQuality;
  readonly registrations: readonly PhaseRegistration[];
  /** Of a later visit to the first one; null where that was not asked, or failed. */
  readonly visitRegistration: VisitRegistration | null;
  /** The breast that was cut out; null where that was not asked. */
  readonly breast: PreparedSeries["breast"];
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
  "breast",
  "visit_registration",
  "visit_motion_mm",
  "visit_correlation_before",
  "visit_correlation_after",
  "visit_coverage",
] as const;

/** Writes `quality.csv`: one row per examination, in the order of the cohort. */
export async function writeQuality(
  run: RunContext,
  cohort: Cohort,
  examinations: ReadonlyMap<string, readonly PreparedExamination[]>,
): Promise<void> {
  const rows = cohort.patients.flatMap(({ id }) =>
    (examinations.get(id) ?? []).map(
      ({
        visit,
        quality,
        measures,
        breast,
        visitRegistration: to,
      }): Record<(typeof QUALITY_COLUMNS)[number], ClinicalValue> => ({
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
        breast: breast?.box == null ? "whole image" : breast.evidence.side,
        visit_registration: to?.quality.kept ?? null,
        visit_motion_mm: to?.quality.displacementMm.mean ?? null,
        visit_correlation_before: to?.quality.before.correlation ?? null,
        visit_correlation_after: to?.quality.after.correlation ?? null,
        visit_coverage: to?.coverage ?? null,
      }),
    ),
  );
  await writeCsv(path.join(run.folder, "quality.csv"), QUALITY_COLUMNS, rows);
}
