/** Attention U-Net (Oktay et al. 2018, arXiv 1804.03999): a U-Net whose skips pass additive grid gates. */
import type { GraphBuilder, Value } from "../graph/builder.ts";
import type { Spatial } from "../graph/primitives.ts";
import { decode, encode, type NetworkPlan, segmentationNetwork } from "./encoder-decoder.ts";
import { normalisedPointConvolution, pointConvolution, strideConvolution } from "./layers.ts";
import type { SegmentationNetwork } from "./network.ts";
import type { Channels, PlannerName } from "./presets.ts";
import { trilinearUpsample } from "./trilinear.ts";

export interface AttentionOptions {
  /**
   * Levels whose skips are gated, the finest being 1. Those without a skip are passed over; a network that has none of them gates its
   * coarsest skip.
   */
  readonly gatedLevels: readonly number[];
}

/** The finest skip stays open: its features are too low for a decision (section 2.2 of the paper). */
export const ATTENTION_DEFAULTS: AttentionOptions = { gatedLevels: [2, 3, 4] };

const PUBLISHED_CHANNELS: Channels = { baseFeatures: 16, maxFeatures: 256 };

/** 16 to 256, the published widths; `compact` stops where its other networks do. */
export const ATTENTION_CHANNELS: Readonly<Record<PlannerName, Channels>> = {
  compact: { baseFeatures: 16, maxFeatures: 160 },
  nnunet: PUBLISHED_CHANNELS,
  "resenc-m": PUBLISHED_CHANNELS,
  "resenc-l": PUBLISHED_CHANNELS,
};

/**
 * The encoder, decoder and heads of the U-Net with gates on the skips. The gating signal of a skip is the decoder's activation one level
 * coarser, for the coarsest skip the bottleneck.
 *
 * State: that of the U-Net, and `gate.<resolution>.theta.…`, `.phi.…`, `.psi.…`, `.out.…`.
 */
export function createAttentionUNet(
  plan: NetworkPlan,
  options: AttentionOptions = ATTENTION_DEFAULTS,
): SegmentationNetwork {
  const gated = gatedResolutions(plan.strides.length - 1, options);
  const mapName = (resolution: number) => `attention.${resolution}`;
  return segmentationNetwork(plan, {
    kind: "attention-unet",
    name: "attention-unet",
    bottleneckChannels: plan.features[plan.strides.length - 1],
    extraOutputs: { training: [], inference: gated.map(mapName) },
    forward(b, image, graph) {
      const stages = encode(b, plan, image);
      const bottleneck = stages[stages.length - 1];
      const maps: Record<string, Value> = {};
      const decoded = decode(b, plan, bottleneck, (resolution, coarser) => {
        const skip = stages[resolution];
        if (!gated.includes(resolution)) return skip;
        const { passed, map } = gate(b, `gate.${resolution}`, skip, coarser, plan.strides[resolution + 1]);
        maps[mapName(resolution)] = map;
        return passed;
      });
      return { bottleneck, decoded, outputs: graph === "inference" ? maps : {} };
    },
  });
}

/** Finest first. */
function gatedResolutions(skips: number, { gatedLevels }: AttentionOptions): number[] {
  const resolutions = Array.from({ length: skips }, (_, resolution) => resolution);
  const gated = resolutions.filter((resolution) => gatedLevels.includes(resolution + 1));
  return gated.length > 0 ? gated : [skips - 1];
}

/**
 * The additive grid gate (equations 1 and 2, figure 2 of the paper): α = σ(ψ(relu(θ(x) + φ(g)))), on the grid of g and then up-sampled;
 * the skip is passed as W(α·x), W being a 1x1x1 convolution and a normalisation. θ has the stride between x and g for kernel (2x2x2
 * stride 2); θ and φ have as many channels as x, ψ has one.
 *
 * @param skip x [N, C, D, H, W]
 * @param signal g [N, G, ...D / stride]
 */
function gate(
  b: GraphBuilder,
  name: string,
  skip: Value,
  signal: Value,
  stride: Spatial,
): { passed: Value; map: Value } {
  const channels = skip.shape[1];
  const theta = strideConvolution(b, `${name}.theta`, skip, { channels, stride });
  const phi = pointConvolution(b, `${name}.phi`, signal, channels);
  const psi = pointConvolution(b, `${name}.psi`, b.relu(b.add(theta, phi)), 1);
  const map = trilinearUpsample(b, b.sigmoid(psi), stride); // [N, 1, D, H, W]
  return { passed: normalisedPointConvolution(b, `${name}.out`, b.multiply(skip, map), channels), map };
}
