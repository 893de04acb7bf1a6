/** The flags of `residua train` that are the `training` part of a study file, by the same names and with the same defaults. */
import { InvalidArgumentError, Option } from "commander";
import {
  AUGMENTATION_NAMES,
  OPTIMISER_NAMES,
  PLANNERS,
  RECIPE_NAMES,
  type TrainingInput,
  WEIGHTS_NAMES,
} from "../study/training-schema.ts";
import { finiteNumber, numberTriple, wholeNumber } from "./options.ts";

type Recipe = NonNullable<TrainingInput["recipe"]>;
type Vq = NonNullable<TrainingInput["vq"]>;

/** What commander makes of the flags. */
export interface TrainingFlags
  extends Pick<
      TrainingInput,
      "steps" | "folds" | "preset" | "planner" | "checkpointEvery" | "weights" | "spacingMm"
    >,
    Pick<
      Recipe,
      "optimiser" | "learningRate" | "warmupSteps" | "weightDecay" | "clipNorm" | "batchDice" | "augmentation"
    >,
    Pick<Vq, "codes" | "dimensions" | "commitment" | "codebook" | "decay" | "revivalShare" | "skips"> {
  readonly patch?: [number, number, number];
  readonly batch?: number;
  readonly spacing?: [number, number, number];
  readonly gatedLevels?: number[];
  readonly validationPatches?: number;
  readonly earlyStop?: number;
  readonly force?: boolean;
}

export function trainingOptions(): Option[] {
  return [
    option("--steps <n>", "training steps (default: 2000; nnU-Net takes 250000)", wholeNumber(1)),
    option("--folds <n>", "number of folds (default: 5)", wholeNumber(2)),
    choice(
      "--preset <name>",
      "compact: sized for a CPU; nnunet: nnU-Net's plan and recipe (default: compact)",
      RECIPE_NAMES,
    ),
    choice("--planner <name>", "rule that sizes the network, where it is not the preset's", PLANNERS),
    option("--patch <d,h,w>", "patch in voxels (slice, row, column) instead of the planned", numberTriple),
    option("--batch <n>", "samples per step instead of the planned", wholeNumber(1)),
    option("--spacing <d,h,w>", "spacing in mm to resample to instead of the planned", numberTriple),
    choice("--optimiser <name>", "optimiser (default: the recipe's)", OPTIMISER_NAMES),
    option("--learning-rate <r>", "first learning rate (default: the recipe's)", finiteNumber),
    option("--warmup-steps <n>", "steps over which the learning rate rises first", wholeNumber(0)),
    option("--weight-decay <w>", "weight decay (default: the recipe's)", finiteNumber),
    option("--clip-norm <n>", "gradient norm above which gradients are scaled down", finiteNumber),
    new Option("--batch-dice", "take Dice over the batch"),
    new Option("--no-batch-dice", "take Dice for each sample"),
    choice("--augmentation <name>", "augmentation (default: nnunet)", AUGMENTATION_NAMES),
    option("--checkpoint-every <n>", "steps between checkpoints (default: 200)", wholeNumber(1)),
    choice("--weights <name>", "checkpoint that becomes the model (default: last)", WEIGHTS_NAMES),
    option("--early-stop <n>", "end after n checkpoints that are no better", wholeNumber(1)),
    option(
      "--validation-patches <n>",
      "held-out patches that score a checkpoint (default: 16)",
      wholeNumber(0),
    ),
    new Option("--force", "train even where the plan does not fit into memory"),
    option(
      "--gated-levels <list>",
      "attention-unet: levels whose skips are gated, from 1 (default: 2,3,4)",
      levels,
    ),
    option("--codes <n>", "vq: codes (default: 128)", wholeNumber(2)),
    option("--dimensions <n>", "vq: length of a code (default: 64)", wholeNumber(1)),
    option("--commitment <w>", "vq: weight of the commitment loss (default: 0.25)", finiteNumber),
    choice("--codebook <how>", "vq: how the codes learn (default: moving-average)", [
      "moving-average",
      "gradient",
    ]),
    option("--decay <share>", "vq: of the moving averages (default: 0.99)", finiteNumber),
    option(
      "--revival-share <share>",
      "vq: share of the mean use under which a code is revived (default: 0.05; 0: never)",
      finiteNumber,
    ),
    new Option("--no-skips", "vq: let all pass through the codes"),
  ];
}

/** The part of the study file that the flags are. */
export function trainingOf(flags: TrainingFlags): TrainingInput {
  const { steps, folds, preset, planner, checkpointEvery, weights, batch, patch, spacing } = flags;
  const { optimiser, learningRate, warmupSteps, weightDecay, clipNorm, batchDice, augmentation } = flags;
  const { codes, dimensions, commitment, codebook, decay, revivalShare, skips } = flags;
  return {
    ...defined({ steps, folds, preset, planner, checkpointEvery, weights }),
    ...defined({ batchSize: batch, patchSize: patch, spacingMm: spacing }),
    ...(flags.force === true ? { memoryCheck: false } : {}),
    recipe: { optimiser, learningRate, warmupSteps, weightDecay, clipNorm, batchDice, augmentation },
    validation: defined({ patches: flags.validationPatches, earlyStop: flags.earlyStop }),
    attention: defined({ gatedLevels: flags.gatedLevels }),
    // Commander gives --no-skips a default of true, which is the network's too.
    vq: defined({ codes, dimensions, commitment, codebook, decay, revivalShare, skips }),
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The object without the values that are not there. */
export function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}

function option(flags: string, description: string, parse: (text: string) => unknown): Option {
  return new Option(flags, description).argParser(parse);
}

function choice(flags: string, description: string, names: readonly string[]): Option {
  return new Option(flags, description).choices(names);
}

function levels(text: string): number[] {
  const numbers = text.split(",").map(Number);
  if (numbers.every((level) => Number.isInteger(level) && level >= 1)) return numbers;
  throw new InvalidArgumentError(`"${text}" is not a list of whole numbers from 1.`);
}
