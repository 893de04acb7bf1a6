/** Assembles the commands and runs one. */
import { Command } from "commander";
import { VERSIONS } from "../study/versions.ts";
import { printNote } from "./console.ts";
import { errorText, exitCodeOf } from "./exit.ts";

/** Each loaded when it is called: what one command needs takes longer to load than another to run. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  demo: async () => (await import("./commands/demo.ts")).demoCommand(),
  run: async () => (await import("./commands/run.ts")).runCommand(),
  phantom: async () => (await import("./commands/phantom.ts")).phantomCommand(),
  ingest: async () => (await import("./commands/ingest.ts")).ingestCommand(),
  kinetics: async () => (await import("./commands/kinetics.ts")).kineticsCommand(),
  plan: async () => (await import("./commands/plan.ts")).planCommand(),
  train: async () => (await import("./commands/train.ts")).trainCommand(),
  segment: async () => (await import("./commands/segment.ts")).segmentCommand(),
  evaluate: async () => (await import("./commands/evaluate.ts")).evaluateCommand(),
  features: async () => (await import("./commands/features.ts")).featuresCommand(),
  rcb: async () => (await import("./commands/rcb.ts")).rcbCommand(),
  compare: async () => (await import("./commands/compare.ts")).compareCommand(),
  predict: async () => (await import("./commands/predict.ts")).predictCommand(),
  export: async () => (await import("./commands/export.ts")).exportCommand(),
  bench: async () => (await import("./commands/bench.ts")).benchCommand(),
  doctor: async () => (await import("./commands/doctor.ts")).doctorCommand(),
};

/** @param name of the command that will run; without it, or where there is none of this name, the program has all. */
async function createProgram(name: string | undefined): Promise<Command> {
  const program = new Command("residua")
    .description("Predicts residual cancer burden from breast MRI before and after chemotherapy.")
    .version(VERSIONS.residua)
    .showSuggestionAfterError()
    .configureHelp({ sortOptions: true })
    .exitOverride();
  const loaders =
    name !== undefined && Object.hasOwn(COMMANDS, name) ? [COMMANDS[name]] : Object.values(COMMANDS);
  for (const command of await Promise.all(loaders.map((load) => load()))) {
    program.addCommand(command.showSuggestionAfterError().exitOverride());
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
    const program = await createProgram(args[0]);
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    const text = errorText(error);
    if (text !== undefined) printNote(text);
    return exitCodeOf(error);
  }
}
