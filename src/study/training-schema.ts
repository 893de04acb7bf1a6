/** How segmentation networks are planned and trained, in a study and by `residua train`: the section `training` of the study file. */
import { z } from "zod";
import { ATTENTION_DEFAULTS } from "../networks/attention-unet.ts";
import { PLANNER_NAMES } from "../networks/presets.ts";
import { VQ_DEFAULTS } from "../networks/vq.ts";

/** Channels of the network's input, chosen by acquisition time. */
const CHANNELS = ["pre", "early", "late", "early-pre", "late-pre", "late-early"] as const;

const spacing = z.number().positive();

/** Options of the Attention U-Net: see `AttentionOptions`. */
export const attentionSchema = z.strictObject({
  gatedLevels: z
    .array(z.int().positive())
    .min(1)
    .default([...ATTENTION_DEFAULTS.gatedLevels]),
});

/** Options of the vector-quantised network: see `VqOptions`. */
export const vqSchema = z.strictObject({
  codes: z.int().min(2).default(VQ_DEFAULTS.codes),
  dimensions: z.int().positive().default(VQ_DEFAULTS.dimensions),
  commitment: z.number().nonnegative().default(VQ_DEFAULTS.commitment),
  codebook: z.enum(["moving-average", "gradient"]).default(VQ_DEFAULTS.codebook),
  decay: z.number().gt(0).lt(1).default(VQ_DEFAULTS.decay),
  epsilon: z.number().positive().default(VQ_DEFAULTS.epsilon),
  revivalShare: z.number().min(0).max(0.5).default(VQ_DEFAULTS.revivalShare),
  skips: z.boolean().default(VQ_DEFAULTS.skips),
});

/** Whole recipes, from the plan to the schedule. */
export const RECIPE_NAMES = ["compact", "nnunet"] as const;
export type RecipeName = (typeof RECIPE_NAMES)[number];

/** Rules that size a network. */
export const PLANNERS = PLANNER_NAMES;

/** What batches are augmented by: nnU-Net's list, reversal of axes alone, or nothing. */
export const AUGMENTATION_NAMES = ["nnunet", "mirror", "none"] as const;
export type AugmentationName = (typeof AUGMENTATION_NAMES)[number];

export const OPTIMISER_NAMES = ["sgd", "adamw"] as const;

/** What replaces numbers of a recipe: see `Recipe`. */
const recipeSchema = z.strictObject({
  optimiser: z.enum(OPTIMISER_NAMES).optional(),
  learningRate: z.number().positive().optional(),
  warmupSteps: z.int().nonnegative().optional(),
  holdSteps: z.int().positive().optional(),
  weightDecay: z.number().nonnegative().optional(),
  clipNorm: z.number().positive().optional(),
  batchDice: z.boolean().optional(),
  augmentation: z.enum(AUGMENTATION_NAMES).optional(),
});

const validationSchema = z.strictObject({
  /** Patches of held-out cases that each validation looks at; 0: none. */
  patches: z.int().nonnegative().default(16),
  /** Validations without improvement after which training ends. */
  earlyStop: z.int().positive().optional(),
});

/** Which of the checkpoints becomes the model. */
export const WEIGHTS_NAMES = ["last", "best"] as const;

const voxels = z.int().positive();

/** How networks are planned and trained: of a study, and of `residua train`. */
export const trainingSchema = z.strictObject({
  steps: z.int().positive().default(2000),
  folds: z.int().min(2).default(5),
  /** `compact` for training on a CPU, `nnunet` for nnU-Net's own plan and recipe. */
  preset: z.enum(RECIPE_NAMES).default("compact"),
  /** Rule that sizes the network; by default the preset's. */
  planner: z.enum(PLANNERS).optional(),
  /** Replace what is planned; the patch in voxels, (slice, row, column). */
  patchSize: z.tuple([voxels, voxels, voxels]).optional(),
  batchSize: z.int().positive().optional(),
  /** Changes to the recipes of all networks, and of single ones. */
  recipe: recipeSchema.prefault({}),
  recipes: z
    .strictObject({
      nnunet: recipeSchema.optional(),
      "attention-unet": recipeSchema.optional(),
      vq: recipeSchema.optional(),
    })
    .prefault({}),
  validation: validationSchema.prefault({}),
  weights: z.enum(WEIGHTS_NAMES).default("last"),
  /** Whether a training that does not fit into memory is refused before it begins. */
  memoryCheck: z.boolean().default(true),
  /** Input channels of the network. */
  channels: z.array(z.enum(CHANNELS)).min(1).default(["early", "early-pre"]),
  /** Spacing that images are resampled to, (slice, row, column) in mm; by default as nnU-Net plans it. Coarser is faster. */
  spacingMm: z.tuple([spacing, spacing, spacing]).optional(),
  attention: attentionSchema.prefault({}),
  vq: vqSchema.prefault({}),
  /** Steps between checkpoints from which an interrupted run goes on. */
  checkpointEvery: z.int().positive().default(200),
});

export type TrainingConfig = z.output<typeof trainingSchema>;
export type TrainingInput = z.input<typeof trainingSchema>;
