/** `residua phantom`: writes a simulated cohort. */
import { Command, Option } from "commander";
import { writePhantom } from "../../study/phantom.ts";
import { consoleProgress, print } from "../console.ts";
import { interruptSignal } from "../interrupt.ts";
import { wholeNumber } from "../options.ts";

interface PhantomOptions {
  readonly train: number;
  readonly test: number;
  readonly seed: number;
  readonly size: "small" | "full";
}

export function phantomCommand(): Command {
  return new Command("phantom")
    .description("Write a simulated cohort in the native layout, with a study file")
    .argument("<dir>", "folder to write")
    .option("--train <n>", "training patients", wholeNumber(1), 105)
    .option("--test <n>", "test patients", wholeNumber(0), 41)
    .option("--seed <n>", "seed", wholeNumber(0), 0)
    .addOption(
      new Option("--size <size>", "small: 2 mm, for trying out; full: 0.8 mm-class, clinical size")
        .choices(["small", "full"])
        .default("small"),
    )
    .addHelpText(
      "after",
      `
Examples:
  residua phantom cohort --train 40 --test 20
  residua phantom cohort --size full --seed 7`,
    )
    .action(async (folder: string, options: PhantomOptions) => {
      const rows = await writePhantom({
        folder,
        ...options,
        name: "Simulated cohort",
        progress: consoleProgress(),
        signal: interruptSignal(),
      });
      print(`${rows.length} patients in ${folder}; next: residua run ${folder}/study.yaml`);
    });
}
