/** `residua train`: trains a segmentation network. */
import { Command, InvalidArgumentError, Option } from "commander";
import { NETWORK_KINDS, type NetworkKind } from "../../study/schema.ts";
import { trainNetwork } from "../../study/train.ts";
import { consoleProgress, print, printIssues, printJson } from "../console.ts";
import { addEngineOptions, type EngineOptions, engineRequest } from "../engine-options.ts";
import { interruptSignal } from "../interrupt.ts";
import { wholeNumber } from "../options.ts";
import { type TrainingFlags, trainingOf, trainingOptions } from "../training-options.ts";

interface TrainOptions extends TrainingFlags, EngineOptions {
  readonly network: NetworkKind;
  readonly out: string;
  readonly fold?: number | "all";
  readonly seed: number;
  readonly json?: boolean;
}

export function trainCommand(): Command {
  const command = new Command("train")
    .description("Train a segmentation network")
    .argument(
      "<dataset>",
      "nnU-Net raw data set (dataset.json, imagesTr, labelsTr) or a cohort in the native layout",
    )
    .addOption(new Option("--network <kind>", "network").choices(NETWORK_KINDS).makeOptionMandatory())
    .requiredOption("--out <model>", "folder for the model")
    .option(
      "--fold <k>",
      "leave out the cases of fold k, or train `all` folds in turn (default: train on all cases)",
      foldOption,
    )
    .option("--seed <n>", "seed", wholeNumber(0), 0)
    .option("--json", "print JSON");
  addEngineOptions(command);
  for (const option of trainingOptions()) command.addOption(option);
  return command
    .addHelpText(
      "after",
      `
The loss and Dice curve is in MODEL/curve.svg and curve.csv, made anew at each checkpoint. Run the same command again after an
interruption: it goes on from the last checkpoint.

Examples:
  residua train Dataset004_Hippocampus --network nnunet --out models/hippocampus
  residua train cohort --network vq --codes 256 --codebook gradient --fold 0 --out models/fold-0
  residua train cohort --network nnunet --preset nnunet --planner resenc-m --steps 250000 --fold all --out models/resenc`,
    )
    .action(async (dataSet: string, options: TrainOptions) => {
      const { network, out, fold, seed, json } = options;
      const { trained, plan, cases, issues } = await trainNetwork({
        dataSet,
        network,
        folder: out,
        seed,
        training: trainingOf(options),
        ...(fold === undefined ? {} : { fold }),
        engine: engineRequest(options),
        progress: consoleProgress(),
        signal: interruptSignal(),
      });
      printIssues(issues);
      if (json) {
        const models = trained.map(({ model, curve, scores, measure, idleShare }) => ({
          model: model.folder,
          curve,
          scores,
          measure,
          idleShare,
        }));
        return printJson({ ...(fold === "all" ? { models } : models[0]), plan, cases, issues });
      }
      for (const { model, idleShare } of trained) {
        const { usedStep, best } = model.description.training;
        const score =
          best === undefined
            ? ""
            : `; best ${best.measure} Dice ${best.dice.toFixed(3)} after step ${best.step}`;
        print(`model in ${model.folder} (step ${usedStep}${score})`);
        print(`the engine waited for data ${(100 * idleShare).toFixed(1)} % of the time`);
      }
    });
}

function foldOption(text: string): number | "all" {
  if (text === "all") return "all";
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`"${text}" is neither a fold number nor "all".`);
}
