/** What the files of an archive say of the patient and study that they belong to, whatever their folders. */
import { ATTRIBUTES } from "./attributes.ts";
import { type ReferencedFile, referencedFiles } from "./directory.ts";
import { readAttributes, textsOf } from "./file-attributes.ts";
import { headScratch } from "./head-file.ts";
import { secondsOf } from "./times.ts";

export interface ArchivedFile {
  readonly file: string;
  readonly patientId: string | undefined;
  readonly issuer: string | undefined;
  readonly birthDate: string | undefined;
  /** Whether the file states that PatientID does not identify (Patient Identity Removed). */
  readonly identityRemoved: boolean;
  readonly study: string | undefined;
  /** StudyDate, else the date of series, acquisition or content, as YYYYMMDD. */
  readonly day: string | undefined;
  /** Seconds since the epoch at which the study began; undefined without a day. */
  readonly beganSeconds: number | undefined;
  readonly modality: string;
  readonly sopInstanceUid: string | undefined;
  /** A damaged file gives no image, and may be anybody's. */
  readonly whole: boolean;
}

export interface ArchiveIndex {
  /** All DICOM objects but directories. */
  readonly files: readonly ArchivedFile[];
  /** Folders' own lists of what they hold: DICOMDIR. */
  readonly directories: readonly string[];
  readonly references: readonly ReferencedFile[];
  readonly notDicom: number;
}

const SERIES_DATE = 0x00080021;
const STUDY_TIME = 0x00080030;
const ISSUER_OF_PATIENT_ID = 0x00100021;
const PATIENT_BIRTH_DATE = 0x00100030;
const PATIENT_IDENTITY_REMOVED = 0x00120062;
/** Files after which other work may run, since they are read synchronously. */
const FILES_PER_TURN = 32;

/**
 * Reads the heads of files. One that cannot be read at all counts as not DICOM.
 *
 * @param onFile is called before each file; what it throws ends the reading.
 */
export async function indexArchive(
  paths: readonly string[],
  onFile: () => void = () => {},
): Promise<ArchiveIndex> {
  const files: ArchivedFile[] = [];
  const directories: string[] = [];
  const references: ReferencedFile[] = [];
  const scratch = headScratch();
  let notDicom = 0;
  for (const [i, file] of paths.entries()) {
    if (i % FILES_PER_TURN === FILES_PER_TURN - 1) await new Promise(setImmediate);
    onFile();
    const read = await readAttributes(file, scratch);
    if (read === undefined) {
      notDicom++;
      continue;
    }
    const { data, whole } = read;
    if (data.element("DirectoryRecordSequence") !== undefined) {
      directories.push(file);
      references.push(...referencedFiles(data));
      continue;
    }
    const first = (tag: number) => textsOf(data.tree, tag)[0];
    const day = [
      ATTRIBUTES.StudyDate.tag,
      SERIES_DATE,
      ATTRIBUTES.AcquisitionDate.tag,
      ATTRIBUTES.ContentDate.tag,
    ]
      .map((tag) => first(tag)?.replaceAll(".", ""))
      .find((date) => date !== undefined && /^\d{8}$/.test(date));
    files.push({
      file,
      patientId: first(ATTRIBUTES.PatientID.tag),
      issuer: first(ISSUER_OF_PATIENT_ID),
      birthDate: first(PATIENT_BIRTH_DATE),
      identityRemoved: first(PATIENT_IDENTITY_REMOVED) === "YES",
      study: first(ATTRIBUTES.StudyInstanceUID.tag),
      day,
      beganSeconds:
        day === undefined ? undefined : (secondsOf(day, first(STUDY_TIME)) ?? secondsOf(day, "000000")),
      modality: first(ATTRIBUTES.Modality.tag) ?? "",
      sopInstanceUid: first(ATTRIBUTES.SOPInstanceUID.tag),
      whole,
    });
  }
  return { files, directories, references, notDicom };
}

/** Files of one StudyInstanceUID and patient. */
export interface ArchivedStudy {
  readonly uid: string;
  readonly files: readonly string[];
  readonly day: string | undefined;
  readonly beganSeconds: number | undefined;
  /** What its whole files are, e.g. `MR`, `MG`. */
  readonly modalities: ReadonlySet<string>;
}

export interface ArchivedPatient {
  readonly patientId: string;
  /** By their beginning; those without a date last. */
  readonly studies: readonly ArchivedStudy[];
  readonly identityRemoved: boolean;
  /** Why the files may be of several persons. */
  readonly doubt: string | undefined;
}

/** PatientIDs that anonymisers give to everybody. */
const PLACEHOLDER = /^(?:anon\w*|unknown|none|null|n\/?a|test|0+|x+)$/i;

/** Sorts files by PatientID and StudyInstanceUID, those without either apart. */
export function sortArchive(files: readonly ArchivedFile[]): {
  readonly patients: readonly ArchivedPatient[];
  readonly unsorted: readonly string[];
} {
  const unsorted: string[] = [];
  const patients = new Map<string, Map<string, ArchivedFile[]>>();
  for (const file of files) {
    if (file.patientId === undefined || file.study === undefined) {
      unsorted.push(file.file);
      continue;
    }
    const studies = patients.get(file.patientId) ?? new Map<string, ArchivedFile[]>();
    patients.set(file.patientId, studies);
    const members = studies.get(file.study);
    if (members === undefined) studies.set(file.study, [file]);
    else members.push(file);
  }
  return {
    patients: [...patients].map(([patientId, studies]) => patientOf(patientId, studies)),
    unsorted,
  };
}

function patientOf(
  patientId: string,
  studies: ReadonlyMap<string, readonly ArchivedFile[]>,
): ArchivedPatient {
  const members = [...studies.values()].flat();
  const several = (value: (file: ArchivedFile) => string | undefined) =>
    new Set(members.flatMap((file) => (file.whole ? (value(file) ?? []) : []))).size > 1;
  const doubt = several(({ birthDate }) => birthDate)
    ? "several dates of birth"
    : several(({ issuer }) => issuer)
      ? "several issuers of its PatientID"
      : studies.size > 1 && PLACEHOLDER.test(patientId)
        ? "a PatientID that anonymisers give to everybody"
        : undefined;
  return {
    patientId,
    studies: [...studies]
      .map(([uid, of]) => studyOf(uid, of))
      .sort(
        (a, b) => (a.beganSeconds ?? Infinity) - (b.beganSeconds ?? Infinity) || (a.uid < b.uid ? -1 : 1),
      ),
    identityRemoved: members.every(({ identityRemoved }) => identityRemoved),
    doubt,
  };
}

function studyOf(uid: string, files: readonly ArchivedFile[]): ArchivedStudy {
  const times = files.flatMap(({ beganSeconds }) => beganSeconds ?? []);
  const days = files.flatMap(({ day }) => day ?? []).sort();
  return {
    uid,
    files: files.map(({ file }) => file),
    day: days[0],
    beganSeconds: times.length === 0 ? undefined : times.reduce((least, time) => Math.min(least, time)),
    modalities: new Set(files.flatMap(({ whole, modality }) => (whole ? [modality] : []))),
  };
}
