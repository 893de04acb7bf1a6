/** `residua segment`: trained networks applied to images. */
import path from "node:path";
import { DataError } from "../domain/errors.ts";
import type { Issue } from "../domain/issues.ts";
import { DEFAULT_FTV_THRESHOLDS, type FtvThresholds } from "../imaging/enhancement.ts";
import { volumeMl } from "../imaging/shape.ts";
import { writeNifti } from "../io/nifti/write.ts";
import {
  type DicomOutput,
  dicomSourceOf,
  networkAlgorithm,
  segmentsOf,
  writeDicomResult,
} from "./dicom-objects/dicom-result.ts";
import { createEngine, type EngineRequest } from "./engines.ts";
import { onAcquiredGrid } from "./preparation/series-preparer.ts";
import type { Progress } from "./progress.ts";
import { eachCase } from "./segmentation/each-case.ts";
import { inputCases } from "./segmentation/input-cases.ts";
import { readModels } from "./segmentation/model-folder.ts";
import { createPredictor, type InferenceOptions } from "./segmentation/predict-case.ts";
import { cropCase, prepareCase } from "./segmentation/prepare.ts";

export interface SegmentRequest extends InferenceOptions {
  readonly model: string;
  readonly inputs: readonly string[];
  readonly folder: string;
  /** DICOM objects to write beside the masks. */
  readonly dicom?: {
    readonly output: DicomOutput;
    readonly source?: string;
    /** Of the functional tumour volume; what is left out is as in the model's study, else as by default. */
    readonly thresholds?: Partial<FtvThresholds>;
  };
  /** Whether series are prepared as those that trained the model; by default they are. */
  readonly prepare?: boolean;
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
 * Writes one NIfTI mask per input, on the input's own grid, and DICOM objects where asked. Series are prepared as those that trained the
 * model. An input that cannot be segmented becomes an issue; the others go on.
 *
 * @throws {DataError} where the model cannot be read, or no input holds an image.
 */
export async function segmentImages(request: SegmentRequest): Promise<Segmentations> {
  const { folder, progress, signal } = request;
  const models = await readModels(request.model);
  const { description } = models[0];
  const { value: cases, issues: listed } = await inputCases(request.inputs, description, {
    prepare: request.prepare ?? true,
    ...(signal === undefined ? {} : { signal }),
  });
  const predictor = await createPredictor(models, createEngine(request.engine));
  const segmented: SegmentedCase[] = [];
  const noticed: Issue[] = [...listed];
  const each = { name: "segment", progress, ...(signal === undefined ? {} : { signal }) };
  const { issues } = await eachCase(cases, each, async ({ id, load, dicomFolder }) => {
    const { dicom } = request;
    const source = dicom === undefined ? "" : (dicomFolder ?? (await dicomSourceOf(id, dicom.source)));
    const { value: loaded, issues: imperfect } = await load();
    const prepared = prepareCase(cropCase(loaded, id), description.plan);
    const { labels, issues: removed } = await predictor.predict(prepared, request);
    const values = Uint8Array.from(description.labels, ({ value }) => value);
    const found = { grid: labels.grid, data: labels.data.map((index) => values[index]) };
    const mask = loaded.prepared === undefined ? found : onAcquiredGrid(found, loaded.prepared);
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
      thresholds: { ...DEFAULT_FTV_THRESHOLDS, ...description.images?.ftv, ...dicom.thresholds },
      ...(loaded.prepared === undefined ? {} : { measured: { series: loaded.prepared.series, mask: found } }),
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
