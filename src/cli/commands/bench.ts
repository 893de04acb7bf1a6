/** `residua bench`: engine benchmark. */
import { Command } from "commander";
import { UsageError } from "../../domain/errors.ts";
import { runBench } from "../../study/bench.ts";
import { consoleProgress, print, printJson } from "../console.ts";
import { addEngineOptions, type EngineOptions, engineRequest } from "../engine-options.ts";
import { wholeNumber } from "../options.ts";

interface BenchOptions extends EngineOptions {
  readonly patch: number;
  readonly batch: number;
  readonly runs: number;
  readonly json?: boolean;
}

export function benchCommand(): Command {
  const command = new Command("bench").description(
    "Time a training step and an inference of a 5-stage U-Net (32 to 320 features) on this machine",
  );
  return addEngineOptions(command)
    .option("--patch <edge>", "edge of the cubic patch, a multiple of 16", wholeNumber(32), 64)
    .option("--batch <n>", "batch size", wholeNumber(1), 2)
    .option("--runs <n>", "timed runs", wholeNumber(1), 5)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  residua bench
  residua bench --engine native --precision fp32
  residua bench --patch 48 --batch 1 --json`,
    )
    .action(async ({ patch, batch, runs, json, ...engine }: BenchOptions) => {
      if (patch % 16 !== 0) {
        throw new UsageError("bench-patch", { found: `a patch of ${patch}`, expected: "a multiple of 16" });
      }
      const result = await runBench({
        engine: engineRequest(engine),
        patch,
        batch,
        runs,
        progress: consoleProgress(),
      });
      if (json) return printJson(result);
      print(
        `training step ${result.trainStepSeconds.toFixed(2)} s, inference ${result.inferenceSeconds.toFixed(2)} s`,
      );
      print(`${result.engine} ${result.precision}, peak memory ${result.peakMemoryMiB} MiB`);
      if (result.convolutionShare !== null)
        print(`${Math.round(100 * result.convolutionShare)} % of the training step within convolutions`);
    });
}
