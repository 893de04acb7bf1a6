/** `residua ingest`: DICOM examinations into a cohort in the native layout. */
import path from "node:path";
import { DataError } from "../../domain/errors.ts";
import type { Issue, WithIssues } from "../../domain/issues.ts";
import { createScrubber } from "../../io/deidentification/clean-text.ts";
import { openIdentities } from "../../io/deidentification/identities.ts";
import type { DceChoice, DicomDce } from "../../io/dicom/dce.ts";
import type { DicomSource } from "../../io/dicom/instance.ts";
import { foldersIn } from "../../io/folders.ts";
import { writeExamination } from "../../io/layouts/native.ts";
import { eachCase } from "../segmentation/each-case.ts";
import { copyExamination } from "./dicom-copies.ts";
import { type Disguise, disguiseExamination, undisguised } from "./disguise.ts";
import { referenceMask } from "./reference-mask.ts";
import { earlierExamination, sourceState } from "./resume.ts";
import type { Source } from "./source.ts";
import { findSources, type SortedBy, type SourceRequest } from "./sources.ts";

export interface IngestRequest extends SourceRequest {
  readonly folder: string;
  /**
   * The table of identities by which patients are replaced; `<folder>.identities.json` beside the cohort where left out. `off` copies
   * names of folders and descriptions as they are.
   */
  readonly identities?: string | "off";
  /** Whether de-identified DICOM copies are written to `<folder>/dicom/<patient>/<visit>/`. */
  readonly keepDicom?: boolean;
  /** SeriesDescription or SeriesInstanceUID of the dynamic series, where examinations hold several. */
  readonly series?: string;
  /** Labels of the DICOM segments that are the reference mask; by default the one that means a tumour. */
  readonly segments?: readonly string[];
  /** Whether images are written as `.nii`, which takes half the time and twice the space. */
  readonly uncompressed?: boolean;
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
  readonly sortedBy: SortedBy;
  readonly examinations: readonly IngestedExamination[];
  /** The table of identities; null where the examinations were not de-identified. */
  readonly identities: string | null;
  readonly issues: readonly Issue[];
}

/**
 * Sorts DICOM files into examinations and their phases, and writes these as NIfTI, under study identifiers. Of the source only manufacturer
 * and series description are kept, cleaned, and the date of the study, moved (docs/decisions/0017). A DICOM segmentation of the tumour becomes the
 * reference mask (docs/decisions/0019). An examination that stands there whole, made from the same files, is not made again.
 *
 * @param seen is told how each examination is called and what its files reveal.
 * @throws {UsageError} as {@link findSources}.
 * @throws {DataError} `ingest-none` where no examination could be read, and as {@link findSources}.
 */
export async function ingestDicom(
  request: IngestRequest,
  seen?: (disguise: Disguise) => void,
): Promise<IngestOutcome> {
  const { progress, signal } = request;
  const table = request.identities ?? defaultIdentitiesFile(request.folder);
  const identities = table === "off" ? undefined : await openIdentities(table);
  const { sources, sortedBy, why, issues: found } = await findSources(request, identities);
  progress.note(`sorted by ${SORTED_BY[sortedBy]}: ${why}`);
  const examinations: IngestedExamination[] = [];
  const noticed: Issue[] = [...(identities?.issues ?? []), ...found];
  const disguises = new Map<string, Disguise>();
  const each = { name: "ingest", progress, ...(signal === undefined ? {} : { signal }) };
  const { issues: failed } = await eachCase(sources, each, async ({ id, settle }) => {
    const settled = await settle();
    noticed.push(...settled.issues);
    if (settled.kind === "left-out") return;
    const { source, harvest } = settled;
    const disguise =
      identities === undefined ? undisguised(source) : disguiseExamination(source, harvest, identities);
    disguises.set(id, disguise);
    seen?.(disguise);
    // Before the images, so that nothing is written which the table does not lead back from.
    await identities?.save();
    requireNew(examinations, disguise);
    const files = sourceState(source.folder, source.files, choices(request));
    // Keyed, since names of files may be guessed.
    const state = identities === undefined ? files : identities.uid(files);
    const { value, issues } = await ingestExamination(request, disguise, state, settled.read);
    examinations.push(value);
    const subject = `${disguise.patient}/${disguise.visit}`;
    noticed.push(...issues.map((issue) => ({ ...issue, subject })));
  });
  const issues = identities === undefined ? failed : failed.map(withoutIdentifiers(sources, disguises));
  if (examinations.length === 0) {
    throw new DataError("ingest-none", {
      ...(identities === undefined ? { file: request.source } : {}),
      found: `none of ${sources.length} examinations could be read: ${[...issues, ...noticed][0]?.message ?? ""}`,
    });
  }
  if (sortedBy === "tags") noticed.push(...(await staleVisits(request.folder, examinations)));
  return {
    layout: "dicom",
    sortedBy,
    examinations,
    identities: identities === undefined ? null : table,
    issues: [...noticed, ...issues],
  };
}

const SORTED_BY: Readonly<Record<SortedBy, string>> = {
  folders: "folders",
  tags: "PatientID and StudyInstanceUID",
};

/** Writes an examination, unless it stands there, made from files in the same state. */
async function ingestExamination(
  { folder, keepDicom, series: named, segments = [], uncompressed = false }: IngestRequest,
  disguise: Disguise,
  state: string,
  read: (choice: DceChoice) => Promise<DicomDce>,
): Promise<WithIssues<IngestedExamination>> {
  const { patient, visit } = disguise;
  const earlier = await earlierExamination(folder, patient, visit, state);
  if (earlier !== undefined) {
    const { timesSeconds } = earlier.record;
    const value = { patient, visit, phases: timesSeconds.length, timesSeconds, reused: true };
    return { value, issues: earlier.issues };
  }
  const dce = await read(named === undefined ? {} : { series: named });
  const { value: series, issues: found, sources: origins } = dce;
  const { value: segmentation, issues: marked } = await referenceMask(dce, {
    labels: segments,
    shown: disguise.description,
  });
  const copied =
    keepDicom === true && disguise.dicom !== undefined
      ? await copyExamination(disguise.dicom.files, folder, disguise, disguise.dicom.replacements)
      : [];
  const issues = [...disguise.issues, ...copied, ...[...found, ...marked].map(disguise.issue)];
  await writeExamination(folder, patient, visit, series, {
    source: { layout: "dicom", ...describedSource(origins[0], disguise), state },
    issues,
    uncompressed,
    ...(segmentation === undefined ? {} : { segmentation }),
  });
  const { timesSeconds } = series;
  const value = { patient, visit, phases: series.phases.length, timesSeconds, reused: false };
  return { value, issues };
}

/** Visits that an earlier ingest left under names that the studies of the patient no longer have, since a later one changes them. */
async function staleVisits(cohort: string, examinations: readonly IngestedExamination[]): Promise<Issue[]> {
  const issues: Issue[] = [];
  for (const patient of new Set(examinations.map((one) => one.patient))) {
    const visits = examinations.filter((one) => one.patient === patient).map(({ visit }) => visit);
    for (const visit of await foldersIn(path.join(cohort, "images", patient))) {
      if (visits.includes(visit)) continue;
      issues.push({
        code: "archive-visit-stale",
        severity: "warning",
        subject: `${patient}/${visit}`,
        message:
          "An earlier ingest wrote this examination, and this one did not. Remove its folder if its study is called otherwise now.",
      });
    }
  }
  return issues;
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
    const names = sources[position].hidden.map((name): [string, string] => [name, "[removed]"]);
    const subject = `examination ${position + 1} of the source`;
    return { ...issue, subject, message: createScrubber(new Map(names))(issue.message) };
  };
}

/** What else than the files an examination depends on. */
function choices({ uncompressed, keepDicom, identities, series, segments = [] }: IngestRequest): string[] {
  return [
    ...(series === undefined ? [] : [`series ${series}`]),
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
    expected: "one per patient and visit",
    remedy: "Two sources are called the same: give their visits different names.",
  });
}
