/** `residua run`: the main job. */
import { Command, Option } from "commander";
import { runStudy } from "../../study/run.ts";
import { consoleProgress, printJson } from "../console.ts";
import { addEngineOptions, type EngineOptions, engineRequest } from "../engine-options.ts";
import { interruptSignal } from "../interrupt.ts";
import { wholeNumber } from "../options.ts";
import { printRun } from "../run-text.ts";

interface RunOptions extends EngineOptions {
  readonly out?: string;
  readonly seed?: number;
  readonly json?: boolean;
}

export function runCommand(): Command {
  const command = new Command("run").description("Run a study: from images and a clinical table to a report");
  return addEngineOptions(command)
    .argument("<study>", "study file (YAML); docs/study-file.md explains it")
    .option("--out <dir>", "folder for the results (default: results/<name of the study>)")
    .addOption(new Option("--executor <name>", "where the work runs").choices(["local"]).default("local"))
    .option("--seed <n>", "seed, before that of the study file", wholeNumber(0))
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Run the same command again after an interruption or a change: what is already there and still holds is not made again.

Examples:
  residua run cohort/study.yaml
  residua run examples/ispy1-diameter.yaml --out results/ispy1`,
    )
    .action(async (studyFile: string, options: RunOptions) => {
      const outcome = await runStudy({
        studyFile,
        ...(options.out === undefined ? {} : { folder: options.out }),
        ...(options.seed === undefined ? {} : { seed: options.seed }),
        engine: engineRequest(options),
        progress: consoleProgress(),
        signal: interruptSignal(),
      });
      if (options.json) printJson(outcome);
      else printRun(outcome);
    });
}
