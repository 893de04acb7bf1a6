/** `residua train`: trains a segmentation network. */
import { Command, Option } from "commander";
import { NETWORK_KINDS, type NetworkKind } from "../../study/schema.ts";
import { trainNetwork } from "../../study/train.ts";
import { consoleProgress, print, printIssues, printJson } from "../console.ts";
import { interruptSignal } from "../interrupt.ts";
import { wholeNumber } from "../options.ts";

interface TrainOptions {
  readonly network: NetworkKind;
  readonly out: string;
  readonly fold?: number;
  readonly folds: number;
  readonly steps: number;
  readonly plan: "compact" | "nnunet";
  readonly seed: number;
  readonly json?: boolean;
}

export function trainCommand(): Command {
  return new Command("train")
    .description("Train a segmentation network")
    .argument(
      "<dataset>",
      "nnU-Net raw data set (dataset.json, imagesTr, labelsTr) or a cohort in the native layout",
    )
    .addOption(new Option("--network <kind>", "network").choices(NETWORK_KINDS).makeOptionMandatory())
    .requiredOption("--out <model>", "folder for the model")
    .option("--fold <k>", "leave out the cases of fold k (default: train on all cases)", wholeNumber(0))
    .option("--folds <n>", "number of folds", wholeNumber(2), 5)
    .option("--steps <n>", "training steps", wholeNumber(1), 2000)
    .addOption(
      new Option("--plan <preset>", "compact: sized for a CPU; nnunet: nnU-Net's own plan")
        .choices(["compact", "nnunet"])
        .default("compact"),
    )
    .option("--seed <n>", "seed", wholeNumber(0), 0)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Run the same command again after an interruption: it goes on from the last checkpoint.

Examples:
  residua train Dataset004_Hippocampus --network nnunet --out models/hippocampus
  residua train cohort --network nnunet --fold 0 --steps 1000 --out models/fold-0`,
    )
    .action(async (dataSet: string, { out, plan: preset, json, ...options }: TrainOptions) => {
      const { model, curve, plan, cases, issues } = await trainNetwork({
        dataSet,
        folder: out,
        preset,
        ...options,
        progress: consoleProgress(),
        signal: interruptSignal(),
      });
      printIssues(issues);
      if (json) return printJson({ model: model.folder, plan, cases, curve, issues });
      print(`model in ${model.folder}`);
    });
}
