/** `residua ingest`: DICOM examinations into a cohort in the native layout. */
import path from "node:path";
import { DataError, UsageError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import { createScrubber } from "../../io/deidentification/clean-text.ts";
import { openIdentities } from "../../io/deidentification/identities.ts";
import { readDceSeries } from "../../io/dicom/dce.ts";
import { dicomFolderOf } from "../../io/dicom/folder.ts";
import type { DicomSource } from "../../io/dicom/instance.ts";
import { foldersIn, isFolder } from "../../io/folders.ts";
import { writeExamination } from "../../io/layouts/native.ts";
import type { Progress } from "../progress.ts";
import { eachCase } from "../segmentation/each-case.ts";
import { copyExamination } from "./dicom-copies.ts";
import { type Disguise, disguiseExamination, type ExaminationSource, undisguised } from "./disguise.ts";
import { referenceMask } from "./reference-mask.ts";
import { earlierExamination, sourceState } from "./resume.ts";

export interface IngestRequest {
  /** `SOURCE/<patient>/<visit>/…` of DICOM files, or one examination where `patient` and `visit` are given. */
  readonly source: string;
  readonly folder: string;
  readonly patient?: string;
  readonly visit?: string;
  /**
   * The table of identities by which patients are replaced; `<folder>.identities.json` beside the cohort where left out. `off` copies
   * names of folders and descriptions as they are.
   */
  readonly identities?: string | "off";
  /** Whether de-identified DICOM copies are written to `<folder>/dicom/<patient>/<visit>/`. */
  readonly keepDicom?: boolean;
  /** Labels of the DICOM segments that are the reference mask; by default the one that means a tumour. */
  readonly segments?: readonly string[];
  /** Whether images are written as `.nii`, which takes half the time and twice the space. */
  readonly uncompressed?: boolean;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

export interface IngestedExamination {
  readonly patient: string;
  readonly visit: string;
  readonly phases: number;
  readonly timesSeconds: readonly number[];
  /** Whether it stood there already, made from the same files. */
  readonly reused: boolean;
}

/** Where the table of identities of a cohort stands: beside it, since the cohort is what leaves. */
export function defaultIdentitiesFile(folder: string): string {
  return `${path.resolve(folder)}.identities.json`;
}

export interface IngestOutcome {
  /** The layout that was recognised. */
  readonly layout: "dicom";
  readonly examinations: readonly IngestedExamination[];
  /** The table of identities; null where the examinations were not de-identified. */
  readonly identities: string | null;
  readonly issues: readonly Issue[];
}

interface Source extends ExaminationSource {
  /** `patient/visit`. */
  readonly id: string;
}

/**
 * Sorts each examination's DICOM files into phases and writes them as NIfTI, under study identifiers. Of the source only manufacturer
 * and series description are kept, cleaned, and the date of the study, moved (docs/decisions/0017). A DICOM segmentation of the tumour becomes the
 * reference mask (docs/decisions/0019). An examination that stands there
 * whole, made from the same files, is not made again.
 *
 * @param seen is told how each examination is called and what its files reveal.
 * @throws {UsageError} `ingest-name` where only one of patient and visit is given.
 * @throws {DataError} `ingest-none` where no examination could be read.
 */
export async function ingestDicom(
  request: IngestRequest,
  seen?: (disguise: Disguise) => void,
): Promise<IngestOutcome> {
  const { folder, progress, signal, uncompressed = false } = request;
  const sources = await findSources(request);
  const table = request.identities ?? defaultIdentitiesFile(folder);
  const identities = table === "off" ? undefined : await openIdentities(table);
  const examinations: IngestedExamination[] = [];
  const noticed: Issue[] = [...(identities?.issues ?? [])];
  const disguises = new Map<string, Disguise>();
  const each = { name: "ingest", progress, ...(signal === undefined ? {} : { signal }) };
  const { issues: failed } = await eachCase(sources, each, async (source) => {
    const disguise =
      identities === undefined ? undisguised(source) : await disguiseExamination(source, identities);
    disguises.set(source.id, disguise);
    seen?.(disguise);
    // Before the images, so that nothing is written which the table does not lead back from.
    await identities?.save();
    const { patient, visit } = disguise;
    requireNew(examinations, disguise);
    const subject = `${patient}/${visit}`;
    const files = await sourceState(source.folder, choices(request));
    // Keyed, since names of files may be guessed.
    const state = identities === undefined ? files : identities.uid(files);
    const earlier = await earlierExamination(folder, patient, visit, state);
    if (earlier !== undefined) {
      const { timesSeconds } = earlier.record;
      noticed.push(...earlier.issues.map((issue) => ({ ...issue, subject })));
      examinations.push({ patient, visit, phases: timesSeconds.length, timesSeconds, reused: true });
      return;
    }
    const dce = await readDceSeries(source.folder);
    const { value: series, issues: found, sources: origins } = dce;
    const { value: segmentation, issues: marked } = await referenceMask(dce, {
      labels: request.segments ?? [],
      shown: disguise.description,
    });
    const copied =
      request.keepDicom === true && disguise.dicom !== undefined
        ? await copyExamination(disguise.dicom.files, folder, disguise, disguise.dicom.replacements)
        : [];
    const issues = [...disguise.issues, ...copied, ...[...found, ...marked].map(disguise.issue)];
    await writeExamination(folder, patient, visit, series, {
      source: { layout: "dicom", ...describedSource(origins[0], disguise), state },
      issues,
      uncompressed,
      ...(segmentation === undefined ? {} : { segmentation }),
    });
    noticed.push(...issues.map((issue) => ({ ...issue, subject })));
    examinations.push({
      patient,
      visit,
      phases: series.phases.length,
      timesSeconds: series.timesSeconds,
      reused: false,
    });
  });
  const issues = identities === undefined ? failed : failed.map(withoutIdentifiers(sources, disguises));
  if (examinations.length === 0) {
    throw new DataError("ingest-none", {
      ...(identities === undefined ? { file: request.source } : {}),
      found: `none of ${sources.length} examinations could be read: ${issues[0]?.message ?? ""}`,
    });
  }
  return {
    layout: "dicom",
    examinations,
    identities: identities === undefined ? null : table,
    issues: [...noticed, ...issues],
  };
}

/** Issues of examinations that failed; one whose identifiers could not be found out is named by its place among the sources. */
function withoutIdentifiers(
  sources: readonly Source[],
  disguises: ReadonlyMap<string, Disguise>,
): (issue: Issue) => Issue {
  return (issue) => {
    const disguise = disguises.get(issue.subject ?? "");
    if (disguise !== undefined) return disguise.issue(issue);
    const position = sources.findIndex(({ id }) => id === issue.subject);
    const { folder, patient, visit } = sources[position];
    const names = [folder, patient, visit].map((name): [string, string] => [name, "[removed]"]);
    const subject = `examination ${position + 1} of the source`;
    return { ...issue, subject, message: createScrubber(new Map(names))(issue.message) };
  };
}

/** What else than the files an examination depends on. */
function choices({ uncompressed, keepDicom, identities, segments = [] }: IngestRequest): string[] {
  return [
    ...segments.map((label) => `segment ${label}`),
    ...(uncompressed === true ? ["uncompressed"] : []),
    ...(keepDicom === true ? ["dicom copies"] : []),
    ...(identities === "off" ? ["not de-identified"] : []),
  ];
}

function describedSource(origin: DicomSource, { description, studyDate }: Disguise): Record<string, string> {
  const manufacturer = description(origin.manufacturer ?? "");
  const seriesDescription = description(origin.seriesDescription);
  return {
    ...(seriesDescription === "" ? {} : { seriesDescription }),
    ...(manufacturer === "" ? {} : { manufacturer }),
    ...(studyDate === undefined ? {} : { studyDateShifted: studyDate }),
  };
}

function requireNew(examinations: readonly IngestedExamination[], { patient, visit }: Disguise): void {
  if (!examinations.some((other) => other.patient === patient && other.visit === visit)) return;
  throw new DataError("ingest-examination-twice", {
    found: `a second examination ${patient}/${visit}`,
    expected: "one folder per patient and visit",
    remedy: "Two folders hold the same patient: give their visits different names.",
  });
}

async function findSources({ source, patient, visit }: IngestRequest): Promise<Source[]> {
  if (!(await isFolder(dicomFolderOf(source)))) {
    throw new DataError("file-missing", { file: source, found: "no such folder" });
  }
  if ((patient === undefined) !== (visit === undefined)) {
    throw new UsageError("ingest-name", {
      found: patient === undefined ? "a visit without a patient" : "a patient without a visit",
      expected: "both, for one examination, or neither",
    });
  }
  if (patient !== undefined && visit !== undefined) {
    return [
      { id: `${patient}/${visit}`, folder: dicomFolderOf(source), patient, visit, ordinal: 1, named: true },
    ];
  }
  const sources: Source[] = [];
  for (const name of await foldersIn(source)) {
    for (const [i, visitName] of (await foldersIn(path.join(source, name))).entries()) {
      const dir = path.join(source, name, visitName);
      const id = `${name}/${visitName}`;
      sources.push({ id, folder: dir, patient: name, visit: visitName, ordinal: i + 1, named: false });
    }
  }
  if (sources.length === 0) {
    throw new DataError("ingest-none", {
      file: source,
      found: "no folders <patient>/<visit>",
      expected: "SOURCE/<patient>/<visit>/ with DICOM files",
      remedy: "For one examination, name it with --patient and --visit.",
    });
  }
  return sources;
}
