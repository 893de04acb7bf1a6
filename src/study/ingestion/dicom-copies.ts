/** De-identified DICOM copies beside the images of a cohort. */
import { rm } from "node:fs/promises";
import path from "node:path";
import type { Issue } from "../../domain/issues.ts";
import { copyDeidentified, type NotCopied } from "../../io/deidentification/copy.ts";
import type { Replacements } from "../../io/deidentification/rewrite.ts";

const REASONS: Readonly<Record<NotCopied, string>> = {
  kind: "are not images or segmentations whose content is known",
  "burned-in": "show an annotation or features by which the patient may be recognised",
  damaged: "are damaged",
};

/**
 * Copies files into `<cohort>/dicom/<patient>/<visit>/`, replacing what stood there.
 *
 * @returns issues that count the files without a copy.
 */
export async function copyExamination(
  files: readonly string[],
  cohort: string,
  { patient, visit }: { readonly patient: string; readonly visit: string },
  replacements: Replacements,
): Promise<Issue[]> {
  const folder = path.join(cohort, "dicom", patient, visit);
  await rm(folder, { recursive: true, force: true });
  const left = new Map<NotCopied, number>();
  for (const file of files) {
    const result = await copyDeidentified(file, folder, replacements);
    if ("why" in result) left.set(result.why, (left.get(result.why) ?? 0) + 1);
  }
  return [...left].map(([why, count]) => ({
    code: "deidentify-not-copied",
    severity: why === "kind" ? "info" : "warning",
    message: `${count} files ${REASONS[why]}; they have no DICOM copy.`,
  }));
}
