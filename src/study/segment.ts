/** `residua segment`: trained networks applied to images. */
import path from "node:path";
import { DataError, UsageError } from "../domain/errors.ts";
import type { Issue, WithIssues } from "../domain/issues.ts";
import type { DceChannel } from "../imaging/dce-input.ts";
import { volumeMl } from "../imaging/shape.ts";
import { filesIn, isFolder } from "../io/folders.ts";
import { isImageFile } from "../io/images.ts";
import { readExamination, readNativeCohort } from "../io/layouts/native.ts";
import { writeNifti } from "../io/nifti/write.ts";
import {
  type DicomOutput,
  dicomSourceOf,
  isDicomInput,
  networkAlgorithm,
  segmentsOf,
  writeDicomResult,
} from "./dicom-objects/dicom-result.ts";
import { createEngine, type EngineRequest } from "./engines.ts";
import type { Progress } from "./progress.ts";
import { dicomCase, examinationCase, fileCase, type SegmentationCase } from "./segmentation/cases.ts";
import { eachCase } from "./segmentation/each-case.ts";
import { type ModelDescription, readModels } from "./segmentation/model-folder.ts";
import { createPredictor, type InferenceOptions } from "./segmentation/predict-case.ts";
import { cropCase, prepareCase } from "./segmentation/prepare.ts";

export interface SegmentRequest extends InferenceOptions {
  readonly model: string;
  readonly inputs: readonly string[];
  readonly folder: string;
  /** DICOM objects to write beside the masks. */
  readonly dicom?: { readonly output: DicomOutput; readonly source?: string };
  readonly engine?: EngineRequest;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

export interface SegmentedCase {
  readonly case: string;
  readonly file: string;
  /** DICOM objects that were written. */
  readonly dicomFiles?: readonly string[];
  /** Volume of each label in ml, by name. */
  readonly volumesMl: Readonly<Record<string, number>>;
}

export interface Segmentations {
  readonly cases: readonly SegmentedCase[];
  readonly issues: readonly Issue[];
}

/**
 * Writes one NIfTI mask per input, on the input's own grid, and DICOM objects where asked. An input that cannot be segmented becomes an issue; the others go on.
 *
 * @throws {DataError} where the model cannot be read, or no input holds an image.
 */
export async function segmentImages(request: SegmentRequest): Promise<Segmentations> {
  const { folder, progress, signal } = request;
  const models = await readModels(request.model);
  const { description } = models[0];
  const { value: cases, issues: found } = await inputCases(request.inputs, description);
  const predictor = await createPredictor(models, createEngine(request.engine));
  const segmented: SegmentedCase[] = [];
  const noticed: Issue[] = [...found];
  const each = { name: "segment", progress, ...(signal === undefined ? {} : { signal }) };
  const { issues } = await eachCase(cases, each, async ({ id, load, dicomFolder }) => {
    const { dicom } = request;
    const source = dicom === undefined ? "" : (dicomFolder ?? (await dicomSourceOf(id, dicom.source)));
    const { value: loaded, issues: imperfect } = await load();
    const prepared = prepareCase(cropCase(loaded, id), description.plan);
    const { labels, issues: removed } = await predictor.predict(prepared, request);
    const values = Uint8Array.from(description.labels, ({ value }) => value);
    const mask = { grid: labels.grid, data: labels.data.map((index) => values[index]) };
    const file = path.join(folder, `${id}.nii.gz`);
    await writeNifti(file, mask);
    noticed.push(...imperfect, ...removed.map((issue) => ({ ...issue, subject: id })));
    const volumesMl = description.labels
      .slice(1)
      .map(({ name, value }): [string, number] => [name, Number(volumeMl(mask, value).toFixed(4))]);
    const result = { case: id, file, volumesMl: Object.fromEntries(volumesMl) };
    if (dicom === undefined) {
      segmented.push(result);
      return;
    }
    const dicomFiles = await writeDicomResult({
      source,
      target: path.join(folder, id),
      output: dicom.output,
      mask,
      segments: segmentsOf(description.labels),
      algorithm: networkAlgorithm(description.network, models.length),
    });
    segmented.push({ ...result, dicomFiles });
  }).finally(() => predictor.dispose());
  if (segmented.length === 0) {
    throw new DataError("segmentation-none", {
      found: `none of ${cases.length} inputs could be segmented: ${issues[0]?.message ?? ""}`,
    });
  }
  return { cases: segmented, issues: [...noticed, ...issues] };
}

/** The images in files and folders, in the form that the model was trained on; what a cohort's folders lack is among the issues. */
export async function inputCases(
  inputs: readonly string[],
  { channels, labels }: Pick<ModelDescription, "channels" | "labels">,
): Promise<WithIssues<SegmentationCase[]>> {
  const found =
    channels.source === "dce"
      ? await Promise.all(inputs.map((input) => examinationCases(input, channels.names as DceChannel[])))
      : [{ value: await imageFileCases(inputs, channels.names, labels), issues: [] }];
  const cases = found.flatMap(({ value }) => value);
  if (cases.length === 0) {
    throw new DataError("input-empty", {
      file: inputs.join(", "),
      found: "no image",
      expected:
        channels.source === "dce"
          ? "a cohort or examination folder in the native layout"
          : "NIfTI or NRRD files, or folders of them",
    });
  }
  return { value: cases, issues: found.flatMap(({ issues }) => issues) };
}

async function examinationCases(
  input: string,
  channels: readonly DceChannel[],
): Promise<WithIssues<SegmentationCase[]>> {
  if (!(await isFolder(input))) {
    throw new DataError("input-missing", {
      file: input,
      found: "no such folder",
      expected: "a cohort or an examination folder in the native layout, or a folder of DICOM files",
    });
  }
  if (await isFolder(path.join(input, "images"))) {
    const { examinations, issues } = await readNativeCohort(input);
    // What is predicted is not compared here, so a reference mask that does not fit is no hindrance.
    const cases = examinations.map(({ segmentationFile, ...record }) => examinationCase(record, channels));
    return { value: cases, issues };
  }
  if (isDicomInput(input)) return { value: [dicomCase(input, channels)], issues: [] };
  const resolved = path.resolve(input);
  const id = { patientId: path.basename(path.dirname(resolved)), visit: path.basename(resolved) };
  return { value: [examinationCase(await readExamination(resolved, id), channels)], issues: [] };
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
