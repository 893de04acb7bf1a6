/** What an object that is derived from an image takes over from it: patient, study, frame of reference, references. */
import { DataError } from "../../../domain/errors.ts";
import { readBytes } from "../../files.ts";
import { type DataSet, parseDicom } from "../data-set.ts";
import type { SliceInstance } from "../instance.ts";
import { type DicomItem, WRITTEN_ATTRIBUTES, type WrittenAttribute } from "./attributes.ts";

export interface SourceImage {
  /** Attributes of patient and study, byte for byte, so that the object is filed where its source is. */
  readonly patientAndStudy: DicomItem;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly seriesNumber: number;
  readonly frameOfReferenceUid: string;
  readonly positionReferenceIndicator: string | Uint8Array;
  /** Of all instances. */
  readonly sopClassUid: string;
  /** One per slice of the grid, in its order. */
  readonly instances: readonly SourceInstance[];
}

export interface SourceInstance {
  readonly sopInstanceUid: string;
  /** From 1, where the instance has several frames. */
  readonly frame?: number;
}

/** The UIDs of all instances, each once: slices may be frames of one. */
export function instanceUids(instances: readonly SourceInstance[]): string[] {
  return [...new Set(instances.map(({ sopInstanceUid }) => sopInstanceUid))];
}

/** Patient, General Study and Patient Study modules (PS3.3, C.7.1.1, C.7.2.1, C.12.1): required ones may be empty. */
const REQUIRED = [
  "PatientName",
  "PatientID",
  "PatientBirthDate",
  "PatientSex",
  "StudyDate",
  "StudyTime",
  "AccessionNumber",
  "ReferringPhysicianName",
  "StudyID",
] as const satisfies readonly WrittenAttribute[];

const OPTIONAL = [
  "SpecificCharacterSet",
  "TimezoneOffsetFromUTC",
  "StudyDescription",
  "IssuerOfPatientID",
  "PatientIdentityRemoved",
  "DeidentificationMethod",
  "LongitudinalTemporalInformationModified",
] as const satisfies readonly WrittenAttribute[];

/**
 * @param slices of one phase of one series, in the order of the grid.
 * @throws {DataError} `dicom-attribute` where identifiers that a reference needs are missing, and as reading the file.
 */
export async function readSourceImage(slices: readonly SliceInstance[]): Promise<SourceImage> {
  const [{ file, source }] = slices;
  const data = parseDicom(await readBytes(file), file);
  return {
    patientAndStudy: copied(data),
    studyInstanceUid: needed(source.studyInstanceUid, "StudyInstanceUID", file),
    seriesInstanceUid: source.seriesInstanceUid,
    seriesNumber: source.seriesNumber ?? 0,
    frameOfReferenceUid: needed(source.frameOfReferenceUid, "FrameOfReferenceUID", file),
    positionReferenceIndicator: bytesOf(data, "PositionReferenceIndicator") ?? "",
    sopClassUid: needed(data.text("SOPClassUID"), "SOPClassUID", file),
    instances: slices.map(({ sopInstanceUid, pixels, frame }) =>
      pixels.frames > 1 ? { sopInstanceUid, frame: frame + 1 } : { sopInstanceUid },
    ),
  };
}

function copied(data: DataSet): DicomItem {
  const item: Record<string, string | Uint8Array> = {};
  for (const name of REQUIRED) item[name] = bytesOf(data, name) ?? "";
  for (const name of OPTIONAL) {
    const bytes = bytesOf(data, name);
    if (bytes !== undefined) item[name] = bytes;
  }
  if (item.PatientIdentityRemoved !== undefined)
    item.DeidentificationMethod ??= "Before this object was made";
  return item;
}

function bytesOf(data: DataSet, name: WrittenAttribute): Uint8Array | undefined {
  const bytes = data.tree.elements.get(WRITTEN_ATTRIBUTES[name].tag)?.bytes;
  return bytes === undefined || bytes.length === 0 ? undefined : bytes;
}

function needed(value: string | undefined, name: string, file: string): string {
  if (value !== undefined) return value;
  throw new DataError("dicom-attribute", {
    file,
    found: `no ${name}`,
    expected: `a ${name}, which references to the image need`,
    remedy: "Export the image again from where it was acquired or archived.",
  });
}
