import { describe, expect, it } from "vitest";
import { NNUNET_AUGMENTATION, nnunetAugmentation } from "../../imaging/augmentation/options.ts";
import { createUNet } from "../../networks/unet.ts";
import { trainingSchema } from "../training-schema.ts";
import { addOptimiser, RECIPES, recipeOf, scheduleOf } from "./recipe.ts";

describe("the recipe of preset nnunet", () => {
  const recipe = RECIPES.nnunet.nnunet;

  // nnUNetTrainer of nnunetv2 2.8.1: initial_lr, weight_decay, configure_optimizers, train_step, PolyLRScheduler per epoch of 250.
  it("is nnU-Net's: rate, weight decay, clipping, Dice per sample", () => {
    expect(recipe).toEqual({
      optimiser: "sgd",
      learningRate: 0.01,
      warmupSteps: 0,
      holdSteps: 250,
      weightDecay: 3e-5,
      clipNorm: 12,
      batchDice: false,
      augmentation: "nnunet",
    });
  });

  it("lets the rate fall once an epoch by (1 − epoch/1000)^0.9", () => {
    const rate = scheduleOf(recipe, 250_000);
    for (const epoch of [0, 1, 500, 999]) {
      const expected = 0.01 * (1 - epoch / 1000) ** 0.9;
      expect(rate(250 * epoch)).toBeCloseTo(expected, 12);
      expect(rate(250 * epoch + 249)).toBeCloseTo(expected, 12);
    }
  });
});

describe("a recipe", () => {
  it("is the preset's, changed for all networks and then for one", () => {
    const config = trainingSchema.parse({
      recipe: { learningRate: 0.1, weightDecay: 0 },
      recipes: { vq: { learningRate: 0.2 } },
    });
    const changed = { ...RECIPES.nnunet.compact, learningRate: 0.1, weightDecay: 0 };
    expect(recipeOf("nnunet", config)).toEqual(changed);
    expect(recipeOf("vq", config)).toEqual({ ...RECIPES.vq.compact, learningRate: 0.2, weightDecay: 0 });
  });

  it("decides about the optimiser's states", () => {
    const network = createUNet({
      inputChannels: 1,
      classes: 2,
      patchSize: [4, 4, 4],
      strides: [
        [1, 1, 1],
        [2, 2, 2],
      ],
      kernels: [
        [3, 3, 3],
        [3, 3, 3],
      ],
      features: [2, 3],
      blocksPerStage: [1, 1],
      blocksPerStageDecoder: [1],
    });
    const states = (optimiser: "sgd" | "adamw") => {
      const graph = addOptimiser(network.training({ batchSize: 1, batchDice: true }), {
        ...RECIPES.nnunet.compact,
        optimiser,
      });
      return graph.nodes.flatMap((node) => (node.kind === "input" ? [node.name] : []));
    };
    expect(states("sgd")).toContain("head.0.weight.momentum");
    expect(states("adamw")).toContain("head.0.weight.square");
  });
});

describe("nnU-Net's augmentation", () => {
  it("stays within thick slices, whichever axis they lie along", () => {
    expect(nnunetAugmentation([64, 64, 20], 2)).toMatchObject({
      rotation: { axes: [2], maximumDegrees: 180 },
      scaling: { axes: [0, 1] },
      lowResolution: { axes: [0, 1] },
    });
    expect(nnunetAugmentation([64, 64, 20], 0)).toBe(NNUNET_AUGMENTATION);
  });
});
