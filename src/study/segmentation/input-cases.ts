/** Where `residua segment` and `features` take their images from, and how these are prepared for the model. */
import path from "node:path";
import { DataError, UsageError } from "../../domain/errors.ts";
import type { Issue, WithIssues } from "../../domain/issues.ts";
import type { DceChannel } from "../../imaging/dce-input.ts";
import { filesIn, isFolder } from "../../io/folders.ts";
import { isImageFile } from "../../io/images.ts";
import { readNativeCohort } from "../../io/layouts/native.ts";
import { findExamination } from "../examination-input.ts";
import { preFirst } from "../preparation/series-preparer.ts";
import { dicomCase, examinationCase, fileCase, type SegmentationCase } from "./cases.ts";
import { type InputPreparation, type InputPreparer, inputPreparer } from "./input-preparation.ts";
import type { ModelDescription } from "./model-folder.ts";

/**
 * The images in files and folders, in the form that the model was trained on: series are prepared as its training images were, when they are
 * loaded. What a cohort's folders lack is among the issues. A patient's examination before chemotherapy comes first.
 *
 * @throws {DataError} `input-empty`, and as {@link findExamination}.
 * @throws {UsageError} `input-channels`, `input-twice` for two cases of one name, whose results would overwrite each other.
 */
export async function inputCases(
  inputs: readonly string[],
  description: Pick<ModelDescription, "channels" | "labels" | "images">,
  preparation: InputPreparation,
): Promise<WithIssues<readonly SegmentationCase[]>> {
  const { channels, labels } = description;
  const cases: SegmentationCase[] = [];
  const issues: Issue[] = [];
  if (channels.source === "dce") {
    const { value: preparer, issues: noticed } = inputPreparer(description.images, preparation);
    issues.push(...noticed);
    for (const input of inputs) {
      const { value, issues: found } = await examinationCases(
        input,
        channels.names as DceChannel[],
        preparer,
      );
      cases.push(...value);
      issues.push(...found);
    }
  } else cases.push(...(await imageFileCases(inputs, channels.names, labels)));
  if (cases.length === 0) {
    throw new DataError("input-empty", {
      file: inputs.join(", "),
      found: "no image",
      expected:
        channels.source === "dce"
          ? "a cohort or an examination in the native layout, or one of DICOM files"
          : "NIfTI or NRRD files, or folders of them",
    });
  }
  requireOwnNames(cases);
  return { value: byPatient(cases), issues };
}

function requireOwnNames(cases: readonly SegmentationCase[]): void {
  const ids = cases.map(({ id }) => id);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice === undefined) return;
  throw new UsageError("input-twice", {
    found: `two inputs called "${twice}"`,
    expected: "inputs whose results have names of their own",
    remedy: "Give them one at a time with another --out, or ingest them into a cohort first.",
  });
}

/** In the order of the patients' first cases. */
function byPatient(cases: readonly SegmentationCase[]): readonly SegmentationCase[] {
  const patients = [...new Set(cases.map(({ patientId }) => patientId))];
  return patients.flatMap((patient) => preFirst(cases.filter(({ patientId }) => patientId === patient)));
}

async function examinationCases(
  input: string,
  channels: readonly DceChannel[],
  preparer: InputPreparer | undefined,
): Promise<WithIssues<readonly SegmentationCase[]>> {
  const prepare = preparer?.prepare;
  if (await isFolder(path.join(input, "images"))) {
    const { examinations, issues } = await readNativeCohort(input);
    const noticed = (await preparer?.useTable(input)) ?? [];
    // What is predicted is not compared here, so a reference mask that does not fit is no hindrance.
    const cases = examinations.map(({ segmentationFile, ...record }) =>
      examinationCase(record, channels, prepare),
    );
    return { value: cases, issues: [...issues, ...noticed] };
  }
  const examination = await findExamination(input);
  const found =
    examination.kind === "dicom"
      ? dicomCase(examination.folder, channels, prepare)
      : examinationCase(examination.record, channels, prepare);
  return { value: [found], issues: [] };
}

/** Files `CASE_0000.nii.gz`, `CASE_0001.nii.gz`, … are the channels of one case; with one channel the suffix may be absent. */
async function imageFileCases(
  inputs: readonly string[],
  names: readonly string[],
  labels: ModelDescription["labels"],
): Promise<SegmentationCase[]> {
  const files: string[] = [];
  for (const input of inputs) {
    if (await isFolder(input)) {
      files.push(...(await filesIn(input)).filter(isImageFile).map((name) => path.join(input, name)));
    } else files.push(input);
  }
  const byCase = new Map<string, string[]>();
  for (const file of files) {
    const id = path
      .basename(file)
      .replace(/\.(nii\.gz|nii|nrrd|nhdr)$/i, "")
      .replace(/_\d{4}$/, "");
    byCase.set(id, [...(byCase.get(id) ?? []), file]);
  }
  return [...byCase].map(([id, channelFiles]) => {
    if (channelFiles.length !== names.length) {
      throw new UsageError("input-channels", {
        file: id,
        found: `${channelFiles.length} files`,
        expected: `${names.length} channels (${names.join(", ")}) as CASE_0000, CASE_0001, …`,
      });
    }
    return fileCase(id, channelFiles.sort(), labels);
  });
}
