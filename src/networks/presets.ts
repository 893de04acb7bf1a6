/** Named sizes of plan. */

export interface Channels {
  /** Channels of the first stage; each stage has twice those of the one before. */
  readonly baseFeatures: number;
  readonly maxFeatures: number;
}

/** How the stages of an encoder are built: convolutions in a row, or residual blocks (He et al. 2016, arXiv 1512.03385). */
export type EncoderKind = "plain" | "residual";

export interface PlanPreset extends Channels {
  readonly encoder: EncoderKind;
  /** Largest sum of convolution outputs of one sample, at a batch of 2. */
  readonly memoryReference: number;
  readonly maxBatch: number;
  /** Share of the data set's voxels that one batch may hold. */
  readonly maxDataShare: number;
}

export const PLANNER_NAMES = ["compact", "nnunet", "resenc-m", "resenc-l"] as const;
export type PlannerName = (typeof PLANNER_NAMES)[number];

const NNUNET_CHANNELS: Channels = { baseFeatures: 32, maxFeatures: 320 };
const NO_LIMIT = Number.POSITIVE_INFINITY;

const RESIDUAL = { encoder: "residual", ...NNUNET_CHANNELS, maxBatch: NO_LIMIT, maxDataShare: 1 } as const;

export const PRESETS: Readonly<Record<PlannerName, PlanPreset>> = {
  /** Training on a few processor cores: the same rules with half the channels and patches up to about 48x64x48. */
  compact: {
    encoder: "plain",
    baseFeatures: 16,
    maxFeatures: 160,
    memoryReference: 16_000_000,
    maxBatch: 2,
    maxDataShare: 0.05,
  },
  /** nnU-Net v2's default planner: an 8 GB graphics card. */
  nnunet: {
    encoder: "plain",
    ...NNUNET_CHANNELS,
    memoryReference: 560_000_000,
    maxBatch: NO_LIMIT,
    maxDataShare: 0.05,
  },
  /** nnU-Net v2's residual encoder presets (Isensee et al. 2024, arXiv 2404.09556) for cards of 8 and 24 GB. */
  "resenc-m": { ...RESIDUAL, memoryReference: 680_000_000 },
  "resenc-l": { ...RESIDUAL, memoryReference: 2_100_000_000 },
};

/** Channels per stage. */
export function featuresOf(stages: number, { baseFeatures, maxFeatures }: Channels): number[] {
  return Array.from({ length: stages }, (_, stage) => Math.min(maxFeatures, baseFeatures * 2 ** stage));
}

/** How many convolutions (or residual blocks of two) the stages of an encoder have, and convolutions those of the decoder. */
interface Blocks {
  /** The last number holds for all stages after it. */
  readonly encoder: readonly number[];
  readonly decoder: number;
}

const BLOCKS: Readonly<Record<EncoderKind, Blocks>> = {
  plain: { encoder: [2], decoder: 2 },
  residual: { encoder: [1, 3, 4, 6], decoder: 1 },
};

/** Blocks per stage of the encoder and per resolution of the decoder. */
export function blocksOf(
  stages: number,
  encoder: EncoderKind,
): { readonly blocksPerStage: number[]; readonly blocksPerStageDecoder: number[] } {
  const blocks = BLOCKS[encoder];
  return {
    blocksPerStage: Array.from(
      { length: stages },
      (_, stage) => blocks.encoder[Math.min(stage, blocks.encoder.length - 1)],
    ),
    blocksPerStageDecoder: Array<number>(stages - 1).fill(blocks.decoder),
  };
}
