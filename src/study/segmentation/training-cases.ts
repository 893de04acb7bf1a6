/** Which cases of a data set may train. */
import { existsSync } from "node:fs";
import path from "node:path";
import type { WithIssues } from "../../domain/issues.ts";
import { readStudyCohort } from "../cohort.ts";
import { readStudyFile } from "../study-file.ts";
import type { SegmentationCase, SegmentationData } from "./cases.ts";

/**
 * The cases with a reference. Where the folder is a cohort with a study file that splits off a test set, the patients of
 * the test set do not train.
 */
export async function trainingCases(
  folder: string,
  data: SegmentationData,
): Promise<WithIssues<readonly SegmentationCase[]>> {
  const cases = data.cases.filter(({ hasReference }) => hasReference);
  const studyFile = path.join(folder, "study.yaml");
  if (data.channels.source !== "dce" || !existsSync(studyFile)) return { value: cases, issues: [] };
  const { value: cohort, issues } = await readStudyCohort(await readStudyFile(studyFile));
  const training = new Set(cohort.patients.filter(({ set }) => set === "train").map(({ id }) => id));
  return { value: cases.filter(({ patientId }) => training.has(patientId)), issues };
}
