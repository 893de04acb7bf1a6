/** What trained networks find in one image: its segmentation and its deep features. */
import type { Issue } from "../../domain/issues.ts";
import type { LabelMap } from "../../domain/volume.ts";
import type { WindowActivation } from "../../engine/sliding-window.ts";
import { type DeepFeatures, poolDeepFeatures } from "./deep-features.ts";
import type { InferenceOptions, Predictor } from "./predict-case.ts";
import { cropCase, type LoadedCase, prepareCase } from "./prepare.ts";

export interface ApplyOptions extends InferenceOptions {
  /** The networks to apply, by their position among the predictor's. */
  readonly folds: readonly number[];
  /** Width of the rim around the tumour whose features are pooled, in mm. */
  readonly rimMm: number;
  readonly signal?: AbortSignal;
}

export interface Applied {
  /** On the image's own grid; values are classes. */
  readonly labels: LabelMap;
  /** One row per network applied. */
  readonly features: DeepFeatures;
  readonly issues: readonly Issue[];
}

/** @param id names the image in issues and errors. @throws {DataError} `image-empty`. */
export async function applyNetworks(
  predictor: Predictor,
  loaded: LoadedCase,
  id: string,
  options: ApplyOptions,
): Promise<Applied> {
  const { folds, rimMm, ...inference } = options;
  const prepared = prepareCase(cropCase(loaded, id), predictor.description.plan);
  const windows: WindowActivation[] = [];
  const {
    labels,
    prediction,
    issues: removed,
  } = await predictor.predict(prepared, {
    ...inference,
    folds,
    onWindow: (activation) => windows.push(activation),
  });
  const { issues, ...features } = poolDeepFeatures({
    prepared,
    prediction,
    windows,
    networks: folds.length,
    bottleneck: predictor.network.bottleneck,
    rimMm,
  });
  return { labels, features, issues: [...removed, ...issues].map((issue) => ({ ...issue, subject: id })) };
}
