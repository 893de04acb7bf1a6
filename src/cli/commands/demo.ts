/** `residua demo`: the whole chain on simulated patients. */
import { Command } from "commander";
import { DEMO, runDemo } from "../../study/demo.ts";
import { consoleProgress, print, printJson } from "../console.ts";
import { interruptSignal } from "../interrupt.ts";
import { printRun } from "../run-text.ts";

export function demoCommand(): Command {
  return new Command("demo")
    .description(
      `Simulate ${DEMO.train + DEMO.test} patients and run the full study on them: minutes on 2 cores`,
    )
    .argument("[dir]", "folder for the cohort and the results", "residua-demo")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  residua demo
  residua demo /data/demo`,
    )
    .action(async (folder: string, options: { json?: boolean }) => {
      const outcome = await runDemo({ folder, progress: consoleProgress(), signal: interruptSignal() });
      if (options.json) return printJson(outcome);
      printRun(outcome);
      print(
        "Open the report in a browser. The patients are simulated: it shows that the method runs, not how well it does.",
      );
    });
}
