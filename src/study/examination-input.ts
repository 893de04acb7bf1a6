/** An examination that a user points at: a folder in the native layout, a folder of DICOM files, or the DICOMDIR in one. */
import { existsSync } from "node:fs";
import path from "node:path";
import type { ExaminationRecord } from "../domain/cohort.ts";
import type { DceSeries } from "../domain/dce.ts";
import { DataError } from "../domain/errors.ts";
import type { WithIssues } from "../domain/issues.ts";
import { readDceSeries } from "../io/dicom/dce.ts";
import { dicomFolderOf } from "../io/dicom/folder.ts";
import { isFolder } from "../io/folders.ts";
import { readDceSeriesOf, readExamination } from "../io/layouts/native.ts";

type ExaminationInput =
  | { readonly kind: "native"; readonly record: ExaminationRecord }
  /** The name of its folder is all that the examination is called. */
  | { readonly kind: "dicom"; readonly folder: string };

/**
 * Says in which form an examination is, without reading voxels.
 *
 * @throws {DataError} `file-missing`, and as {@link readExamination}.
 */
export async function findExamination(input: string): Promise<ExaminationInput> {
  const folder = dicomFolderOf(input);
  if (!existsSync(input) || !(await isFolder(folder))) {
    throw new DataError("file-missing", {
      file: input,
      found: "no such folder",
      expected: "an examination: dce_000.nii.gz … with examination.json, DICOM files, or their DICOMDIR",
    });
  }
  if (!existsSync(path.join(folder, "examination.json"))) return { kind: "dicom", folder };
  // The native layout's folders are <patient>/<visit>.
  const resolved = path.resolve(folder);
  const id = { patientId: path.basename(path.dirname(resolved)), visit: path.basename(resolved) };
  return { kind: "native", record: await readExamination(resolved, id) };
}

/** The dynamic series of an examination. Throws as {@link findExamination}, {@link readDceSeriesOf} or {@link readDceSeries}. */
export async function openExamination(input: string): Promise<WithIssues<DceSeries>> {
  const found = await findExamination(input);
  return found.kind === "native" ? readDceSeriesOf(found.record) : readDceSeries(found.folder);
}
