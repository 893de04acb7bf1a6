/** Named sizes of plan. */

export interface Channels {
  /** Channels of the first stage; each stage has twice those of the one before. */
  readonly baseFeatures: number;
  readonly maxFeatures: number;
}

export interface PlanPreset extends Channels {
  /** Largest sum of convolution outputs of one sample, at a batch of 2. */
  readonly memoryReference: number;
  readonly maxBatch: number;
}

export type PresetName = "nnunet" | "compact";

export const PRESETS: Readonly<Record<PresetName, PlanPreset>> = {
  /** nnU-Net v2's default planner: an 8 GB graphics card. */
  nnunet: {
    baseFeatures: 32,
    maxFeatures: 320,
    memoryReference: 560_000_000,
    maxBatch: Number.POSITIVE_INFINITY,
  },
  /** Training on a few processor cores: the same rules with half the channels and patches up to about 48x64x48. */
  compact: { baseFeatures: 16, maxFeatures: 160, memoryReference: 16_000_000, maxBatch: 2 },
};

/** Channels per stage. */
export function featuresOf(stages: number, { baseFeatures, maxFeatures }: Channels): number[] {
  return Array.from({ length: stages }, (_, stage) => Math.min(maxFeatures, baseFeatures * 2 ** stage));
}
