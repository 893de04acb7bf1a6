/** `residua features`: bottleneck features as a table. */
import { Command } from "commander";
import { writeFeatureTable } from "../../study/features.ts";
import { consoleProgress, print, printIssues } from "../console.ts";
import { interruptSignal } from "../interrupt.ts";
import { finiteNumber, fraction } from "../options.ts";

export function featuresCommand(): Command {
  return new Command("features")
    .description("Bottleneck features inside and around the tumour, one row per image and network")
    .argument("<model>", "model folder, or a folder of fold-0, fold-1, …")
    .argument(
      "<input...>",
      "images, folders of images, examination folders or cohorts, as the model was trained on",
    )
    .requiredOption("--out <file>", "CSV file")
    .option("--rim <mm>", "width of the rim around the tumour", finiteNumber, 5)
    .option("--step <share>", "step of the sliding window, as a share of the patch", fraction, 0.5)
    .addHelpText(
      "after",
      `
Examples:
  residua features results/study/models/nnunet cohort --out features.csv`,
    )
    .action(async (model: string, inputs: string[], options: { out: string; rim: number; step: number }) => {
      const { rows, columns, issues } = await writeFeatureTable({
        model,
        inputs,
        file: options.out,
        rimMm: options.rim,
        step: options.step,
        mirror: false,
        progress: consoleProgress(),
        signal: interruptSignal(),
      });
      printIssues(issues);
      print(`${rows} rows of ${columns} features in ${options.out}`);
    });
}
