/** Patients, their examinations and their clinical values. */
import type { ImagedBreast } from "./breast.ts";
import type { PathologyOutcome } from "./outcome.ts";

/** One value of a clinical table; `null` is missing. */
export type ClinicalValue = number | string | null;

/** A visit relative to chemotherapy: `pre` and `post`, and any others between. */
export type VisitName = string;

/** An examination that can be read: where its phases and its reference mask lie. */
export interface ExaminationRecord {
  readonly patientId: string;
  readonly visit: VisitName;
  /** One file per phase, in the order of time. */
  readonly phaseFiles: readonly string[];
  /** Seconds after phase 0, one per phase. */
  readonly timesSeconds: readonly number[];
  /** Where the source says that only one breast was imaged. */
  readonly imagedBreast?: ImagedBreast;
  /** Reference segmentation, where there is one. */
  readonly segmentationFile?: string;
}

export type StudySet = "train" | "test";

export interface Patient {
  readonly id: string;
  readonly set: StudySet;
  readonly clinical: Readonly<Record<string, ClinicalValue>>;
  readonly outcome: PathologyOutcome;
  readonly examinations: readonly ExaminationRecord[];
}

export interface Cohort {
  readonly name: string;
  readonly patients: readonly Patient[];
}
