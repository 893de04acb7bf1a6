/** Whether an examination has been ingested already, so that an interrupted ingest goes on where it stopped. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import path from "node:path";
import type { ExaminationRecord } from "../../domain/cohort.ts";
import { ResiduaError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import { readExaminationFile } from "../../io/layouts/examination-file.ts";
import { readExamination } from "../../io/layouts/native.ts";

/**
 * A hash of the names, sizes and times of change of files below a folder. It changes when files are added, removed or written
 * again, and names none of them.
 *
 * @param how what else the result depends on, e.g. options.
 */
export function sourceState(folder: string, files: readonly string[], how: readonly string[] = []): string {
  const hash = createHash("sha256").update(JSON.stringify(how));
  for (const file of files) {
    const { size, mtimeMs } = statSync(file);
    hash.update(JSON.stringify([path.relative(folder, file), size, mtimeMs]));
  }
  return hash.digest("hex");
}

/** An examination as an earlier ingest left it. */
export interface EarlierExamination {
  readonly record: ExaminationRecord;
  readonly issues: readonly Issue[];
}

/**
 * The examination of a cohort, where it is whole and was made from a source in this state.
 *
 * @param state from {@link sourceState}.
 */
export async function earlierExamination(
  cohort: string,
  patient: string,
  visit: string,
  state: string,
): Promise<EarlierExamination | undefined> {
  const folder = path.join(cohort, "images", patient, visit);
  try {
    const record = await readExamination(folder, { patientId: patient, visit });
    const { source, issues } = await readExaminationFile(path.join(folder, "examination.json"));
    return source.state === state ? { record, issues: issues as readonly Issue[] } : undefined;
  } catch (error) {
    // Missing, incomplete or of another version: to be made again.
    if (error instanceof ResiduaError) return undefined;
    throw error;
  }
}
