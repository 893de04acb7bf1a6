/** Training batches: cases drawn at random, patches cut and augmented. A batch depends on the key and its step alone. */
import { deriveKey, type RandomKey, RandomStream } from "../../domain/random.ts";
import type { TensorData } from "../../engine/engine.ts";
import type { BatchSource } from "../../engine/trainer.ts";
import { drawAugmentedPatch } from "../../imaging/augmentation/augment.ts";
import {
  type AugmentationOptions,
  MIRROR_AUGMENTATION,
  NO_AUGMENTATION,
  nnunetAugmentation,
} from "../../imaging/augmentation/options.ts";
import { isForegroundForced, type Patch, samplePatchStart } from "../../imaging/patches.ts";
import type { SegmentationNetwork } from "../../networks/network.ts";
import type { Plan } from "../../networks/plan.ts";
import { supervisionLabels } from "../../networks/supervision-labels.ts";
import type { AugmentationName } from "../training-schema.ts";
import type { SegmentationCase } from "./cases.ts";
import { OUTSIDE, type PreparedStore } from "./prepared-store.ts";
import type { Recipe } from "./recipe.ts";

export interface BatchOptions {
  readonly cases: readonly SegmentationCase[];
  readonly store: PreparedStore;
  readonly network: SegmentationNetwork;
  readonly plan: Pick<Plan, "batchSize" | "spacingMm" | "normalisation">;
  readonly recipe: Pick<Recipe, "augmentation">;
  readonly key: RandomKey;
}

const AUGMENTATIONS: Readonly<
  Record<AugmentationName, (network: SegmentationNetwork, plan: BatchOptions["plan"]) => AugmentationOptions>
> = {
  nnunet: ({ patchSize }, { spacingMm }) => nnunetAugmentation(patchSize, coarsestAxis(spacingMm)),
  mirror: () => MIRROR_AUGMENTATION,
  none: () => NO_AUGMENTATION,
};

/** The first of equals. */
function coarsestAxis(spacingMm: Plan["spacingMm"]): number {
  return spacingMm.indexOf(Math.max(...spacingMm));
}

/** The inputs of `SegmentationNetwork.training`: `image` and `labels0`, `labels1`, …. */
export function batchSource(options: BatchOptions): BatchSource {
  const { network, plan, recipe } = options;
  const { batchSize } = plan;
  const augmentation = AUGMENTATIONS[recipe.augmentation](network, plan);
  const [depth, height, width] = network.patchSize;
  const imageSize = network.inputChannels * depth * height * width;
  return async (step) => {
    const inputs: Record<string, TensorData> = { image: new Float32Array(batchSize * imageSize) };
    for (let sample = 0; sample < batchSize; sample++) {
      const patch = await drawPatch(options, step, sample, augmentation);
      (inputs.image as Float32Array).set(patch.channels, sample * imageSize);
      supervisionLabels(patch.labels, patch.shape, network.supervisionStrides).forEach(
        (labels, resolution) => {
          const name = `labels${resolution}`;
          inputs[name] ??= new Int32Array(batchSize * labels.length);
          (inputs[name] as Int32Array).set(labels, sample * labels.length);
        },
      );
    }
    return inputs;
  };
}

async function drawPatch(
  { cases, store, network, plan, key }: BatchOptions,
  step: number,
  sample: number,
  augmentation: AugmentationOptions,
): Promise<Patch> {
  const sampleKey = deriveKey(key, "step", step, sample);
  const chosen = cases[new RandomStream(deriveKey(sampleKey, "case")).integer(cases.length)];
  const { prepared, trainingLabels: labels, foreground } = await store.get(chosen);
  const { channels, grid } = prepared;
  if (labels === undefined) throw new TypeError(`case ${chosen.id} has no reference to train on`);
  const forced = isForegroundForced(sample, plan.batchSize) ? foreground : undefined;
  const start = samplePatchStart(sampleKey, grid.shape, network.patchSize, forced);
  const source = { channels, labels, shape: grid.shape };
  const patch = drawAugmentedPatch(source, start, network.patchSize, sampleKey, augmentation);
  return prepared.outside === undefined ? patch : blankOutside(patch, plan.normalisation);
}

/** Takes away what augmentation left outside the mask that a channel is normalised in (nnU-Net's `MaskImageTransform`). */
function blankOutside(patch: Patch, normalisation: Plan["normalisation"]): Patch {
  const { channels, labels } = patch;
  for (let voxel = 0; voxel < labels.length; voxel++) {
    if (labels[voxel] !== OUTSIDE) continue;
    labels[voxel] = 0;
    normalisation.forEach((how, channel) => {
      if (how === "z-score-nonzero") channels[channel * labels.length + voxel] = 0;
    });
  }
  return patch;
}
