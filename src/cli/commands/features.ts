/** `residua features`: bottleneck features as a table. */
import { Command } from "commander";
import { writeFeatureTable } from "../../study/features.ts";
import { FEATURE_REGIONS, FEATURE_STATISTICS } from "../../study/schema.ts";
import { consoleProgress, print, printIssues, printJson } from "../console.ts";
import { addEngineOptions, type EngineOptions, engineRequest } from "../engine-options.ts";
import { interruptSignal } from "../interrupt.ts";
import { finiteNumber, fraction, namesAmong } from "../options.ts";

interface FeaturesOptions extends EngineOptions {
  readonly out: string;
  readonly maps?: string;
  readonly regions: (typeof FEATURE_REGIONS)[number][];
  readonly statistics: (typeof FEATURE_STATISTICS)[number][];
  readonly rim: number;
  readonly codes: boolean;
  readonly step: number;
  readonly prepare: boolean;
  readonly json?: boolean;
}

export function featuresCommand(): Command {
  const command = new Command("features").description(
    "Bottleneck features of tumour, rim and breast, one row per image and network, and their change",
  );
  return addEngineOptions(command)
    .argument("<model>", "model folder, or a folder of fold-0, fold-1, …")
    .argument(
      "<input...>",
      "images, folders of images, examinations (folders or a DICOMDIR) or cohorts, as the model was trained on",
    )
    .requiredOption("--out <file>", "CSV file")
    .option("--maps <dir>", "also write attention and code maps, as NIfTI on each image's grid")
    .option("--regions <names>", "of tumour, rim, breast", namesAmong(FEATURE_REGIONS), [...FEATURE_REGIONS])
    .option("--statistics <names>", "of mean, deviation, maximum", namesAmong(FEATURE_STATISTICS), [
      ...FEATURE_STATISTICS,
    ])
    .option("--rim <mm>", "width of the rim around the tumour", finiteNumber, 5)
    .option("--no-codes", "leave out the code histogram of a vector-quantised network")
    .option("--step <share>", "step of the sliding window, as a share of the patch", fraction, 0.5)
    .option("--no-prepare", "take series as they are, however those that trained the model were prepared")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examinations and cohorts are prepared as those that trained a study's model.

Examples:
  residua features results/study/models/nnunet cohort --out features.csv
  residua features results/study/models/attention-unet cohort/images/P001/pre --out p001.csv --maps maps`,
    )
    .action(async (model: string, inputs: string[], options: FeaturesOptions) => {
      const { out, maps: mapsFolder, regions, statistics, rim: rimMm, codes: codeHistogram, step } = options;
      const outcome = await writeFeatureTable({
        model,
        inputs,
        file: out,
        features: { regions, statistics, rimMm, codeHistogram },
        ...(mapsFolder === undefined ? {} : { mapsFolder }),
        step,
        prepare: options.prepare,
        mirror: false,
        engine: engineRequest(options),
        progress: consoleProgress(),
        signal: interruptSignal(),
      });
      const { rows, columns, maps, issues } = outcome;
      printIssues(issues);
      if (options.json === true) return printJson({ file: out, rows, features: columns, maps, issues });
      print(`${rows} rows of ${columns} features in ${out}`);
      if (mapsFolder !== undefined) print(`${maps.length} maps in ${mapsFolder}`);
    });
}
