/** How good an examination is for measuring: times, resolution, coverage, motion, noise, fat suppression, contrast. */
import type { DceSeries } from "../domain/dce.ts";
import type { Triple } from "../domain/grid.ts";
import type { Issue, Severity } from "../domain/issues.ts";
import type { LabelMap, Volume } from "../domain/volume.ts";
import { dilateMm, erodeMm } from "./distance.ts";
import type { Enhancement } from "./enhancement.ts";
import { percentiles } from "./percentiles.ts";
import type { RegistrationQuality } from "./registration/registration.ts";

export type FatSuppression = "suppressed" | "not suppressed" | "uncertain";

export interface ExaminationQuality {
  readonly timesSeconds: readonly number[];
  /** Per axis (slice, row, column), in mm. */
  readonly spacingMm: Triple;
  readonly fieldOfViewMm: Triple;
  /** Whether the functional tumour volume reaches the border of the image, so that more may lie beyond. */
  readonly tumourAtBorder: boolean;
  /** Standard deviation of the noise in the phase before contrast, in the units of the image; null where air was set to 0. */
  readonly noise: number | null;
  /** Median signal of tissue before contrast over the noise. */
  readonly signalToNoise: number | null;
  readonly fatSuppression: FatSuppression;
  /** 99th percentile of early percent enhancement in tissue: vessels and heart enhance wherever contrast arrives. */
  readonly strongestEnhancementPercent: number | null;
  /** Largest mean displacement that registration found between phases, in mm; null without registration. */
  readonly motionMm: number | null;
  /** Least correlation with the early phase that the phases have after registration; null without. */
  readonly correlation: number | null;
}

/** Where an issue begins. */
const LIMITS = {
  largestSpacingMm: 4, // assumption: thicker slices lose a tumour of 1 cm
  leastFieldMm: 60, // assumption: about the height of a breast
  leastSignalToNoise: 5, // assumption
  leastEnhancementPercent: 40, // assumption: vessels more than double where contrast has arrived
  largestMotionMm: 4, // assumption: about a tenth of the tumours of such studies
} as const;

/** The quality of a series; `enhancement` as measured on it, `registrations` of its phases where there were any. */
export function examinationQuality(
  series: DceSeries,
  { phases, pe, body, ftv, tissueSignal }: Enhancement,
  registrations: readonly RegistrationQuality[],
): ExaminationQuality {
  const pre = series.phases[phases.pre];
  const { shape } = pre.grid;
  // Headers carry rounding that says nothing.
  const rounded = pre.grid.spacingMm.map((mm) => Number(mm.toFixed(4)));
  const spacingMm: Triple = [rounded[0], rounded[1], rounded[2]];
  const tissue = selected(pre, (i) => body.data[i] !== 0 && pre.data[i] >= tissueSignal);
  const noise = airNoise(pre, body);
  const [signal] = percentiles(tissue, [50]);
  const enhancement = selected(pe, (i) => body.data[i] !== 0 && pre.data[i] >= tissueSignal);
  return {
    timesSeconds: series.timesSeconds,
    spacingMm,
    fieldOfViewMm: [shape[0] * spacingMm[0], shape[1] * spacingMm[1], shape[2] * spacingMm[2]],
    tumourAtBorder: reachesBorder(ftv),
    noise,
    signalToNoise: noise === null || tissue.length === 0 ? null : signal / noise,
    fatSuppression: guessFatSuppression(pre, body),
    strongestEnhancementPercent: enhancement.length === 0 ? null : percentiles(enhancement, [99])[0],
    motionMm:
      registrations.length === 0 ? null : Math.max(...registrations.map((r) => r.displacementMm.mean)),
    correlation:
      registrations.length === 0 ? null : Math.min(...registrations.map(({ after }) => after.correlation)),
  };
}

function selected({ data }: Volume, keeps: (voxel: number) => boolean): Float32Array {
  return Float32Array.from(data).filter((_, voxel) => keeps(voxel));
}

/** Air begins this far outside the body, in mm, beyond its ghosts' nearest parts. */
const AIR_DISTANCE_MM = 8;
const LEAST_AIR_VOXELS = 500;
/** Median of a Rayleigh distribution over its σ, sqrt(2 ln 2). */
const RAYLEIGH_MEDIAN = Math.sqrt(2 * Math.LN2);

/** σ of the noise: in air a magnitude image is Rayleigh distributed (Gudbjartsson & Patz 1995, Magn Reson Med 34:910). */
function airNoise(pre: Volume, body: LabelMap): number | null {
  const near = dilateMm(body, AIR_DISTANCE_MM).data;
  const air = selected(pre, (i) => near[i] === 0);
  if (air.length < LEAST_AIR_VOXELS) return null;
  const [median] = percentiles(air, [50]);
  return median > 0 ? median / RAYLEIGH_MEDIAN : null;
}

/** The layer under the skin that is fat in nearly every breast, in mm from the surface. */
const FAT_LAYER_MM = [4, 10] as const;

/** Subcutaneous fat is the brightest tissue on T1-weighted images, and among the darkest where it is suppressed. */
function guessFatSuppression(pre: Volume, body: LabelMap): FatSuppression {
  const outer = erodeMm(body, FAT_LAYER_MM[0]).data;
  const inner = erodeMm(body, FAT_LAYER_MM[1]).data;
  const layer = selected(pre, (i) => outer[i] !== 0 && inner[i] === 0);
  const inside = selected(pre, (i) => body.data[i] !== 0);
  if (layer.length === 0) return "uncertain";
  const ratio = percentiles(layer, [50])[0] / percentiles(inside, [95])[0];
  if (ratio < 0.5) return "suppressed";
  return ratio > 0.7 ? "not suppressed" : "uncertain";
}

function reachesBorder({ grid: { shape }, data }: LabelMap): boolean {
  const [S, R, C] = shape;
  for (let i = 0, voxel = 0; i < S; i++) {
    for (let j = 0; j < R; j++) {
      for (let k = 0; k < C; k++, voxel++) {
        if (data[voxel] === 0) continue;
        if (i === 0 || j === 0 || k === 0 || i === S - 1 || j === R - 1 || k === C - 1) return true;
      }
    }
  }
  return false;
}

/** What is amiss, as issues. @param subject study identifier of the examination. */
export function qualityIssues(quality: ExaminationQuality, subject?: string): Issue[] {
  const issues: Issue[] = [];
  const add = (code: string, severity: Severity, message: string) =>
    issues.push({ code, severity, message, ...(subject === undefined ? {} : { subject }) });
  const thickest = Math.max(...quality.spacingMm);
  if (thickest > LIMITS.largestSpacingMm) {
    add(
      "quality-spacing",
      "warning",
      `Voxels measure up to ${thickest.toFixed(1)} mm, where at most ${LIMITS.largestSpacingMm} mm is expected; volumes of small tumours are coarse.`,
    );
  }
  const narrowest = Math.min(...quality.fieldOfViewMm);
  if (narrowest < LIMITS.leastFieldMm) {
    add(
      "quality-coverage",
      "warning",
      `The image covers ${narrowest.toFixed(0)} mm along one axis, where at least ${LIMITS.leastFieldMm} mm is expected; part of the breast may be missing.`,
    );
  }
  if (quality.tumourAtBorder) {
    add(
      "quality-border",
      "info",
      "Enhancement that counts as tumour reaches the border of the image; vessels, the heart or tumour may go on beyond it.",
    );
  }
  if (quality.signalToNoise !== null && quality.signalToNoise < LIMITS.leastSignalToNoise) {
    add(
      "quality-noise",
      "warning",
      `The signal of tissue is ${quality.signalToNoise.toFixed(1)} times the noise, where at least ${LIMITS.leastSignalToNoise} is expected.`,
    );
  }
  if (quality.fatSuppression === "not suppressed") {
    add(
      "quality-fat",
      "warning",
      "Fat seems not to be suppressed. The functional tumour volume parts tissue from fat by its low signal and is not reliable here; use images with fat suppression.",
    );
  }
  const strongest = quality.strongestEnhancementPercent;
  if (strongest !== null && strongest < LIMITS.leastEnhancementPercent) {
    add(
      "quality-contrast",
      "warning",
      `Tissue enhances by at most ${strongest.toFixed(0)} % (99th percentile), where vessels alone reach more than ${LIMITS.leastEnhancementPercent} %: the contrast agent may not have arrived. Check the injection and the order of the phases.`,
    );
  }
  if (quality.motionMm !== null && quality.motionMm > LIMITS.largestMotionMm) {
    add(
      "quality-motion",
      "warning",
      `A phase had moved by ${quality.motionMm.toFixed(1)} mm on average, where at most ${LIMITS.largestMotionMm} mm is expected; look at the examination before trusting its figures.`,
    );
  }
  return issues;
}
