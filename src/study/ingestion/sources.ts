/** The examinations of a DICOM source: by its folders, by the tags of its files, or the one that the user names. */
import path from "node:path";
import { DataError, ResiduaError, UsageError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import type { Identities } from "../../io/deidentification/identities.ts";
import { readDceIn } from "../../io/dicom/dce.ts";
import { dicomFolderOf } from "../../io/dicom/folder.ts";
import { filesBelow, foldersIn, isFolder } from "../../io/folders.ts";
import type { Progress } from "../progress.ts";
import { archiveSources } from "./archive-sources.ts";
import { whyNotByFolders } from "./folder-names.ts";
import { readHeads, type Source } from "./source.ts";
import { NO_VISITS, readVisitTable } from "./visit-table.ts";

/** How files are sorted: `folders` are `<patient>/<visit>`; `tags` are PatientID and StudyInstanceUID. */
export type SortedBy = "folders" | "tags";

export interface SourceRequest {
  readonly source: string;
  readonly patient?: string;
  readonly visit?: string;
  /** How files are sorted; by default by folders where these name patients and visits. */
  readonly sort?: SortedBy;
  /** A table of the visits of studies, for a source that is sorted by tags. */
  readonly visits?: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

export interface FoundSources {
  readonly sortedBy: SortedBy;
  /** Why, in words. */
  readonly why: string;
  readonly sources: readonly Source[];
  /** Hold no identifiers. */
  readonly issues: readonly Issue[];
}

/**
 * @param identities undefined where patients are called as in their files.
 * @throws {UsageError} `ingest-name` where only one of patient and visit is given, `ingest-visits` where a table of visits does not go with
 *   the rest.
 * @throws {DataError} `file-missing`, `ingest-none` where the source holds no examination, and as {@link readVisitTable}.
 */
export async function findSources(
  request: SourceRequest,
  identities: Identities | undefined,
): Promise<FoundSources> {
  const { patient, visit, sort } = request;
  const dir = dicomFolderOf(request.source);
  if (!(await isFolder(dir))) {
    throw new DataError("file-missing", { file: request.source, found: "no such folder" });
  }
  requireFitting(request);
  if (patient !== undefined && visit !== undefined) {
    const source = folderSource(dir, patient, visit, 1, true);
    return { sortedBy: "folders", why: "patient and visit are given", sources: [source], issues: [] };
  }
  const table = request.visits === undefined ? NO_VISITS : await readVisitTable(request.visits);
  const files = await filesBelow(dir);
  const why = await whyByTags(request, dir, files);
  if (why === undefined) {
    const sources = await folderSources(dir);
    if (sources.length > 0 || sort === "folders") {
      return {
        sortedBy: "folders",
        why: "its folders are <patient>/<visit>",
        sources: requireSome(sources, request),
        issues: outsideIssues(dir, files),
      };
    }
  }
  const found = await archiveSources({ dir, files, table, identities }, request);
  const sources = requireSome(found.sources, request, found.issues);
  return {
    sortedBy: "tags",
    why: why ?? "there are no folders <patient>/<visit>",
    sources,
    issues: found.issues,
  };
}

/** Why files are sorted by tags; undefined where by folders. */
async function whyByTags(
  { source, sort, visits }: SourceRequest,
  dir: string,
  files: readonly string[],
): Promise<string | undefined> {
  if (visits !== undefined) return "a table of visits is given";
  if (sort === "tags") return "as given";
  if (sort === "folders") return undefined;
  return dir === source ? whyNotByFolders(dir, files) : "the source is a DICOMDIR";
}

function outsideIssues(dir: string, files: readonly string[]): Issue[] {
  const outside = files.filter((file) => path.relative(dir, file).split(path.sep).length < 3).length;
  if (outside === 0) return [];
  const message = `${outside} files outside of folders <patient>/<visit> were not read.`;
  return [{ code: "ingest-outside", severity: "info", message }];
}

function requireFitting({ patient, visit, visits, sort }: SourceRequest): void {
  if ((patient === undefined) !== (visit === undefined)) {
    throw new UsageError("ingest-name", {
      found: patient === undefined ? "a visit without a patient" : "a patient without a visit",
      expected: "both, for one examination, or neither",
    });
  }
  const other = patient !== undefined ? "--patient" : sort === "folders" ? "--sort folders" : undefined;
  if (other === undefined || (visits === undefined && sort === undefined)) return;
  if (visits === undefined && patient === undefined) return;
  throw new UsageError("ingest-visits", {
    found: `${visits === undefined ? "--sort" : "--visits"} together with ${other}`,
    expected: "one of them",
  });
}

function requireSome(
  sources: readonly Source[],
  { source }: SourceRequest,
  issues: readonly Issue[] = [],
): readonly Source[] {
  if (sources.length > 0) return sources;
  const errors = issues.filter(({ severity }) => severity === "error").map(({ message }) => message);
  throw new DataError("ingest-none", {
    file: source,
    found: ["no examination", ...errors].join("; "),
    expected: "DICOM files in folders <patient>/<visit>, or in any that state PatientID and StudyInstanceUID",
    remedy: "For one examination, name it with --patient and --visit.",
  });
}

async function folderSources(dir: string): Promise<Source[]> {
  const sources: Source[] = [];
  for (const patient of await foldersIn(dir)) {
    for (const [i, visit] of (await foldersIn(path.join(dir, patient))).entries()) {
      sources.push(folderSource(path.join(dir, patient, visit), patient, visit, i + 1, false));
    }
  }
  return sources;
}

function folderSource(
  folder: string,
  patient: string,
  visit: string,
  ordinal: number,
  named: boolean,
): Source {
  return {
    id: `${patient}/${visit}`,
    hidden: [folder, patient, visit],
    async settle() {
      const files = await filesBelow(folder);
      const { harvest, folder: found } = await readHeads(folder, files);
      return {
        kind: "examination",
        source: { folder, files, patient, visit, ordinal, named },
        harvest,
        issues: [],
        async read(choice) {
          if (found instanceof ResiduaError) throw found;
          return readDceIn(found, choice);
        },
      };
    },
  };
}
