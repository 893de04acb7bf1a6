/** DICOMDIR (PS3.3, annex F): what a medium says that it holds. */
import { dirname, join, normalize } from "node:path";
import type { DataSet } from "./data-set.ts";

/**
 * Files that directories refer to and that are not there. Names are compared without regard to case, and without the
 * extension that a copy may have added, since media are copied by many hands.
 *
 * @param directories parsed DICOMDIR files.
 * @param files paths of all files that were found.
 * @returns the paths as the directories give them, relative to their folders.
 */
export function missingFiles(directories: readonly DataSet[], files: readonly string[]): string[] {
  if (directories.length === 0) return [];
  const present = new Set(files.flatMap((file) => [key(file), key(file.replace(/\.[^./\\]+$/, ""))]));
  return directories.flatMap((directory) =>
    directory.items("DirectoryRecordSequence").flatMap((record) => {
      const parts = record.texts("ReferencedFileID");
      if (parts.length === 0) return [];
      return present.has(key(join(dirname(directory.file), ...parts))) ? [] : [parts.join("/")];
    }),
  );
}

function key(path: string): string {
  return normalize(path).toLowerCase();
}
