/** What every object that Residua writes has: common modules, who made it and when. */
import { type DicomObject, uidFrom } from "./encode.ts";
import type { SourceImage } from "./source.ts";

/** The network or the models that made the content. */
export interface Algorithm {
  readonly name: string;
  readonly version: string;
}

export interface ObjectOrigin {
  readonly source: SourceImage;
  readonly algorithm: Algorithm;
  readonly createdAt: Date;
}

/** DICOM date and time (PS3.5, 6.2) of the local clock. */
export function dicomDateTime(at: Date): { readonly date: string; readonly time: string } {
  const two = (value: number) => String(value).padStart(2, "0");
  return {
    date: `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`,
    time: `${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`,
  };
}

/** Text as the character set of the source can hold it, whatever that is: ASCII, at most so long, without the value separator. */
export function plainText(text: string, longest = 64): string {
  return text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^ -~]|\\/g, "?")
    .slice(0, longest)
    .trim();
}

/** Series numbers of derived objects stand apart from those of a scanner. */
const SERIES_NUMBER_OFFSET = { SEG: 9000, SR: 9500 } as const;

interface SeriesObject {
  readonly modality: keyof typeof SERIES_NUMBER_OFFSET;
  readonly sopClassUid: string;
  readonly description: string;
  /** What tells this object from others of the same source, algorithm and time. */
  readonly content: string;
}

/** Patient, study, series, equipment and SOP common modules (PS3.3, C.7 and C.12.1). */
export function commonModules(
  { source, algorithm, createdAt }: ObjectOrigin,
  { modality, sopClassUid, description, content }: SeriesObject,
): DicomObject {
  const { date, time } = dicomDateTime(createdAt);
  const key = [modality, source.seriesInstanceUid, algorithm.name, algorithm.version, content, date, time];
  return {
    ...source.patientAndStudy,
    InstanceCreationDate: date,
    InstanceCreationTime: time,
    SOPClassUID: sopClassUid,
    SOPInstanceUID: uidFrom("instance", ...key),
    SeriesDate: date,
    SeriesTime: time,
    ContentDate: date,
    ContentTime: time,
    Modality: modality,
    Manufacturer: "Residua",
    ManufacturerModelName: "residua",
    DeviceSerialNumber: "none",
    SoftwareVersions: plainText(algorithm.version),
    StudyInstanceUID: source.studyInstanceUid,
    SeriesInstanceUID: uidFrom("series", ...key),
    SeriesNumber: SERIES_NUMBER_OFFSET[modality] + Math.min(source.seriesNumber, 400),
    SeriesDescription: plainText(description),
    InstanceNumber: 1,
  };
}
