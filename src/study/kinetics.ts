/** `residua kinetics`: contrast kinetics of one examination, as maps, pictures and numbers. */
import path from "node:path";
import { encode } from "fast-png";
import type { DceSeries, FoundPhases } from "../domain/dce.ts";
import { DataError } from "../domain/errors.ts";
import type { Issue, WithIssues } from "../domain/issues.ts";
import type { LabelMap, Volume } from "../domain/volume.ts";
import {
  FTV_REGIONS,
  type FtvPlace,
  type FtvRegion,
  type FtvThresholds,
  measureEnhancement,
} from "../imaging/enhancement.ts";
import {
  type ExaminationQuality,
  examinationQuality,
  qualityIssues,
} from "../imaging/examination-quality.ts";
import { subtraction } from "../imaging/kinetics.ts";
import { replaceNonFinite } from "../imaging/non-finite.ts";
import type { RegistrationKind } from "../imaging/registration/registration.ts";
import { type Colour, maximumIntensityProjection, type Raster } from "../imaging/slice-picture.ts";
import { writeAtomically } from "../io/files.ts";
import { writeNifti } from "../io/nifti/write.ts";
import { openExamination } from "./examination-input.ts";
import { readMask } from "./masks/mask-file.ts";
import { type PhaseRegistration, registerSeries } from "./preparation/registration/series.ts";

export interface KineticsRequest {
  readonly examination: string;
  readonly folder: string;
  readonly thresholds: FtvThresholds;
  /** `breast` or `body`, found by themselves, or the file of a mask in which tumour may lie. Default `breast`. */
  readonly region?: string;
  /** Takes out motion between phases first. */
  readonly registration?: RegistrationKind;
  readonly signal?: AbortSignal;
}

/** `kinetics.json`. */
export interface Kinetics {
  readonly timesSeconds: readonly number[];
  readonly ftvMl: number;
  /** Longest diameter of the functional tumour volume, in mm; null where it is empty. */
  readonly longestDiameterMm: number | null;
  readonly sphericity: number | null;
  /** Mean early enhancement of tissue away from the functional tumour volume, in per cent. */
  readonly backgroundEnhancementPercent: number | null;
  /** Positions of the phases used; null for a late phase that is not there. */
  readonly phases: FoundPhases;
  /** `preSignal`: least signal before contrast that counts as tissue, in the units of the image. */
  readonly thresholds: FtvThresholds & { readonly preSignal: number };
  readonly region: FtvPlace["region"];
  readonly registration: readonly PhaseRegistration[];
  readonly quality: ExaminationQuality;
  readonly issues: readonly Issue[];
}

/**
 * Writes `pe.nii.gz` (per cent), `ser.nii.gz` (ratio; where there is a late phase), `subtraction.nii.gz` (signal) and `ftv.nii.gz` (mask) on the
 * grid of the source, maximum-intensity projections of the subtraction along each axis as `mip-0.png` to `mip-2.png`, and `kinetics.json`.
 *
 * @throws {DataError} `series-phases` for no post-contrast phase, `grid-mismatch` for a region elsewhere, and as the readers.
 */
export async function measureKinetics(request: KineticsRequest): Promise<Kinetics> {
  const { folder, thresholds } = request;
  const { value: acquired, issues } = await openExamination(request.examination);
  const { timesSeconds } = acquired;
  const finite = { ...acquired, phases: acquired.phases.map((phase) => replaceNonFinite(phase).value) };
  const registered =
    request.registration === undefined
      ? { value: { series: finite, registrations: [], sources: [] }, issues: [] }
      : await registerSeries(finite, request.registration, "examination", request.signal);
  const { series, registrations } = registered.value;
  const [pre] = series.phases;
  const { value: place, issues: placed } = await findPlace(request.region ?? "breast", series);
  const enhancement = measureEnhancement(series, thresholds, place);
  const quality = examinationQuality(
    series,
    enhancement,
    registrations.map((phase) => phase.quality),
  );
  const { measures, pe, ser, ftv, phases } = enhancement;
  const positions = registrations.length === 0 ? phases : acquiredPhases(timesSeconds, series.timesSeconds);
  const kinetics: Kinetics = {
    timesSeconds,
    ftvMl: rounded(measures.ftvMl),
    longestDiameterMm: rounded(measures.longestDiameterMm),
    sphericity: rounded(measures.sphericity),
    backgroundEnhancementPercent: rounded(measures.backgroundEnhancementPercent),
    phases: positions,
    thresholds: { ...thresholds, preSignal: enhancement.tissueSignal },
    region: place.region,
    registration: registrations,
    quality,
    issues: [...issues, ...registered.issues, ...enhancement.issues, ...qualityIssues(quality), ...placed],
  };
  const enhanced = subtraction(series.phases[phases.early], pre);
  await writeNifti(path.join(folder, "pe.nii.gz"), pe);
  if (ser !== null) await writeNifti(path.join(folder, "ser.nii.gz"), ser);
  await writeNifti(path.join(folder, "subtraction.nii.gz"), enhanced);
  await writeNifti(path.join(folder, "ftv.nii.gz"), ftv);
  await writeProjections(folder, enhanced, ftv);
  await writeAtomically(path.join(folder, "kinetics.json"), `${JSON.stringify(kinetics, null, 2)}\n`);
  return kinetics;
}

/** Registration leaves only the phases that play a part; their positions among the acquired ones are told by their times. */
function acquiredPhases(acquired: readonly number[], kept: readonly number[]): FoundPhases {
  const [pre, early, late] = kept.map((seconds) => acquired.indexOf(seconds));
  return { pre, early, late: late ?? null };
}

const OUTLINE: Colour = [255, 200, 0];

async function writeProjections(folder: string, enhanced: Volume, ftv: LabelMap): Promise<void> {
  const outlines = ftv.data.includes(1) ? [{ mask: ftv, colour: OUTLINE }] : [];
  for (const axis of [0, 1, 2]) {
    const picture = maximumIntensityProjection(enhanced, axis, { outlines });
    await writeAtomically(path.join(folder, `mip-${axis}.png`), png(picture));
  }
}

function png({ width, height, data }: Raster): Uint8Array {
  return encode({ width, height, channels: 4, data: Uint8Array.from(data) });
}

/** The region by its name, with an issue that says what it holds, or by its file. A file named like a region is given as `./breast`. */
async function findPlace(region: string, { phases, imagedBreast }: DceSeries): Promise<WithIssues<FtvPlace>> {
  const named = FTV_REGIONS.find((name) => name === region);
  if (named !== undefined) {
    const side = named === "breast" && imagedBreast !== undefined ? { side: imagedBreast.side } : {};
    return { value: { region: named, ...side }, issues: [REGION_ISSUES[named]] };
  }
  const { value: mask, issues } = await readRegion(region, phases[0]);
  return { value: { region: "mask", mask }, issues };
}

/** All labels of the region's mask together. */
async function readRegion(file: string, pre: Volume): Promise<WithIssues<LabelMap>> {
  const mask = await readMask(file, { grid: pre.grid, what: "the region of interest" });
  if (mask.labels.length === 0) {
    throw new DataError("region-empty", {
      file,
      found: "a region of interest without a voxel",
      expected: "a mask in which tumour may lie",
    });
  }
  const several: Issue = {
    code: "region-labels",
    severity: "info",
    message: `All ${mask.labels.length} labels of the region were taken together.`,
    file,
  };
  return { value: mask.of("any"), issues: mask.labels.length > 1 ? [...mask.issues, several] : mask.issues };
}

const REGION_ISSUES: Readonly<Record<FtvRegion, Issue>> = {
  breast: {
    code: "kinetics-region-breast",
    severity: "info",
    message:
      "No region of interest was drawn, so the functional tumour volume counts tissue that enhances in the breast, 5 mm under the skin and before the chest wall: vessels and enhancing gland too. Give a mask of the tumour's surroundings with --region.",
  },
  body: {
    code: "kinetics-region-body",
    severity: "info",
    message:
      "The functional tumour volume counts all tissue that enhances in the body, vessels, chest wall and heart too. Give --region breast, or a mask of the tumour's surroundings.",
  },
};

/** Four decimals: voxels do not tell more. */
function rounded<T extends number | null>(value: T): T {
  return (value === null ? null : Number(value.toFixed(4))) as T;
}
