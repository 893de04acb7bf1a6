/** DICOMDIR (PS3.3, annex F): what a medium says that it holds. */
import { dirname, join, normalize } from "node:path";
import type { Issue } from "../../domain/issues.ts";
import type { DataSet } from "./data-set.ts";

/** Paths of the files that a directory lists, as it gives them and as they should lie beside it. */
export interface ReferencedFile {
  readonly name: string;
  readonly path: string;
}

export function referencedFiles(directory: DataSet): ReferencedFile[] {
  return directory.items("DirectoryRecordSequence").flatMap((record) => {
    const parts = record.texts("ReferencedFileID");
    if (parts.length === 0) return [];
    return [{ name: parts.join("/"), path: join(dirname(directory.file), ...parts) }];
  });
}

/**
 * Names of referenced files that are not there. Names are compared without regard to case, and without the extension that a
 * copy may have added, since media are copied by many hands.
 *
 * @param files paths of all files that were found.
 */
export function missingFiles(references: readonly ReferencedFile[], files: readonly string[]): string[] {
  if (references.length === 0) return [];
  const present = new Set(files.flatMap((file) => [key(file), key(file.replace(/\.[^./\\]+$/, ""))]));
  return references.flatMap(({ name, path }) => (present.has(key(path)) ? [] : [name]));
}

/** @param names from {@link missingFiles}, as they may be shown. */
export function missingFilesIssues(names: readonly string[]): Issue[] {
  if (names.length === 0) return [];
  const message = `${names.length} files that a DICOMDIR lists are not in the folder: ${someNames(names)}. Copy the whole medium.`;
  return [{ code: "dicomdir-files-missing", severity: "warning", message }];
}

/** More names would hide the message. */
const MOST_NAMES = 10;

export function someNames(names: readonly string[]): string {
  return `${names.slice(0, MOST_NAMES).join(", ")}${names.length > MOST_NAMES ? " …" : ""}`;
}

function key(path: string): string {
  return normalize(path).toLowerCase();
}
