/** Segmentations and measurements as DICOM objects beside the images that they were made from. */
import path from "node:path";
import { type DceSeries, findPhases } from "../../domain/dce.ts";
import { DataError } from "../../domain/errors.ts";
import type { LabelMap } from "../../domain/volume.ts";
import { type FtvThresholds, thresholdInput } from "../../imaging/enhancement.ts";
import { functionalTumourVolume } from "../../imaging/functional-tumour-volume.ts";
import { percentEnhancement, signalEnhancementRatio } from "../../imaging/kinetics.ts";
import { replaceNonFinite } from "../../imaging/non-finite.ts";
import { longestDiameterMm, volumeMl } from "../../imaging/shape.ts";
import { readDceSeries } from "../../io/dicom/dce.ts";
import {
  type PredictedQuantities,
  type Quantities,
  writeMeasurementReport,
} from "../../io/dicom/writing/measurement-report.ts";
import type { Algorithm } from "../../io/dicom/writing/object.ts";
import { type WrittenSegment, writeDicomSegmentation } from "../../io/dicom/writing/segmentation.ts";
import { readSourceImage } from "../../io/dicom/writing/source.ts";
import { isFolder } from "../../io/folders.ts";
import type { NetworkKind } from "../schema.ts";
import type { LabelName } from "../segmentation/cases.ts";
import { VERSIONS } from "../versions.ts";

/** Which DICOM objects a command writes: a segmentation alone, or with a measurement report that refers to it. */
export type DicomOutput = "seg" | "seg-and-sr";

export interface DicomResult {
  /** Folder of the DICOM images that were segmented. */
  readonly source: string;
  /** Path of the objects without their endings `.seg.dcm` and `.sr.dcm`. */
  readonly target: string;
  readonly output: DicomOutput;
  readonly mask: LabelMap;
  /** The series in which enhancement is measured, where it was prepared for the network, with the mask on its grid; by default as in the files. */
  readonly measured?: { readonly series: DceSeries; readonly mask: LabelMap };
  readonly segments: readonly WrittenSegment[];
  readonly algorithm: Algorithm;
  /** Of the functional tumour volume. */
  readonly thresholds: FtvThresholds;
  readonly predictions?: readonly PredictedQuantities[];
}

/**
 * Writes the objects. They refer to the early post-contrast phase, on which the tumour stands out; FTV is that inside each segment.
 *
 * @returns the files, the segmentation first.
 * @throws {DataError} `grid-mismatch` where the mask does not lie on the source, `dicom-attribute` where the source lacks what
 *   references need, and as {@link readDceSeries}.
 */
export async function writeDicomResult(result: DicomResult): Promise<string[]> {
  const { target, mask, segments, algorithm } = result;
  const dce = await readDceSeries(result.source);
  const { early } = findPhases(dce.value.timesSeconds);
  const source = await readSourceImage(dce.slices[early]);
  const origin = { source, algorithm, createdAt: new Date() };
  const file = `${target}.seg.dcm`;
  const { grid } = dce.value.phases[early];
  const segmentation = await writeDicomSegmentation(file, { ...origin, mask, grid, segments });
  if (result.output === "seg") return [file];
  const report = `${target}.sr.dcm`;
  const measured = result.measured ?? { series: dce.value, mask };
  await writeMeasurementReport(report, {
    ...origin,
    segmentation,
    measurements: segments.map(({ value }) => quantitiesOf(measured, value, result.thresholds)),
    parameters: { ftvMl: parametersOf(result.thresholds, measured.series) },
    predictions: result.predictions ?? [],
  });
  return [file, report];
}

/** Name and version of a network as objects state them. */
export function networkAlgorithm(network: NetworkKind, models: number): Algorithm {
  return {
    name: `Residua ${network}${models > 1 ? `, ${models} folds` : ""}`,
    version: VERSIONS.residua,
  };
}

/** The classes of a model but the background, by their values in the mask. */
export function segmentsOf(labels: readonly LabelName[]): WrittenSegment[] {
  return labels.slice(1).map(({ name, value }) => ({ label: name, value }));
}

/**
 * The DICOM folder of a case `patient/visit`: that of the same name below the given folder, or the folder itself.
 *
 * @throws {DataError} `dicom-source-missing` where none was given for images that are not DICOM.
 */
export async function dicomSourceOf(id: string, given: string | undefined): Promise<string> {
  if (given === undefined) throw dicomSourceMissing(id);
  const own = path.join(given, id);
  return (await isFolder(own)) ? own : given;
}

/** For objects of images that are not DICOM. */
export function dicomSourceMissing(id: string): DataError {
  return new DataError("dicom-source-missing", {
    found: `no DICOM images of ${id}`,
    expected: "the DICOM images, to which a segmentation object refers",
    remedy: "Give the folder of DICOM files as the input, or with --dicom-source where the command has it.",
  });
}

function quantitiesOf(
  { series, mask }: NonNullable<DicomResult["measured"]>,
  label: number,
  thresholds: FtvThresholds,
): Quantities {
  const phases = findPhases(series.timesSeconds);
  const finite = (index: number) => replaceNonFinite(series.phases[index]).value;
  const [pre, early] = [finite(phases.pre), finite(phases.early)];
  const region = { grid: pre.grid, data: mask.data.map((value) => (value === label ? 1 : 0)) };
  const ftv = functionalTumourVolume({
    pe: percentEnhancement(pre, early),
    ...(phases.late === null ? {} : { ser: signalEnhancementRatio(pre, early, finite(phases.late)) }),
    region,
    ...thresholdInput(thresholds),
  });
  const diameter = longestDiameterMm(region);
  return {
    volumeMl: rounded(volumeMl(region)),
    ftvMl: rounded(ftv.ml),
    ...(diameter === null ? {} : { longestDiameterMm: rounded(diameter) }),
  };
}

/** The thresholds that were applied; without a late phase there is no signal enhancement ratio. */
function parametersOf(thresholds: FtvThresholds, { timesSeconds }: DceSeries): string[] {
  const { pePercent, ser, minimumNeighbours, minimumComponentMl } = thresholds;
  return [
    `early percent enhancement >= ${pePercent} %`,
    ...(findPhases(timesSeconds).late === null ? [] : [`signal enhancement ratio >= ${ser}`]),
    `at least ${minimumNeighbours} of 26 neighbours enhance too`,
    ...(minimumComponentMl > 0 ? [`components >= ${minimumComponentMl} mL`] : []),
  ];
}

function rounded(value: number): number {
  return Number(value.toFixed(4));
}
