/** What trained networks find in one image: its segmentation, its deep features, and maps of what they look at. */
import type { Issue } from "../../domain/issues.ts";
import type { LabelMap } from "../../domain/volume.ts";
import type { WindowActivation } from "../../engine/sliding-window.ts";
import { bodyMask } from "../../imaging/regions.ts";
import { type DeepFeatures, type FeatureOptions, poolDeepFeatures } from "./deep-features.ts";
import { mapOutputs, type NetworkMap, networkMaps } from "./network-maps.ts";
import { type Perturbation, perturb, perturbCase } from "./perturbation.ts";
import type { InferenceOptions, InferredCase, Predictor } from "./predict-case.ts";
import { cropCase, type LoadedCase, type PreparedCase, prepareCase } from "./prepare.ts";

export interface ApplyOptions extends InferenceOptions {
  /** The networks to apply, by their position among the predictor's. */
  readonly folds: readonly number[];
  readonly features: FeatureOptions;
  /** Changes of the image under which the first network's features are seen again; by default none. Each costs one more prediction. */
  readonly perturbations?: readonly Perturbation[];
  /** Whether attention and code maps are made; by default not. */
  readonly maps?: boolean;
  readonly signal?: AbortSignal;
}

export interface Applied {
  /** On the image's own grid; values are classes. */
  readonly labels: LabelMap;
  /** One row per network applied. */
  readonly features: DeepFeatures;
  /** The image as the networks saw it. */
  readonly prepared: PreparedCase;
  readonly maps: readonly NetworkMap[];
  readonly issues: readonly Issue[];
}

/** @param id names the image in issues and errors. @throws {DataError} `image-empty`. */
export async function applyNetworks(
  predictor: Predictor,
  loaded: LoadedCase,
  id: string,
  options: ApplyOptions,
): Promise<Applied> {
  const { folds, perturbations = [], maps = false } = options;
  const { plan } = predictor.description;
  const prepared = prepareCase(cropCase(loaded, id), plan);
  const body = options.features.regions.includes("breast")
    ? bodyMask({ grid: loaded.grid, data: loaded.anatomy ?? loaded.channels[0] }, prepared.grid).data
    : new Uint8Array(0);
  const seen = await look(predictor, prepared, body, options, folds);
  const perturbed: (readonly (number | null)[])[] = [];
  for (const perturbation of perturbations) {
    const moved = perturb(body, prepared.grid.shape, perturbation);
    const changed = perturbCase(prepared, perturbation);
    const again = await look(predictor, changed, moved, { ...options, maps: false }, folds.slice(0, 1));
    perturbed.push(again.features.rows[0]);
  }
  const { labels, issues: removed } = seen.inferred.restore();
  return {
    labels,
    features: perturbations.length === 0 ? seen.features : { ...seen.features, perturbed },
    prepared,
    maps: maps ? networkMaps(prepared, seen.windows, networksOf(predictor, folds)) : [],
    issues: [...removed, ...seen.issues].map((issue) => ({ ...issue, subject: id })),
  };
}

interface Look {
  readonly inferred: InferredCase;
  readonly windows: readonly WindowActivation[];
  readonly features: DeepFeatures;
  readonly issues: readonly Issue[];
}

/** One prediction, with the features pooled over what it found. */
async function look(
  predictor: Predictor,
  prepared: PreparedCase,
  body: Uint8Array,
  options: ApplyOptions,
  folds: readonly number[],
): Promise<Look> {
  const { step, mirror, postprocess, signal, maps, features: featureOptions } = options;
  const outputs = mapOutputs(predictor.network);
  // Features need the codes in any case; attention maps are large.
  const captures = maps === true ? outputs : outputs.filter((name) => name === "codes");
  const windows: WindowActivation[] = [];
  const inferred = await predictor.infer(prepared, {
    step,
    mirror,
    postprocess,
    folds,
    captures,
    onWindow: (activation) => windows.push(activation),
    ...(signal === undefined ? {} : { signal }),
  });
  const { issues, ...features } = poolDeepFeatures({
    prepared,
    prediction: inferred.prediction,
    windows,
    networks: networksOf(predictor, folds),
    options: featureOptions,
    body,
  });
  return { inferred, windows, features, issues };
}

function networksOf({ codeNumbers }: Predictor, folds: readonly number[]) {
  return folds.map((fold) => (codeNumbers === undefined ? {} : { codeNumbers: codeNumbers[fold] }));
}
