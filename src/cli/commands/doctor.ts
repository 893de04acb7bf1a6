/** `residua doctor`: what this machine has. */
import { Command } from "commander";
import pc from "picocolors";
import { WorkError } from "../../domain/errors.ts";
import { examine } from "../../study/doctor.ts";
import { print, printJson } from "../console.ts";

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("Engines, processor and memory; what to do about what is missing")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExamples:\n  residua doctor")
    .action(async (options: { json?: boolean }) => {
      const health = await examine();
      const { versions, processor, memoryMiB, engines, providers } = health;
      if (options.json) printJson(health);
      else {
        print(`residua ${versions.residua} on node ${versions.node}, ${versions.platform}`);
        print(
          `${processor.cores} cores, ${processor.model}: ${processor.features.join(", ") || "no known features"}`,
        );
        print(`memory ${memoryMiB.total} MiB, ${memoryMiB.free} MiB free`);
        for (const { name, available, precision, problem } of engines) {
          print(
            available
              ? `${pc.green("✓")} engine ${name}, ${precision}`
              : `${pc.red("✗")} engine ${name}: ${problem}`,
          );
        }
        const serving = engines.find(({ available }) => available);
        if (serving !== undefined) print(`${serving.name} serves, unless --engine says otherwise`);
        print(`providers of the onnx engine (--provider): ${providers.join(", ")}`);
      }
      if (!engines.some(({ available }) => available)) {
        throw new WorkError("engine-none", {
          found: "no engine works here",
          remedy: engines[0].problem ?? "",
        });
      }
    });
}
