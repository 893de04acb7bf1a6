/** Opens an examination that a user points at: a folder in the native layout, or a folder of DICOM files. */
import { existsSync } from "node:fs";
import path from "node:path";
import type { DceSeries } from "../domain/dce.ts";
import { DataError } from "../domain/errors.ts";
import type { WithIssues } from "../domain/issues.ts";
import { readDceSeries } from "../io/dicom/dce.ts";
import { isFolder } from "../io/folders.ts";
import { readDceSeriesOf, readExamination } from "../io/layouts/native.ts";

/** @throws {DataError} `file-missing`, and as the readers of the two forms. */
export async function openExamination(folder: string): Promise<WithIssues<DceSeries>> {
  if (!(await isFolder(folder))) {
    throw new DataError("file-missing", {
      file: folder,
      found: "no such folder",
      expected: "an examination: dce_000.nii.gz … with examination.json, or DICOM files",
    });
  }
  if (existsSync(path.join(folder, "examination.json"))) {
    return readDceSeriesOf(await readExamination(path.resolve(folder), examinationName(folder)));
  }
  return readDceSeries(folder);
}

/** Patient and visit from the native layout's folders, `<patient>/<visit>`. */
function examinationName(folder: string): { patientId: string; visit: string } {
  const resolved = path.resolve(folder);
  return { patientId: path.basename(path.dirname(resolved)), visit: path.basename(resolved) };
}
