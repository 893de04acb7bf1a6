/** The networks that a study can name. */
import {
  ATTENTION_CHANNELS,
  type AttentionOptions,
  createAttentionUNet,
} from "../../networks/attention-unet.ts";
import type { SegmentationNetwork } from "../../networks/network.ts";
import type { Plan } from "../../networks/plan.ts";
import { type Channels, featuresOf, type PlannerName, PRESETS } from "../../networks/presets.ts";
import { createUNet } from "../../networks/unet.ts";
import { createVqNetwork, type VqOptions } from "../../networks/vq.ts";
import type { NetworkKind } from "../schema.ts";

/** Options of single kinds; a kind whose options are absent has its defaults. */
export interface NetworkOptions {
  readonly attention?: AttentionOptions;
  readonly vq?: VqOptions;
}

interface KindOfNetwork {
  readonly create: (plan: Plan, options: NetworkOptions) => SegmentationNetwork;
  readonly channels: Readonly<Record<PlannerName, Channels>>;
  /** What of the options belongs to the kind. */
  readonly own: (options: NetworkOptions) => NetworkOptions;
}

const KINDS: Readonly<Record<NetworkKind, KindOfNetwork>> = {
  nnunet: { create: createUNet, channels: PRESETS, own: () => ({}) },
  "attention-unet": {
    create: (plan, { attention }) => createAttentionUNet(plan, attention),
    channels: ATTENTION_CHANNELS,
    own: ({ attention }) => (attention === undefined ? {} : { attention }),
  },
  vq: {
    create: (plan, { vq }) => createVqNetwork(plan, vq),
    channels: PRESETS,
    own: ({ vq }) => (vq === undefined ? {} : { vq }),
  },
};

export function createNetwork(
  kind: NetworkKind,
  plan: Plan,
  options: NetworkOptions = {},
): SegmentationNetwork {
  return KINDS[kind].create(plan, options);
}

/** The plan of a data set with the channels of a kind of network; all kinds share the rest, and so the prepared images. */
export function planOfKind(kind: NetworkKind, plan: Plan): Plan {
  return { ...plan, features: featuresOf(plan.strides.length, KINDS[kind].channels[plan.preset]) };
}

/** The options of one kind, so that those of another change nothing. */
export function optionsOf(kind: NetworkKind, options: NetworkOptions): NetworkOptions {
  return KINDS[kind].own(options);
}
