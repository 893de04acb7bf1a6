/** What of an examination may be shown and kept, once its identifiers are replaced. */
import path from "node:path";
import { DataError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import {
  cleanDescription,
  cleanPath,
  createScrubber,
  holdsDateOrUid,
} from "../../io/deidentification/clean-text.ts";
import { shiftedDay } from "../../io/deidentification/dates.ts";
import type { Harvest } from "../../io/deidentification/harvest.ts";
import type { Identities } from "../../io/deidentification/identities.ts";
import type { Replacements } from "../../io/deidentification/rewrite.ts";
import type { ExaminationSource } from "./source.ts";

export interface Disguise {
  /** Study identifiers; the folders' names where these reveal nothing. */
  readonly patient: string;
  readonly visit: string;
  /** Date of the study, moved, as YYYY-MM-DD. */
  readonly studyDate: string | undefined;
  readonly issues: readonly Issue[];
  /** What DICOM copies are made from; undefined where de-identification is off. */
  readonly dicom: { readonly files: readonly string[]; readonly replacements: Replacements } | undefined;
  /** A description of a series or study, of which only known words are kept; empty where none is. */
  readonly description: (text: string) => string;
  /** An issue without identifiers, its subject the study identifiers. */
  readonly issue: (issue: Issue) => Issue;
}

/**
 * Replaces what identifies the patient. A folder's name stays the study identifier where the
 * user gave it, where the files say that the identity was removed, or where it contains no identifying value of the files; else the
 * identifier is made from the key.
 *
 * @throws {DataError} `dicom-none` where no file tells whose it is, `ingest-patients-mixed` where the files are of several patients.
 */
export function disguiseExamination(
  source: ExaminationSource,
  harvest: Harvest,
  identities: Identities,
): Disguise {
  const { patientIds, identityRemoved } = harvest;
  if (harvest.readable === 0) {
    throw new DataError("dicom-none", {
      found: `${source.files.length} files, none of them a DICOM file whose attributes can be read`,
      expected: "DICOM files",
    });
  }
  if (patientIds.size > 1) {
    throw new DataError("ingest-patients-mixed", {
      found: `files with ${patientIds.size} different PatientIDs in one examination`,
      expected: "one patient per examination",
      remedy: "Sort the files by patient.",
    });
  }
  const hidden = scrubIdentifying(harvest);
  const reveals = (name: string) => hidden(name) !== name || holdsDateOrUid(name);
  const keep = source.named || identityRemoved;
  const sourceId = [...patientIds][0] ?? source.patient;
  const pseudonym =
    keep || !reveals(source.patient)
      ? identities.patient(sourceId, source.patient)
      : identities.patient(sourceId);
  identities.nameFolder(source.patient, pseudonym.studyId);
  const visit = keep || !reveals(source.visit) ? source.visit : `visit-${source.ordinal}`;
  const patient = pseudonym.studyId;
  const subject = `${patient}/${visit}`;
  const texts = scrubber(harvest.descriptions, source, hidden, { patient, visit });
  return {
    patient,
    visit,
    studyDate: shiftedDay(harvest.studyDate ?? "", pseudonym.shiftDays),
    issues: issuesOf(harvest, source, { patient, visit, known: identities.identifiersOf(patient) }),
    dicom: {
      files: source.files,
      replacements: { ...pseudonym, uid: (uid) => identities.uid(uid), text: hidden },
    },
    description: (text) => cleanDescription(hidden(text)),
    issue: ({ file, ...issue }) => ({
      ...issue,
      message: texts(issue.message),
      subject,
      ...(file === undefined ? {} : { file: cleanPath(hidden(file)) }),
    }),
  };
}

/** The examination as it is called at its source, for a user who has turned de-identification off. */
export function undisguised({ patient, visit }: ExaminationSource): Disguise {
  const same = (text: string) => text;
  return {
    patient,
    visit,
    studyDate: undefined,
    issues: [],
    dicom: undefined,
    description: same,
    issue: (issue) => ({ ...issue, subject: `${patient}/${visit}` }),
  };
}

const REMOVED = "[removed]";

function scrubIdentifying({ identifying }: Harvest): (text: string) => string {
  return createScrubber(new Map([...identifying].map((value) => [value, REMOVED])));
}

/** For texts that readers compose of paths, descriptions and values of the files. */
function scrubber(
  descriptions: ReadonlySet<string>,
  { folder, files, patient, visit }: ExaminationSource,
  hidden: (text: string) => string,
  names: { readonly patient: string; readonly visit: string },
): (text: string) => string {
  const replacements = new Map<string, string>();
  for (const description of descriptions)
    replacements.set(description, cleanDescription(hidden(description)));
  for (const file of files) {
    const relative = path.relative(folder, file);
    const clean = cleanPath(hidden(relative));
    replacements.set(file, clean);
    if (clean !== relative) replacements.set(relative, clean);
    if (clean !== relative) replacements.set(path.basename(relative), path.basename(clean));
  }
  replacements.set(folder, `${names.patient}/${names.visit}`);
  if (names.patient !== patient) replacements.set(patient, names.patient);
  if (names.visit !== visit) replacements.set(visit, names.visit);
  const scrub = createScrubber(replacements);
  return (text) => hidden(scrub(text));
}

function issuesOf(
  { burnedIn, withPrivate }: Harvest,
  source: ExaminationSource,
  { patient, visit, known }: { readonly patient: string; readonly visit: string; readonly known: number },
): Issue[] {
  const subject = `${patient}/${visit}`;
  const issues: Issue[] = [];
  const report = (code: string, severity: Issue["severity"], message: string) =>
    issues.push({ code, severity, message, subject });
  if (patient !== source.patient || visit !== source.visit) {
    report(
      "deidentify-renamed",
      "info",
      "The names of the folders contain identifiers of the patient and were replaced. The table of identities leads back.",
    );
  }
  if (known > 1) {
    report(
      "deidentify-identifiers",
      "warning",
      `${known} identifiers at the source lead to this patient. Check that they are of one person.`,
    );
  }
  if (burnedIn > 0) {
    report(
      "deidentify-burned-in",
      "warning",
      `${burnedIn} files state that their pixels show an annotation or features by which the patient may be recognised. Pixels are copied as they are: look at the images before they leave.`,
    );
  }
  if (withPrivate > 0) {
    report(
      "deidentify-private",
      "info",
      `${withPrivate} files have private attributes. Only numbers that are known to be safe are read and kept.`,
    );
  }
  return issues;
}
