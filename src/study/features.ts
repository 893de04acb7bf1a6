/** `residua features`: bottleneck features of images by a trained network. */

import type { ClinicalValue } from "../domain/cohort.ts";
import { DataError } from "../domain/errors.ts";
import type { Issue } from "../domain/issues.ts";
import { volumeMl } from "../imaging/shape.ts";
import { writeCsv } from "../io/tables/write.ts";
import { createEngine } from "./engines.ts";
import type { Progress } from "./progress.ts";
import { inputCases } from "./segment.ts";
import { applyNetworks } from "./segmentation/apply.ts";
import { eachCase } from "./segmentation/each-case.ts";
import { readModels } from "./segmentation/model-folder.ts";
import { createPredictor, type InferenceOptions } from "./segmentation/predict-case.ts";

export interface FeaturesRequest extends InferenceOptions {
  readonly model: string;
  readonly inputs: readonly string[];
  readonly file: string;
  readonly rimMm: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

export interface FeaturesOutcome {
  readonly rows: number;
  readonly columns: number;
  readonly issues: readonly Issue[];
}

/**
 * Writes one row per image and network: case, fold, volume_ml and the pooled activations. An image that cannot be used becomes
 * an issue; the others go on.
 *
 * @throws {DataError} `features-none` where no image can be used, and where the model cannot be read.
 */
export async function writeFeatureTable(request: FeaturesRequest): Promise<FeaturesOutcome> {
  const { progress, signal, rimMm, step, mirror } = request;
  const models = await readModels(request.model);
  const { description } = models[0];
  const { value: cases, issues: found } = await inputCases(request.inputs, description);
  const predictor = await createPredictor(models, createEngine());
  const noticed: Issue[] = [...found];
  const rows: Record<string, ClinicalValue>[] = [];
  let columns: readonly string[] = [];
  const each = { name: "features", progress, ...(signal === undefined ? {} : { signal }) };
  const { issues } = await eachCase(cases, each, async ({ id, load }) => {
    const { value: loaded, issues: imperfect } = await load();
    const applied = await applyNetworks(predictor, loaded, id, {
      step,
      mirror,
      folds: [...models.keys()],
      rimMm,
    });
    const { labels, features } = applied;
    columns = features.columns;
    noticed.push(...imperfect, ...applied.issues);
    features.rows.forEach((values, fold) => {
      const entries = columns.map((column, i): [string, ClinicalValue] => [column, values[i]]);
      rows.push({ case: id, fold, volume_ml: volumeMl(labels), ...Object.fromEntries(entries) });
    });
  }).finally(() => predictor.dispose());
  if (rows.length === 0) {
    throw new DataError("features-none", {
      found: `none of ${cases.length} images could be used: ${issues[0]?.message ?? ""}`,
    });
  }
  await writeCsv(request.file, ["case", "fold", "volume_ml", ...columns], rows);
  return { rows: rows.length, columns: columns.length, issues: [...noticed, ...issues] };
}
