/** Bottleneck features of one examination: inside the tumour, around it, and over the whole breast. */
import type { Issue } from "../../domain/issues.ts";
import type { SegmentationPrediction, WindowActivation } from "../../engine/sliding-window.ts";
import { createCodeCounter } from "../../features/code-histogram.ts";
import { createPooler, type PooledFeatures, type PooledStatistic } from "../../features/pooling.ts";
import type { CellLayout } from "../../features/window-cells.ts";
import { rim } from "../../imaging/distance.ts";
import type { FEATURE_REGIONS } from "../schema.ts";
import { classProbabilities, type PreparedCase } from "./prepare.ts";

export type FeatureRegion = (typeof FEATURE_REGIONS)[number];

export interface FeatureOptions {
  readonly regions: readonly FeatureRegion[];
  readonly statistics: readonly PooledStatistic[];
  /** Width of the rim around the tumour, in mm. */
  readonly rimMm: number;
  /** Whether a vector-quantised network gives the share of each code too. */
  readonly codeHistogram: boolean;
}

export type FeatureValues = readonly (number | null)[];

export interface DeepFeatures {
  readonly columns: readonly string[];
  /** One per network that was applied; null is missing. */
  readonly rows: readonly FeatureValues[];
  /** What the same network gives for the image perturbed, one row per perturbation; only where that was asked for. */
  readonly perturbed?: readonly FeatureValues[];
}

export interface PoolRequest {
  readonly prepared: PreparedCase;
  readonly prediction: SegmentationPrediction;
  readonly windows: readonly WindowActivation[];
  /** The networks that were applied, in the order of their windows' `fold`. */
  readonly networks: readonly PooledNetwork[];
  readonly options: FeatureOptions;
  /** 1 inside the patient's body, on the prepared grid; needed for the region `breast`. */
  readonly body: Uint8Array;
}

export interface PooledNetwork {
  /** The common number of each of the network's codes; only of a vector-quantised network. */
  readonly codeNumbers?: Int32Array;
}

/**
 * Pools each network's bottleneck over the regions:
 *
 * - `tumour`, weighted by its predicted probability;
 * - `rim`, the voxels around it. Where no voxel is more probably tumour than not, it lies around the most suspicious ones, so that the
 *   features exist after a complete response too;
 * - `breast`, all of the body in the image, tumour included.
 */
export function poolDeepFeatures(request: PoolRequest): DeepFeatures & { readonly issues: readonly Issue[] } {
  const { prepared, windows, networks, options } = request;
  const regions = regionWeights(request);
  const issues: Issue[] = [];
  let columns: readonly string[] = [];
  const rows = networks.map(({ codeNumbers }, network) => {
    const own = windows.filter(({ fold }) => fold === network);
    const [{ patchSize, shape }] = own;
    const layout: CellLayout = {
      imageShape: prepared.grid.shape,
      windowShape: patchSize,
      bottleneckShape: [shape[1], shape[2], shape[3]],
    };
    const pooler = createPooler({ ...layout, channels: shape[0], regions, statistics: options.statistics });
    for (const { start, bottleneck } of own) pooler.add(start, bottleneck);
    const parts: PooledFeatures[] = [pooler.finish()];
    if (network === 0) issues.push(...parts[0].issues);
    if (codeNumbers !== undefined && options.codeHistogram) {
      const counter = createCodeCounter({ ...layout, codes: codeNumbers.length, regions });
      for (const { start, captured } of own) {
        counter.add(
          start,
          captured.codes.data.map((code) => codeNumbers[code]),
        );
      }
      parts.push(counter.finish());
    }
    columns = parts.flatMap((part) => part.columns);
    return parts.flatMap(({ values }) => Array.from(values, rounded));
  });
  return { columns, rows, issues };
}

/** Seven digits: what the engines' numbers tell. */
function rounded(value: number): number | null {
  return Number.isNaN(value) ? null : Number(value.toPrecision(7));
}

function regionWeights({ prepared, prediction, options, body }: PoolRequest): Record<string, Float32Array> {
  const tumour = tumourProbability(prepared, prediction);
  const weights: Readonly<Record<FeatureRegion, () => Float32Array>> = {
    tumour: () => tumour,
    rim: () => rimWeights(prepared, tumour, options.rimMm),
    breast: () => Float32Array.from(body),
  };
  return Object.fromEntries(options.regions.map((region) => [region, weights[region]()]));
}

/** Probability of any class but the background. */
function tumourProbability(prepared: PreparedCase, { probabilities }: SegmentationPrediction): Float32Array {
  return classProbabilities(prepared, probabilities, 0).map((background) => 1 - background);
}

function rimWeights({ grid }: PreparedCase, tumour: Float32Array, rimMm: number): Float32Array {
  const highest = tumour.reduce((most, value) => Math.max(most, value), 0);
  const threshold = Math.min(0.5, highest / 2);
  const core = Uint8Array.from(tumour, (value) => (value > threshold ? 1 : 0));
  return Float32Array.from(rim({ grid, data: core }, rimMm).data);
}
