/** The studies of an archive, sorted by PatientID and StudyInstanceUID, and the visits that they are. */
import { DataError, ResiduaError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import { cleanPath } from "../../io/deidentification/clean-text.ts";
import type { Identities } from "../../io/deidentification/identities.ts";
import {
  type ArchivedPatient,
  type ArchivedStudy,
  type ArchiveIndex,
  indexArchive,
  sortArchive,
} from "../../io/dicom/archive.ts";
import { type DceChoice, type DicomDce, readDceIn } from "../../io/dicom/dce.ts";
import { dceCandidates } from "../../io/dicom/dce-candidates.ts";
import { missingFiles, missingFilesIssues } from "../../io/dicom/directory.ts";
import type { Progress } from "../progress.ts";
import { type Heads, readHeads, type Settled, type Source } from "./source.ts";
import { type DatedStudy, nameVisits, type StudyPlace } from "./visit-names.ts";
import type { VisitTable } from "./visit-table.ts";

export interface Archive {
  readonly dir: string;
  /** All files below it. */
  readonly files: readonly string[];
  readonly table: VisitTable;
  /** Undefined where patients are called as in their files. */
  readonly identities: Identities | undefined;
}

interface Watched {
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/**
 * One source per study, patient by patient. The heads of a patient's MR studies are read when the first of them is settled, since the names
 * of visits depend on all; pixels, when one is read.
 *
 * @returns with issues that hold no identifiers.
 */
export async function archiveSources(
  archive: Archive,
  { progress, signal }: Watched,
): Promise<{ readonly sources: readonly Source[]; readonly issues: readonly Issue[] }> {
  const task = progress.begin("sort files", archive.files.length);
  const index = await indexArchive(archive.files, () => {
    signal?.throwIfAborted();
    task.advance();
  });
  task.done();
  const { patients, unsorted } = sortArchive(index.files);
  const issues = [...leftOutIssues(index, archive), ...unsortedIssues(unsorted)];
  const sources: Source[] = [];
  for (const patient of patients) {
    if (patient.doubt === undefined) {
      sources.push(...patientSources(patient, archive, sources.length));
      continue;
    }
    issues.push({
      code: "archive-patient-doubtful",
      severity: "error",
      subject: studyIdOf(patient, archive),
      message: `${patient.studies.length} studies of one PatientID have ${patient.doubt}, so that they may be of several persons. They were left out. Ingest them one by one, with --patient and --visit.`,
    });
  }
  const unmatched = archive.table.unmatched(
    patients.flatMap(({ patientId, studies }) => studies.map(({ uid, day }) => ({ patientId, uid, day }))),
  );
  if (unmatched > 0) {
    issues.push({
      code: "archive-visits-unmatched",
      severity: "warning",
      message: `${unmatched} rows of the table of visits name no study of the source. Check PatientIDs, dates and UIDs.`,
    });
  }
  return { sources, issues };
}

function studyIdOf({ patientId, identityRemoved }: ArchivedPatient, { identities }: Archive): string {
  if (identities === undefined) return patientId;
  const known = identities.studyIdOf(patientId);
  return identities.patient(patientId, known ?? (identityRemoved ? patientId : undefined)).studyId;
}

function patientSources(patient: ArchivedPatient, archive: Archive, before: number): Source[] {
  let planned: Promise<Settled[]> | undefined;
  return patient.studies.map((_, i) => ({
    id: `study ${before + i + 1} of the source`,
    hidden: [archive.dir, patient.patientId],
    async settle() {
      planned ??= planPatient(patient, archive);
      const plan = await planned;
      const [settled] = plan.splice(0, 1);
      return settled;
    },
  }));
}

interface Examined extends DatedStudy {
  readonly study: ArchivedStudy;
  /** Undefined where nothing was read, since there are no MR images. */
  readonly heads: Heads | undefined;
}

/** In the order of the studies. */
async function planPatient(patient: ArchivedPatient, archive: Archive): Promise<Settled[]> {
  const examined: Examined[] = [];
  for (const study of patient.studies) examined.push(await examine(study, archive));
  const { places, issues } = nameVisits(patient.patientId, examined, archive.table);
  const studyId = studyIdOf(patient, archive);
  const settle = async (one: Examined, i: number): Promise<Settled> => {
    const place = places[i];
    const first = i === 0 ? issues.map((issue) => ({ ...issue, subject: studyId })) : [];
    if (place.kind === "left-out") {
      return { kind: "left-out", issues: [...first, { ...place.issue, subject: studyId }] };
    }
    return {
      kind: "examination",
      source: {
        folder: archive.dir,
        files: one.study.files,
        patient: studyId,
        visit: place.kind === "visit" ? place.visit : `study-${i + 1}`,
        ordinal: i + 1,
        named: true,
      },
      harvest: (one.heads ?? (await readHeads(archive.dir, one.study.files))).harvest,
      issues: first,
      read: (choice) => readStudy(one, place, choice),
    };
  };
  return Promise.all(examined.map(settle));
}

async function readStudy({ heads }: Examined, place: StudyPlace, choice: DceChoice): Promise<DicomDce> {
  if (place.kind === "refused") throw place.error;
  if (heads?.folder instanceof ResiduaError) throw heads.folder;
  if (heads !== undefined) return readDceIn(heads.folder, choice);
  throw new DataError("dce-missing", {
    found: "a study without MR images",
    expected: "a dynamic series",
    remedy: "Correct the table of visits.",
  });
}

async function examine(study: ArchivedStudy, { dir }: Archive): Promise<Examined> {
  const { uid, day, modalities } = study;
  const named = { study, uid, day };
  // Mammograms and the like need not be read; of a study whose files are all damaged nothing is known.
  if (modalities.size > 0 && !modalities.has("MR")) {
    return { ...named, dynamic: "no", heads: undefined };
  }
  const heads = await readHeads(dir, study.files);
  return { ...named, dynamic: dynamicOf(heads.folder), heads };
}

function dynamicOf(folder: Heads["folder"]): DatedStudy["dynamic"] {
  if (folder instanceof ResiduaError) return "maybe";
  const failed = folder.issues.some(({ severity }) => severity === "error");
  return dceCandidates(folder).length > 0 ? "yes" : failed ? "maybe" : "no";
}

function leftOutIssues({ notDicom, directories, references }: ArchiveIndex, { files }: Archive): Issue[] {
  const counts: [number, string][] = [
    [notDicom, "files that are not DICOM"],
    [directories.length, "directories (DICOMDIR)"],
  ];
  return [
    ...counts
      .filter(([count]) => count > 0)
      .map(([count, what]): Issue => {
        return { code: "dicom-left-out", severity: "info", message: `${count} ${what} were left out.` };
      }),
    ...missingFilesIssues(missingFiles(references, files).map(cleanPath)),
  ];
}

function unsortedIssues(unsorted: readonly string[]): Issue[] {
  if (unsorted.length === 0) return [];
  return [
    {
      code: "archive-patient-unknown",
      severity: "error",
      message: `${unsorted.length} files without a PatientID or a StudyInstanceUID were left out. Ingest them one examination at a time, with --patient and --visit.`,
    },
  ];
}
