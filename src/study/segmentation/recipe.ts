/** How a network is trained: the optimiser and its schedule. */
import { withAdamW, withSgd } from "../../engine/optimiser.ts";
import { polynomialSchedule, type Schedule } from "../../engine/schedule.ts";
import type { Graph } from "../../graph/graph.ts";
import type { NetworkKind } from "../schema.ts";
import type { AugmentationName, RecipeName } from "../training-schema.ts";

export interface Recipe {
  readonly optimiser: "sgd" | "adamw";
  readonly learningRate: number;
  readonly warmupSteps: number;
  /** The learning rate stays the same for so many steps (nnU-Net: an epoch of 250); 1 lets it fall at each. */
  readonly holdSteps: number;
  readonly weightDecay: number;
  /** Gradient norm above which gradients are scaled down. */
  readonly clipNorm: number;
  readonly batchDice: boolean;
  readonly augmentation: AugmentationName;
}

/** Gradient norm that nnU-Net clips at, and its augmentation; all recipes here share them. */
const SHARED = { clipNorm: 12, holdSteps: 1, augmentation: "nnunet" } as const;

/** AdamW, which gets there in the few thousand steps that a CPU has time for (bench/hippocampus). */
const COMPACT: Recipe = {
  optimiser: "adamw",
  learningRate: 4e-3,
  warmupSteps: 20,
  weightDecay: 1e-2,
  batchDice: true,
  ...SHARED,
};

/**
 * By kind of network and preset. Published, for the preset `nnunet`: nnU-Net SGD with Nesterov momentum 0.99, made for
 * 250,000 steps (Isensee 2021); Attention U-Net Adam at 1e-4 (Oktay 2018); vector-quantised Adam at 2e-4 (van den Oord 2017).
 */
export const RECIPES: Readonly<Record<NetworkKind, Readonly<Record<RecipeName, Recipe>>>> = {
  nnunet: {
    nnunet: {
      ...SHARED,
      optimiser: "sgd",
      learningRate: 0.01,
      warmupSteps: 0,
      holdSteps: 250,
      weightDecay: 3e-5,
      batchDice: false,
    },
    compact: COMPACT,
  },
  "attention-unet": {
    nnunet: {
      ...SHARED,
      optimiser: "adamw",
      learningRate: 1e-4,
      warmupSteps: 0,
      weightDecay: 1e-2,
      batchDice: true,
    },
    compact: COMPACT,
  },
  vq: {
    nnunet: {
      ...SHARED,
      optimiser: "adamw",
      learningRate: 2e-4,
      warmupSteps: 0,
      weightDecay: 1e-2,
      batchDice: true,
    },
    compact: COMPACT,
  },
};

/** What a study or a command changes of a recipe: for all networks, and for single kinds. */
export interface RecipeChanges {
  readonly preset: RecipeName;
  readonly recipe: RecipeChange;
  readonly recipes: { readonly [kind in NetworkKind]?: RecipeChange | undefined };
}

export type RecipeChange = { readonly [key in keyof Recipe]?: Recipe[key] | undefined };

/** The recipe of a kind: its preset's, then what is changed for all networks, then what is changed for it. */
export function recipeOf(kind: NetworkKind, { preset, recipe, recipes }: RecipeChanges): Recipe {
  const changes = [recipe, recipes[kind] ?? {}].map((change) =>
    Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)),
  );
  return Object.assign({}, RECIPES[kind][preset], ...changes) as Recipe;
}

type Regularisation = Pick<Recipe, "weightDecay" | "clipNorm">;

const OPTIMISERS: Readonly<Record<Recipe["optimiser"], (graph: Graph, options: Regularisation) => Graph>> = {
  sgd: (graph, options) => withSgd(graph, { momentum: 0.99, nesterov: true, ...options }),
  adamw: (graph, options) => withAdamW(graph, { beta1: 0.9, beta2: 0.999, eps: 1e-8, ...options }),
};

export function addOptimiser(graph: Graph, { optimiser, weightDecay, clipNorm }: Recipe): Graph {
  return OPTIMISERS[optimiser](graph, { weightDecay, clipNorm });
}

/** Polynomial decay to 0 over the training. */
export function scheduleOf({ learningRate, warmupSteps, holdSteps }: Recipe, steps: number): Schedule {
  return polynomialSchedule({
    initialRate: learningRate,
    steps,
    holdSteps,
    warmupSteps: Math.min(warmupSteps, steps - 1),
  });
}
