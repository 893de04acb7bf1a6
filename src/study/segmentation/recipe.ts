/** How a network is trained: the optimiser and its schedule. */
import { withAdamW, withSgd } from "../../engine/optimiser.ts";
import { polynomialSchedule, type Schedule } from "../../engine/schedule.ts";
import type { Graph } from "../../graph/graph.ts";
import type { PresetName } from "../../networks/presets.ts";
import type { NetworkKind } from "../schema.ts";

export interface Recipe {
  readonly optimiser: "sgd" | "adamw";
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly batchDice: boolean;
}

/** AdamW, which gets there in the few thousand steps that a CPU has time for (bench/hippocampus). */
const COMPACT: Recipe = { optimiser: "adamw", learningRate: 4e-3, warmupSteps: 20, batchDice: true };

/**
 * By kind of network and preset of its plan. Published for the preset `nnunet`: nnU-Net SGD with Nesterov momentum 0.99, made for
 * 250,000 steps (Isensee 2021); Attention U-Net Adam at 1e-4 (Oktay 2018); vector-quantised Adam at 2e-4 (van den Oord 2017).
 */
export const RECIPES: Readonly<Record<NetworkKind, Readonly<Record<PresetName, Recipe>>>> = {
  nnunet: {
    nnunet: { optimiser: "sgd", learningRate: 0.01, warmupSteps: 0, batchDice: false },
    compact: COMPACT,
  },
  "attention-unet": {
    nnunet: { optimiser: "adamw", learningRate: 1e-4, warmupSteps: 0, batchDice: true },
    compact: COMPACT,
  },
  vq: {
    nnunet: { optimiser: "adamw", learningRate: 2e-4, warmupSteps: 0, batchDice: true },
    compact: COMPACT,
  },
};

/** Gradient norm above which gradients are scaled down, as in nnU-Net. */
const CLIP_NORM = 12;

const OPTIMISERS: Readonly<Record<Recipe["optimiser"], (graph: Graph) => Graph>> = {
  sgd: (graph) => withSgd(graph, { momentum: 0.99, nesterov: true, weightDecay: 3e-5, clipNorm: CLIP_NORM }),
  adamw: (graph) =>
    withAdamW(graph, { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 1e-2, clipNorm: CLIP_NORM }),
};

export function addOptimiser(graph: Graph, { optimiser }: Recipe): Graph {
  return OPTIMISERS[optimiser](graph);
}

/** Polynomial decay to 0 over the training. */
export function scheduleOf({ learningRate, warmupSteps }: Recipe, steps: number): Schedule {
  return polynomialSchedule({
    initialRate: learningRate,
    steps,
    warmupSteps: Math.min(warmupSteps, steps - 1),
  });
}
