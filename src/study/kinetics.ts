/** `residua kinetics`: contrast kinetics of one examination, as maps and numbers. */
import path from "node:path";
import { choosePhases, EARLY_WINDOW_SECONDS } from "../domain/dce.ts";
import type { Issue, WithIssues } from "../domain/issues.ts";
import { type LabelMap, requireSameGrid, type Volume } from "../domain/volume.ts";
import { functionalTumourVolume } from "../imaging/functional-tumour-volume.ts";
import { percentEnhancement, signalEnhancementRatio, subtraction } from "../imaging/kinetics.ts";
import { replaceNonFinite } from "../imaging/non-finite.ts";
import { bodyMask, tissueThreshold } from "../imaging/regions.ts";
import { longestDiameterMm } from "../imaging/shape.ts";
import { isDicomSegmentation } from "../io/dicom/segmentation.ts";
import { writeAtomically } from "../io/files.ts";
import { readLabelMap } from "../io/images.ts";
import { writeNifti } from "../io/nifti/write.ts";
import { openExamination } from "./examination-input.ts";
import { readSegmentationObject } from "./segmentation-object.ts";

export interface KineticsRequest {
  readonly examination: string;
  readonly folder: string;
  /** Least early percent enhancement of the functional tumour volume, in per cent. */
  readonly peThresholdPercent: number;
  /** Least signal enhancement ratio of the functional tumour volume. */
  readonly serThreshold: number;
  /** Mask in which tumour may lie; by default the body, found by its signal. */
  readonly region?: string;
}

/** `kinetics.json`. */
export interface Kinetics {
  readonly timesSeconds: readonly number[];
  readonly ftvMl: number;
  /** Longest diameter of the functional tumour volume, in mm; null where it is empty. */
  readonly longestDiameterMm: number | null;
  /** Positions of the phases used. */
  readonly phases: { readonly pre: number; readonly early: number; readonly late: number };
  /** `preSignal`: least signal before contrast that counts as tissue, in the units of the image. */
  readonly thresholds: { readonly pePercent: number; readonly ser: number; readonly preSignal: number };
  readonly region: "body" | "mask";
  readonly issues: readonly Issue[];
}

/**
 * Writes `pe.nii.gz` (per cent), `ser.nii.gz` (ratio), `subtraction.nii.gz` (signal), `ftv.nii.gz` (mask) on the grid of the
 * source, and `kinetics.json`.
 *
 * @throws {DataError} `series-phases` for fewer than two post-contrast phases, `grid-mismatch` for a region elsewhere, and as
 *   the readers.
 */
export async function measureKinetics(request: KineticsRequest): Promise<Kinetics> {
  const { folder, peThresholdPercent, serThreshold } = request;
  const { value: series, issues } = await openExamination(request.examination);
  const roles = choosePhases(series.timesSeconds);
  const [pre, early, late] = [roles.pre, roles.early, roles.late].map(
    (index) => replaceNonFinite(series.phases[index]).value,
  );
  const pe = percentEnhancement(pre, early);
  const ser = signalEnhancementRatio(pre, early, late);
  const body = bodyMask(pre);
  const given = request.region === undefined ? undefined : await readRegion(request.region, pre);
  const region = given?.value ?? body;
  // Fat is suppressed to noise, whose ratios would count as enhancement.
  const background = { pre, minimumSignal: tissueThreshold(pre, body) };
  const ftv = functionalTumourVolume({ pe, ser, region, background, peThresholdPercent, serThreshold });
  const kinetics: Kinetics = {
    timesSeconds: series.timesSeconds,
    ftvMl: rounded(ftv.ml),
    longestDiameterMm: rounded(longestDiameterMm(ftv.mask)),
    phases: roles,
    thresholds: { pePercent: peThresholdPercent, ser: serThreshold, preSignal: background.minimumSignal },
    region: request.region === undefined ? "body" : "mask",
    issues: [
      ...issues,
      ...earlyPhaseIssue(series.timesSeconds[roles.early]),
      ...(given?.issues ?? []),
      ...regionIssue(request),
    ],
  };
  await writeNifti(path.join(folder, "pe.nii.gz"), pe);
  await writeNifti(path.join(folder, "ser.nii.gz"), ser);
  await writeNifti(path.join(folder, "subtraction.nii.gz"), subtraction(early, pre));
  await writeNifti(path.join(folder, "ftv.nii.gz"), ftv.mask);
  await writeAtomically(path.join(folder, "kinetics.json"), `${JSON.stringify(kinetics, null, 2)}\n`);
  return kinetics;
}

async function readRegion(file: string, pre: Volume): Promise<WithIssues<LabelMap>> {
  if (file.toLowerCase().endsWith(".dcm") && (await isDicomSegmentation(file))) {
    return readSegmentationObject(file, pre.grid);
  }
  const mask = await readLabelMap(file);
  requireSameGrid(pre, mask, "the region of interest", file);
  return { value: mask, issues: mask.issues };
}

function earlyPhaseIssue(seconds: number): Issue[] {
  const [from, to] = EARLY_WINDOW_SECONDS;
  if (seconds >= from && seconds <= to) return [];
  return [
    {
      code: "series-early-phase",
      severity: "warning",
      message: `The post-contrast phase nearest to early enhancement is at ${seconds} s, where ${from} to ${to} s is expected. It was used; enhancement figures are not comparable with those of an early phase.`,
    },
  ];
}

function regionIssue({ region }: KineticsRequest): Issue[] {
  if (region !== undefined) return [];
  return [
    {
      code: "kinetics-region-body",
      severity: "info",
      message:
        "No region of interest was given, so the functional tumour volume counts all tissue that enhances, vessels and the heart too. Give a mask of the breast or the tumour's surroundings with --region.",
    },
  ];
}

/** Four decimals: voxels do not tell more. */
function rounded<T extends number | null>(value: T): T {
  return (value === null ? null : Number(value.toFixed(4))) as T;
}
