/** `residua features`: bottleneck features of images by a trained network. */

import type { ClinicalValue } from "../domain/cohort.ts";
import { ResiduaError } from "../domain/errors.ts";
import type { Issue } from "../domain/issues.ts";
import { volumeMl } from "../imaging/shape.ts";
import { writeCsv } from "../io/tables/write.ts";
import { createEngine } from "./engines.ts";
import type { Progress } from "./progress.ts";
import { inputCases } from "./segment.ts";
import { applyNetworks } from "./segmentation/apply.ts";
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
 */
export async function writeFeatureTable(request: FeaturesRequest): Promise<FeaturesOutcome> {
  const { progress, signal, rimMm, step, mirror } = request;
  const models = await readModels(request.model);
  const { description } = models[0];
  const cases = await inputCases(request.inputs, description);
  const predictor = await createPredictor(models, createEngine());
  const task = progress.begin("features", cases.length);
  const issues: Issue[] = [];
  const rows: Record<string, ClinicalValue>[] = [];
  let columns: readonly string[] = [];
  try {
    for (const { id, load } of cases) {
      signal?.throwIfAborted();
      try {
        const { value: loaded, issues: found } = await load();
        const applied = await applyNetworks(predictor, loaded, id, {
          step,
          mirror,
          folds: [...models.keys()],
          rimMm,
        });
        const { labels, features } = applied;
        columns = features.columns;
        issues.push(...found, ...applied.issues);
        features.rows.forEach((values, fold) => {
          const entries = columns.map((column, i): [string, ClinicalValue] => [column, values[i]]);
          rows.push({ case: id, fold, volume_ml: volumeMl(labels), ...Object.fromEntries(entries) });
        });
      } catch (error) {
        if (!(error instanceof ResiduaError)) throw error;
        issues.push({
          code: error.code,
          severity: "error",
          subject: id,
          message: `${error.message} The image was left out.`,
        });
      }
      task.advance();
    }
  } finally {
    await predictor.dispose();
  }
  await writeCsv(request.file, ["case", "fold", "volume_ml", ...columns], rows);
  task.done(`${rows.length} rows of ${columns.length} features`);
  return { rows: rows.length, columns: columns.length, issues };
}
