/** What every segmentation network offers, whatever is inside. */
import type { Triple } from "../domain/grid.ts";
import type { Graph } from "../graph/graph.ts";

export type NetworkKind = "nnunet" | "attention-unet" | "vq";

export interface TrainingGraphOptions {
  readonly batchSize: number;
  /** See {@link SegmentationLossOptions}. */
  readonly batchDice: boolean;
}

/** Names of the outputs that a kind of network has beyond those of all, per graph. */
export interface ExtraOutputs {
  readonly training: readonly string[];
  readonly inference: readonly string[];
}

export interface SegmentationNetwork {
  readonly kind: NetworkKind;
  readonly inputChannels: number;
  /** Classes with the background. */
  readonly classes: number;
  readonly patchSize: Triple;
  /** Factor between the voxels of the patch and of each resolution that labels are wanted for, finest first. */
  readonly supervisionStrides: readonly Triple[];
  readonly bottleneck: {
    readonly channels: number;
    /** Factor between the voxels of the patch and of the bottleneck. */
    readonly stride: Triple;
  };
  /**
   * Attention U-Net: in inference `attention.<resolution>` [N, 1, ...patch / stride], the gate's map from 0 to 1.
   * Vector-quantised: in training `perplexity` [] of the batch's codes, `commitment` [] and `codeUse` [codes], how many locations took each
   * code; in inference `codes` [N, 1, ...patch / stride], the number of the code at each location, and `histogram` [N, codes], the share of
   * each code.
   */
  readonly extraOutputs: ExtraOutputs;
  /**
   * Forward pass and loss. Data inputs: `image` f32 [N, C, ...patch], and `labels0`, `labels1`, … i32 [N, 1, ...patch / stride], one per
   * supervision stride. Outputs: `loss` [] and `overlap` [3, classes − 1] of the finest resolution (see `SegmentationLoss`).
   */
  training(options: TrainingGraphOptions): Graph;
  /**
   * Forward pass. Data input: `image` f32 [N, C, ...patch]. Outputs: `logits` [N, classes, ...patch] and
   * `bottleneck` [N, channels, ...patch / stride]. State names are among those of `training`.
   */
  inference(options: { readonly batchSize: number }): Graph;
}
