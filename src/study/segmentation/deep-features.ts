/** Bottleneck features of one examination, inside and around the tumour. */
import type { Issue } from "../../domain/issues.ts";
import type { SegmentationPrediction, WindowActivation } from "../../engine/sliding-window.ts";
import { createPooler } from "../../features/pooling.ts";
import { rim } from "../../imaging/distance.ts";
import type { SegmentationNetwork } from "../../networks/network.ts";
import { classProbabilities, type PreparedCase } from "./prepare.ts";

export interface DeepFeatures {
  readonly columns: readonly string[];
  /** One per network that was applied; null is missing. */
  readonly rows: readonly (readonly (number | null)[])[];
}

export interface PoolRequest {
  readonly prepared: PreparedCase;
  readonly prediction: SegmentationPrediction;
  readonly windows: readonly WindowActivation[];
  /** How many networks were applied. */
  readonly networks: number;
  readonly bottleneck: SegmentationNetwork["bottleneck"];
  /** Width of the rim, in mm. */
  readonly rimMm: number;
}

/**
 * Pools each network's bottleneck over the tumour, weighted by its predicted probability, and over a rim around it. Where
 * no voxel is more probably tumour than not, the rim lies around the most suspicious voxels, so that the features exist
 * after a complete response too.
 */
export function poolDeepFeatures(request: PoolRequest): DeepFeatures & { readonly issues: readonly Issue[] } {
  const { prepared, prediction, windows, networks, bottleneck, rimMm } = request;
  const tumour = tumourProbability(prepared, prediction);
  const regions = { tumour, rim: rimWeights(prepared, tumour, rimMm) };
  const issues: Issue[] = [];
  let columns: readonly string[] = [];
  const rows = Array.from({ length: networks }, (_, network) => {
    const own = windows.filter(({ fold }) => fold === network);
    const pooler = createPooler({
      imageShape: prepared.grid.shape,
      windowShape: own[0].patchSize,
      bottleneckShape: [own[0].shape[1], own[0].shape[2], own[0].shape[3]],
      channels: bottleneck.channels,
      regions,
    });
    for (const { start, bottleneck: activation } of own) pooler.add(start, activation);
    const pooled = pooler.finish();
    columns = pooled.columns;
    if (network === 0) issues.push(...pooled.issues);
    return Array.from(pooled.values, (value) => (Number.isNaN(value) ? null : Number(value.toPrecision(7))));
  });
  return { columns, rows, issues };
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
