/** Assembles the commands and runs one. */
import { Command } from "commander";
import { VERSIONS } from "../study/versions.ts";
import { benchCommand } from "./commands/bench.ts";
import { compareCommand } from "./commands/compare.ts";
import { demoCommand } from "./commands/demo.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { exportCommand } from "./commands/export.ts";
import { featuresCommand } from "./commands/features.ts";
import { ingestCommand } from "./commands/ingest.ts";
import { kineticsCommand } from "./commands/kinetics.ts";
import { phantomCommand } from "./commands/phantom.ts";
import { planCommand } from "./commands/plan.ts";
import { predictCommand } from "./commands/predict.ts";
import { rcbCommand } from "./commands/rcb.ts";
import { runCommand } from "./commands/run.ts";
import { segmentCommand } from "./commands/segment.ts";
import { trainCommand } from "./commands/train.ts";
import { printNote } from "./console.ts";
import { errorText, exitCodeOf } from "./exit.ts";

const COMMANDS: readonly (() => Command)[] = [
  demoCommand,
  runCommand,
  phantomCommand,
  ingestCommand,
  kineticsCommand,
  planCommand,
  trainCommand,
  segmentCommand,
  evaluateCommand,
  featuresCommand,
  rcbCommand,
  compareCommand,
  predictCommand,
  exportCommand,
  benchCommand,
  doctorCommand,
];

function createProgram(): Command {
  const program = new Command("residua")
    .description("Predicts residual cancer burden from breast MRI before and after chemotherapy.")
    .version(VERSIONS.residua)
    .showSuggestionAfterError()
    .configureHelp({ sortOptions: true })
    .exitOverride();
  for (const create of COMMANDS) {
    program.addCommand(create().showSuggestionAfterError().exitOverride());
  }
  return program;
}

/**
 * Runs the command line.
 *
 * @param args What follows `residua`.
 * @returns The exit code.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    const text = errorText(error);
    if (text !== undefined) printNote(text);
    return exitCodeOf(error);
  }
}
