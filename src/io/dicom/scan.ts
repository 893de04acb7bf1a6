/** All DICOM images below a folder, without their pixels. */
import { relative } from "node:path";
import { DataError, ResiduaError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import { issueOfError } from "../error-issues.ts";
import {
  missingFiles,
  missingFilesIssues,
  type ReferencedFile,
  referencedFiles,
  someNames,
} from "./directory.ts";
import { type Inspector, readDamagedAttributes } from "./file-attributes.ts";
import { headScratch, readDicomHead } from "./head-file.ts";
import { describeFile, type SliceInstance } from "./instance.ts";

export interface Scan {
  readonly slices: readonly SliceInstance[];
  /** Files of segmentation objects, each SOPInstanceUID once. */
  readonly segmentations: readonly string[];
  readonly issues: Issue[];
}

const NOT_DICOM = "files that are not DICOM";
/** Files after which other work may run, since they are read synchronously. */
const FILES_PER_TURN = 32;

/**
 * Reads the headers of files below a folder. Files that repeat a SOPInstanceUID are left out with a warning, other objects than images with their number, damaged files
 * with an error each.
 *
 * @param inspect is shown what is read, so that no file need be read twice.
 * @throws {DataError} `dicom-none` where none is DICOM.
 */
export async function scanFiles(
  dir: string,
  files: readonly string[],
  inspect: Inspector = () => {},
): Promise<Scan> {
  const byInstance = new Map<string, readonly SliceInstance[]>();
  const segmentations = new Map<string, string>();
  const issues: Issue[] = [];
  const others = new Map<string, number>();
  const copies: string[] = [];
  const references: ReferencedFile[] = [];
  const scratch = headScratch();
  for (const [i, file] of files.entries()) {
    if (i % FILES_PER_TURN === FILES_PER_TURN - 1) await new Promise(setImmediate);
    let isWhole = false;
    try {
      const head = readDicomHead(file, scratch);
      isWhole = true;
      if (head !== undefined) inspect(head.data, true);
      const described =
        head === undefined ? ({ kind: "other", why: NOT_DICOM } as const) : describeFile(head);
      if (described.kind === "other") {
        others.set(described.why, (others.get(described.why) ?? 0) + 1);
        if (head !== undefined) references.push(...referencedFiles(head.data));
        continue;
      }
      if (described.kind === "segmentation") {
        const uid = head?.data.text("SOPInstanceUID") ?? file;
        if (segmentations.has(uid)) copies.push(relative(dir, file));
        else segmentations.set(uid, file);
        continue;
      }
      const uid = described.slices[0].sopInstanceUid;
      if (byInstance.has(uid)) copies.push(relative(dir, file));
      else byInstance.set(uid, described.slices);
    } catch (error) {
      if (!(error instanceof ResiduaError)) throw error;
      const damaged = isWhole ? undefined : await readDamagedAttributes(file);
      if (damaged !== undefined) inspect(damaged, false);
      issues.push(issueOfError(error, dir));
    }
  }
  if (files.length === 0 || others.get(NOT_DICOM) === files.length) {
    throw new DataError("dicom-none", {
      file: dir,
      found: `${files.length} files, none of them DICOM`,
      expected: "DICOM files",
      remedy: "Check the path.",
    });
  }
  for (const [why, count] of others) {
    issues.push({ code: "dicom-left-out", severity: "info", message: `${count} ${why} were left out.` });
  }
  if (segmentations.size > 0) {
    issues.push({
      code: "dicom-segmentations",
      severity: "info",
      message: `Segmentations beside the images: ${segmentations.size}.`,
    });
  }
  if (copies.length > 0) {
    issues.push({
      code: "dicom-duplicates",
      severity: "warning",
      message: `${copies.length} files repeat the SOPInstanceUID of another and were left out: ${someNames(copies)}.`,
    });
  }
  issues.push(...missingFilesIssues(missingFiles(references, files)));
  return { slices: [...byInstance.values()].flat(), segmentations: [...segmentations.values()], issues };
}
