/** One DICOM image file: what is known of it without its pixels. */
import { DataError } from "../../domain/errors.ts";
import type { Triple } from "../../domain/grid.ts";
import type { DataSet } from "./data-set.ts";
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
  /** (0012,0050), T0–T3 in the I-SPY trials. */
  readonly trialTimePoint: string | undefined;
  readonly frameOfReferenceUid: string | undefined;
}

/** What may tell phases apart, in seconds where it is a time. */
export interface PhaseMarks {
  readonly temporalPosition: number | undefined;
  readonly triggerTime: number | undefined;
  readonly acquisitionTime: number | undefined;
  readonly acquisitionNumber: number | undefined;
  readonly contentTime: number | undefined;
  readonly instanceNumber: number | undefined;
}

/** A slice of a scalar image. */
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
}

/** What a DICOM file is to Residua. */
export type DicomFileKind =
  | { readonly kind: "slice"; readonly slice: SliceInstance }
  /** An object without scalar images in space: a report, a segmentation, a screenshot. */
  | { readonly kind: "other"; readonly why: string };

export const SEGMENTATION_STORAGE = "1.2.840.10008.5.1.4.1.1.66.4";

/**
 * Classifies a data set and reads its image attributes.
 *
 * @throws {DataError} `dicom-multiframe` or `dicom-mosaic` for images whose geometry is per frame or private,
 *   `dicom-attribute` where a required attribute of an image is missing or malformed.
 */
export function describeFile(data: DataSet): DicomFileKind {
  if (data.text("SOPClassUID") === SEGMENTATION_STORAGE) return other("segmentations");
  if (data.element("PixelData") === undefined) return other("objects without pixels");
  if ((data.number("SamplesPerPixel") ?? 1) !== 1) return other("colour images");
  if (
    (data.number("NumberOfFrames") ?? 1) > 1 ||
    data.element("PerFrameFunctionalGroupsSequence") !== undefined
  ) {
    throw unread(data, "dicom-multiframe", "a multi-frame image");
  }
  const imageType = data.texts("ImageType");
  if (imageType.includes("MOSAIC")) throw unread(data, "dicom-mosaic", "a Siemens mosaic");
  if (data.element("ImagePositionPatient") === undefined)
    return other("images without a position in the patient");
  const rows = required(data, "Rows", 1)[0];
  const columns = required(data, "Columns", 1)[0];
  const cosines = required(data, "ImageOrientationPatient", 6);
  const position = required(data, "ImagePositionPatient", 3);
  const spacing = required(data, "PixelSpacing", 2);
  return {
    kind: "slice",
    slice: {
      file: data.file,
      sopInstanceUid: requiredText(data, "SOPInstanceUID"),
      source: sourceOf(data, imageType),
      marks: marksOf(data),
      rows,
      columns,
      orientation: [
        [cosines[0], cosines[1], cosines[2]],
        [cosines[3], cosines[4], cosines[5]],
      ],
      position: [position[0], position[1], position[2]],
      pixelSpacing: [spacing[0], spacing[1]],
      nominalThicknessMm: data.number("SpacingBetweenSlices") ?? data.number("SliceThickness"),
      slope: data.number("RescaleSlope") ?? 1,
      intercept: data.number("RescaleIntercept") ?? 0,
      contrast: [data.number("EchoTime"), data.number("RepetitionTime"), data.number("FlipAngle")],
    },
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
    trialTimePoint: data.text("ClinicalTrialTimePointID"),
    frameOfReferenceUid: data.text("FrameOfReferenceUID"),
  };
}

function marksOf(data: DataSet): PhaseMarks {
  const trigger = data.number("TriggerTime");
  return {
    temporalPosition: data.number("TemporalPositionIdentifier"),
    // In milliseconds (PS3.3, C.8.3.1).
    triggerTime: trigger === undefined ? undefined : trigger / 1000,
    acquisitionTime:
      secondsOfDateTime(data.text("AcquisitionDateTime")) ??
      secondsOf(data.text("AcquisitionDate"), data.text("AcquisitionTime")),
    acquisitionNumber: data.number("AcquisitionNumber"),
    contentTime: secondsOf(data.text("ContentDate"), data.text("ContentTime")),
    instanceNumber: data.number("InstanceNumber"),
  };
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

function unread(data: DataSet, code: string, what: string): DataError {
  return new DataError(code, {
    file: data.file,
    found: what,
    expected: "one file per slice",
    remedy: "Export it as classic single-frame DICOM, or convert it to NIfTI.",
  });
}
