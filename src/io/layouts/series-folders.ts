/**
 * Downloads of The Cancer Imaging Archive: one folder per series, in folders of studies and patients, in whatever depth. The NBIA Data
 * Retriever writes `manifest-<number>/<collection>/<patient>/<study>/<series>/1-001.dcm` beside LICENSE and metadata.csv, with names that are
 * UIDs ("classic") or descriptions; the REST interface puts a LICENSE into every folder of a series.
 */
import path from "node:path";
import type { Issue } from "../../domain/issues.ts";
import { type DataSet, isDicom, parseDicom } from "../dicom/data-set.ts";
import { type DicomFolder, readDicomFolder } from "../dicom/folder.ts";
import { issueOfError } from "../error-issues.ts";
import { readBytes } from "../files.ts";
import { filesBelow } from "../folders.ts";

/** Of the files of a folder so many are tried before it counts as one without DICOM: LICENSE may come first. */
const FILES_TRIED = 3;

/** Folders that hold DICOM files, with the first of each. */
export async function* seriesFolders(
  dir: string,
  issues: Issue[],
): AsyncGenerator<{ readonly folder: string; readonly data: DataSet }> {
  const files = new Map<string, string[]>();
  for (const file of await filesBelow(dir)) {
    const folder = path.dirname(file);
    const first = files.get(folder) ?? [];
    if (first.length < FILES_TRIED) files.set(folder, [...first, file]);
  }
  for (const [folder, first] of files) {
    for (const file of first) {
      const data = await parseIfDicom(file, dir, issues);
      if (data === undefined) continue;
      yield { folder, data };
      break;
    }
  }
}

async function parseIfDicom(file: string, dir: string, issues: Issue[]): Promise<DataSet | undefined> {
  try {
    const bytes = await readBytes(file);
    return isDicom(bytes) ? parseDicom(bytes, file) : undefined;
  } catch (error) {
    issues.push(issueOfError(error, dir));
    return undefined;
  }
}

/** The series of several folders as if they lay in one: those of one examination, which other examinations may lie between. */
export async function readSeriesFolders(folders: readonly [string, ...string[]]): Promise<DicomFolder> {
  const read: DicomFolder[] = [];
  for (const folder of folders) read.push(await readDicomFolder(folder));
  return {
    dir: commonFolder(folders),
    series: read.flatMap(({ series }) => series),
    segmentations: read.flatMap(({ segmentations }) => segmentations),
    refused: read.flatMap(({ refused }) => refused),
    issues: read.flatMap(({ issues }) => issues),
  };
}

function commonFolder(folders: readonly string[]): string {
  const parts = folders.map((folder) => folder.split(path.sep));
  let shared = 0;
  while (parts.every((part) => part.length > shared && part[shared] === parts[0][shared])) shared++;
  return parts[0].slice(0, shared).join(path.sep);
}
