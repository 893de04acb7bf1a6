/** One DICOM image file: what is known of its slices without their pixels. */
import type { ImagedBreast } from "../../domain/breast.ts";
import { DataError } from "../../domain/errors.ts";
import type { Triple } from "../../domain/grid.ts";
import type { DataSet, DicomHead } from "./data-set.ts";
import { type FrameGroups, frameGroupsOf } from "./functional-groups.ts";
import { imagedBreastOf } from "./laterality.ts";
import { isMosaic, mosaicSlices } from "./mosaic.ts";
import { type PixelSource, pixelSourceOf } from "./pixel-source.ts";
import { scalingOf } from "./scaling.ts";
import { secondsOf, secondsOfDateTime } from "./times.ts";

/** Identifiers that say where images come from. */
export interface DicomSource {
  readonly patientId: string | undefined;
  readonly studyInstanceUid: string | undefined;
  readonly studyDate: string | undefined;
  readonly studyDescription: string | undefined;
  readonly seriesInstanceUid: string;
  readonly seriesNumber: number | undefined;
  readonly seriesDescription: string;
  readonly modality: string;
  readonly manufacturer: string | undefined;
  readonly imageType: readonly string[];
  /** Of breast MR, diffusion-weighted images. */
  readonly echoPlanar: boolean;
  /** (0012,0050), T0–T3 in the I-SPY trials. */
  readonly trialTimePoint: string | undefined;
  readonly frameOfReferenceUid: string | undefined;
}

/** What may tell phases apart, in seconds where it is a time. */
export interface PhaseMarks {
  readonly temporalPosition: number | undefined;
  readonly temporalOffset: number | undefined;
  readonly triggerTime: number | undefined;
  readonly acquisitionTime: number | undefined;
  readonly acquisitionNumber: number | undefined;
  readonly contentTime: number | undefined;
  readonly instanceNumber: number | undefined;
}

/** A slice of a scalar image: a file, a frame of it, or a tile of a mosaic. */
export interface SliceInstance {
  readonly file: string;
  readonly sopInstanceUid: string;
  readonly source: DicomSource;
  readonly marks: PhaseMarks;
  readonly rows: number;
  readonly columns: number;
  /** Unit vectors along a row (of rising column) and along a column (of rising row), LPS. */
  readonly orientation: readonly [Triple, Triple];
  /** LPS mm, centre of the first pixel. */
  readonly position: Triple;
  /** Between rows, then between columns, mm. */
  readonly pixelSpacing: readonly [number, number];
  /** For a lone slice, whose distance to the next no positions tell. */
  readonly nominalThicknessMm: number | undefined;
  readonly slope: number;
  readonly intercept: number;
  /** Echo time, repetition time and flip angle: series of one acquisition share them. */
  readonly contrast: readonly (number | undefined)[];
  /** What sort of image it is where one series holds several, e.g. `WATER` or `PHASE`. */
  readonly component: string;
  /** Where the images are of one breast only and say so. */
  readonly imagedBreast: ImagedBreast | undefined;
  readonly pixels: PixelSource;
  /** Frame of the file, from 0. */
  readonly frame: number;
  /** Row and column of the frame at which the slice begins. */
  readonly corner: readonly [number, number];
}

/** What a DICOM file is to Residua. */
export type DicomFileKind =
  | { readonly kind: "slices"; readonly slices: readonly SliceInstance[] }
  | { readonly kind: "segmentation" }
  /** An object without scalar images in space: a report, a screenshot. */
  | { readonly kind: "other"; readonly why: string };

export const SEGMENTATION_STORAGE = "1.2.840.10008.5.1.4.1.1.66.4";
/** Label Map Segmentation Storage (PS3.4, table B.5-1). */
const LABEL_MAP_STORAGE = "1.2.840.10008.5.1.4.1.1.66.7";

/** Whether a data set is a segmentation object. */
export function isSegmentation(data: DataSet): boolean {
  const kind = data.text("SOPClassUID");
  return kind === SEGMENTATION_STORAGE || kind === LABEL_MAP_STORAGE;
}

const GREY: ReadonlySet<string> = new Set(["MONOCHROME1", "MONOCHROME2"]);

/**
 * Classifies a file and describes its slices: one, or one per frame or tile.
 *
 * @throws {DataError} `dicom-attribute` where a required attribute of an image is missing or malformed, `dicom-mosaic`
 *   where a Siemens mosaic lacks the private header that tells its geometry, `dicom-pixels` where pixels are missing or in
 *   a form that is not read, `dicom-lookup-table` where values need a table.
 */
export function describeFile(head: DicomHead): DicomFileKind {
  const { data } = head;
  if (data.element("DirectoryRecordSequence") !== undefined) return other("directories (DICOMDIR)");
  if (isSegmentation(data)) return { kind: "segmentation" };
  if (head.pixels === undefined) return other("objects without pixels");
  if (
    (data.number("SamplesPerPixel") ?? 1) !== 1 ||
    !GREY.has(data.text("PhotometricInterpretation") ?? "MONOCHROME2")
  )
    return other("colour images");
  const groups = frameGroupsOf(data);
  const placed = groups[0].find("PlanePositionSequence", "ImagePositionPatient");
  if (placed === undefined) return other("images without a position in the patient");
  const pixels = pixelSourceOf(head);
  if (pixels === undefined) return other("objects without pixels");
  if (groups.length !== pixels.frames) {
    throw new DataError("dicom-multiframe", {
      file: data.file,
      found: `${pixels.frames} frames, of which ${groups.length} have a place`,
      expected: "PerFrameFunctionalGroupsSequence to have one item per frame",
      remedy: "Export it as enhanced or as classic single-frame DICOM, or convert it to NIfTI.",
    });
  }
  const source = sourceOf(data);
  if (data.element("ModalityLUTSequence")?.items?.length) {
    throw new DataError("dicom-lookup-table", {
      file: data.file,
      found: "values that a ModalityLUTSequence maps",
      expected: "RescaleSlope and RescaleIntercept",
      remedy: "Export the original images rather than ones made for display.",
    });
  }
  const slices = groups.map((group, frame) => sliceOf(data, group, source, pixels, frame));
  return { kind: "slices", slices: isMosaic(source.imageType) ? mosaicSlices(slices[0], data) : slices };
}

function sliceOf(
  data: DataSet,
  group: FrameGroups,
  source: DicomSource,
  pixels: PixelSource,
  frame: number,
): SliceInstance {
  const place = requiredIn(data, group.find("PlanePositionSequence", "ImagePositionPatient"));
  const cosines = required(
    requiredIn(data, group.find("PlaneOrientationSequence", "ImageOrientationPatient")),
    "ImageOrientationPatient",
    6,
  );
  const measures = requiredIn(data, group.find("PixelMeasuresSequence", "PixelSpacing"));
  const position = required(place, "ImagePositionPatient", 3);
  const spacing = required(measures, "PixelSpacing", 2);
  const sopInstanceUid = requiredText(data, "SOPInstanceUID");
  return {
    file: data.file,
    sopInstanceUid,
    source,
    marks: marksOf(data, group, frame, pixels.frames),
    rows: pixels.rows,
    columns: pixels.columns,
    orientation: [
      [cosines[0], cosines[1], cosines[2]],
      [cosines[3], cosines[4], cosines[5]],
    ],
    position: [position[0], position[1], position[2]],
    pixelSpacing: [spacing[0], spacing[1]],
    nominalThicknessMm: measures.number("SpacingBetweenSlices") ?? measures.number("SliceThickness"),
    ...scalingOf(data, group),
    contrast: [
      group.find("MREchoSequence", "EffectiveEchoTime")?.number("EffectiveEchoTime") ??
        data.number("EchoTime"),
      group.find("MRTimingAndRelatedParametersSequence", "RepetitionTime")?.number("RepetitionTime"),
      group.find("MRTimingAndRelatedParametersSequence", "FlipAngle")?.number("FlipAngle"),
    ],
    component: componentOf([
      ...source.imageType,
      ...(group.find("MRImageFrameTypeSequence", "FrameType")?.texts("FrameType") ?? []),
    ]),
    imagedBreast: imagedBreastOf(data, group),
    pixels,
    frame,
    corner: [0, 0],
  };
}

/** Identifiers of a data set. */
export function sourceOf(data: DataSet, imageType: readonly string[] = data.texts("ImageType")): DicomSource {
  return {
    patientId: data.text("PatientID"),
    studyInstanceUid: data.text("StudyInstanceUID"),
    studyDate: data.text("StudyDate"),
    studyDescription: data.text("StudyDescription"),
    seriesInstanceUid: requiredText(data, "SeriesInstanceUID"),
    seriesNumber: data.number("SeriesNumber"),
    seriesDescription: data.text("SeriesDescription") ?? "",
    modality: data.text("Modality") ?? "",
    manufacturer: data.text("Manufacturer"),
    imageType,
    echoPlanar:
      data.texts("ScanningSequence").includes("EP") || data.text("EchoPlanarPulseSequence") === "YES",
    trialTimePoint: data.text("ClinicalTrialTimePointID"),
    frameOfReferenceUid: data.text("FrameOfReferenceUID"),
  };
}

function marksOf(data: DataSet, group: FrameGroups, frame: number, frames: number): PhaseMarks {
  const content = group.find("FrameContentSequence", "FrameContentSequence");
  const trigger =
    group
      .find("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime")
      ?.number("NominalCardiacTriggerDelayTime") ?? data.number("TriggerTime");
  const number = data.number("InstanceNumber");
  return {
    temporalPosition: content?.number("TemporalPositionIndex") ?? data.number("TemporalPositionIdentifier"),
    temporalOffset: group
      .find("TemporalPositionSequence", "TemporalPositionTimeOffset")
      ?.number("TemporalPositionTimeOffset"),
    // In milliseconds (PS3.3, C.8.3.1 and C.7.6.16.2.7).
    triggerTime: trigger === undefined ? undefined : trigger / 1000,
    acquisitionTime:
      secondsOfDateTime(
        content?.text("FrameAcquisitionDateTime") ?? content?.text("FrameReferenceDateTime"),
      ) ??
      secondsOfDateTime(data.text("AcquisitionDateTime")) ??
      secondsOf(data.text("AcquisitionDate"), data.text("AcquisitionTime")),
    acquisitionNumber: content?.number("FrameAcquisitionNumber") ?? data.number("AcquisitionNumber"),
    contentTime: secondsOf(data.text("ContentDate"), data.text("ContentTime")),
    // Frames of one file follow each other before the next file's.
    instanceNumber: frames === 1 ? number : (number ?? 0) + frame / frames,
  };
}

/** Words of ImageType and FrameType that tell images of one place and time apart: components and Dixon separations. */
const COMPONENTS: Readonly<Record<string, string>> = {
  P: "PHASE",
  PHASE: "PHASE",
  "PHASE MAP": "PHASE",
  R: "REAL",
  REAL: "REAL",
  I: "IMAGINARY",
  IMAGINARY: "IMAGINARY",
  W: "WATER",
  WATER: "WATER",
  F: "FAT",
  FAT: "FAT",
  IP: "IN_PHASE",
  IN_PHASE: "IN_PHASE",
  OP: "OUT_PHASE",
  OPP_PHASE: "OUT_PHASE",
  OUT_PHASE: "OUT_PHASE",
  FF: "FAT_FRACTION",
  FAT_FRACTION: "FAT_FRACTION",
  SUB: "SUBTRACTION",
  SUBTRACTION: "SUBTRACTION",
};

function componentOf(types: readonly string[]): string {
  const found = types.flatMap((type) => (Object.hasOwn(COMPONENTS, type) ? [COMPONENTS[type]] : []));
  return [...new Set(found)].sort().join(" ");
}

function other(why: string): DicomFileKind {
  return { kind: "other", why };
}

/** @throws {DataError} `dicom-attribute` where the attribute does not have so many finite numbers. */
export function required(data: DataSet, name: Parameters<DataSet["numbers"]>[0], count: number): number[] {
  const values = data.numbers(name);
  if (values.length === count && values.every(Number.isFinite)) return values;
  throw attributeError(data, name, values.length === 0 ? "none" : values.join("\\"));
}

/** The data set that holds an attribute, or the whole one, whose lack of it the caller then reports. */
function requiredIn(data: DataSet, found: DataSet | undefined): DataSet {
  return found ?? data;
}

function requiredText(data: DataSet, name: Parameters<DataSet["text"]>[0]): string {
  const value = data.text(name);
  if (value === undefined) throw attributeError(data, name, "none");
  return value;
}

function attributeError(data: DataSet, name: string, value: string): DataError {
  return new DataError("dicom-attribute", {
    file: data.file,
    found: `${name}: ${value}`,
    expected: `a well-formed ${name}`,
    remedy: "Export the image again; geometry is not guessed.",
  });
}
