import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { trainingSchema } from "../study/training-schema.ts";
import { type TrainingFlags, trainingOf, trainingOptions } from "./training-options.ts";

function parse(...args: string[]) {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  for (const option of trainingOptions()) command.addOption(option);
  command.parse(args, { from: "user" });
  return trainingSchema.parse(trainingOf(command.opts<TrainingFlags>()));
}

describe("the flags of train", () => {
  it("leave every default as the study file has it", () => {
    expect(parse()).toEqual(trainingSchema.parse({}));
  });

  it("are the keys of the study file", () => {
    const flags = [
      "--preset nnunet --planner resenc-l --patch 48,64,32 --batch 3 --spacing 2,1,1 --steps 9 --folds 3 --force",
      "--optimiser sgd --learning-rate 0.02 --warmup-steps 4 --weight-decay 0.1 --clip-norm 5 --no-batch-dice",
      "--augmentation mirror --checkpoint-every 7 --weights best --early-stop 6 --validation-patches 8",
      "--gated-levels 1,2 --codes 32 --dimensions 16 --commitment 0.5 --codebook gradient --decay 0.9",
      "--revival-share 0 --no-skips",
    ];
    expect(parse(...flags.join(" ").split(" "))).toEqual(
      trainingSchema.parse({
        preset: "nnunet",
        planner: "resenc-l",
        patchSize: [48, 64, 32],
        batchSize: 3,
        spacingMm: [2, 1, 1],
        steps: 9,
        folds: 3,
        memoryCheck: false,
        recipe: {
          optimiser: "sgd",
          learningRate: 0.02,
          warmupSteps: 4,
          weightDecay: 0.1,
          clipNorm: 5,
          batchDice: false,
          augmentation: "mirror",
        },
        checkpointEvery: 7,
        weights: "best",
        validation: { patches: 8, earlyStop: 6 },
        attention: { gatedLevels: [1, 2] },
        vq: {
          codes: 32,
          dimensions: 16,
          commitment: 0.5,
          codebook: "gradient",
          decay: 0.9,
          revivalShare: 0,
          skips: false,
        },
      }),
    );
  });

  it.each([
    ["--patch", "48,64"],
    ["--gated-levels", "0"],
    ["--optimiser", "adam"],
    ["--steps", "0"],
  ])("refuse %s %s", (flag, value) => {
    expect(() => parse(flag, value)).toThrow();
  });
});
