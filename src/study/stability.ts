/** Which deep features survive small changes of the image. */
import type { StudySet } from "../domain/cohort.ts";
import { DataError } from "../domain/errors.ts";
import type { ModelRow } from "../models/encoding.ts";
import { intraclassCorrelation } from "../statistics/intraclass.ts";

/** Agreement of one column between the image and its perturbations. */
export interface ColumnStability {
  readonly column: string;
  /** ICC(2,1); null where no value varies. */
  readonly icc: number | null;
  /** Patients it rests on. */
  readonly n: number;
}

/** A patient as the network of a fold has seen the images, as they are and perturbed. */
export interface PerturbedPatient {
  readonly set: StudySet;
  /** The first is the fold of the networks. */
  readonly folds: readonly number[];
  /** The first row is that of the image as it is. */
  readonly versions: readonly ModelRow[];
  /** One row per perturbation. */
  readonly perturbed?: readonly ModelRow[];
}

/**
 * ICC of each column over training patients: their features and those of the perturbed images as repeated measurements, patients of one
 * fold, whose features come from one network, as a group, so that differences between networks count as nothing.
 *
 * @returns none where no patient was seen perturbed.
 */
export function columnStability(
  patients: readonly PerturbedPatient[],
  columns: readonly string[],
): ColumnStability[] {
  const seen = patients.filter(({ set, perturbed = [] }) => set === "train" && perturbed.length > 0);
  if (seen.length === 0) return [];
  const groups = seen.map(({ folds }) => folds[0] ?? 0);
  return columns.map((column) => {
    const subjects = seen.map(({ versions, perturbed = [] }) =>
      [versions[0], ...perturbed].map((row) => {
        const value = row[column];
        return typeof value === "number" ? value : Number.NaN;
      }),
    );
    const { icc, n } = intraclassCorrelation({ subjects, groups });
    return { column, icc: Number.isNaN(icc) ? null : icc, n };
  });
}

/**
 * The columns whose ICC in these patients is at least `minIcc`. Within a resampling the patients are those that train.
 *
 * @throws {DataError} `stability-none` where no column is.
 */
export function stableColumns(
  patients: readonly PerturbedPatient[],
  columns: readonly string[],
  minIcc: number,
): string[] {
  const stability = columnStability(patients, columns);
  const kept = stability.filter(({ icc }) => icc !== null && icc >= minIcc).map(({ column }) => column);
  if (kept.length > 0) return kept;
  const best = stability.reduce((most, { icc }) => Math.max(most, icc ?? -Infinity), -Infinity);
  throw new DataError("stability-none", {
    found:
      stability.length === 0
        ? "no training patient whose features were seen under perturbations"
        : `none of ${columns.length} columns with an ICC of ${minIcc} or more (the best has ${best.toFixed(2)})`,
    expected: "at least one stable column",
    remedy: "Lower minIcc, or leave it out.",
  });
}
