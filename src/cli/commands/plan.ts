/** `residua plan`: fingerprint and network plan. */
import { Command, Option } from "commander";
import { planFor } from "../../study/plan.ts";
import { PLANNERS, type TrainingInput } from "../../study/training-schema.ts";
import { consoleProgress, print, printIssues, printJson } from "../console.ts";
import { wholeNumber } from "../options.ts";

interface PlanOptions {
  readonly fingerprint?: string;
  readonly classes?: number;
  readonly planner: NonNullable<TrainingInput["planner"]>;
  readonly preset?: "nnunet" | "compact";
  readonly json?: boolean;
}

export function planCommand(): Command {
  return new Command("plan")
    .description("Fingerprint of a data set and the network that nnU-Net's rules plan for it")
    .argument("[source]", "data set, cohort or study file")
    .option(
      "--fingerprint <file>",
      "plan from a fingerprint of Residua's or nnU-Net's (dataset_fingerprint.json)",
    )
    .option(
      "--classes <n>",
      "classes with the background, for a fingerprint alone (default: those of the dataset.json beside it, else 2)",
      wholeNumber(2),
    )
    .addOption(
      new Option(
        "--planner <name>",
        "nnunet, resenc-m, resenc-l: nnU-Net's own planners; compact: sized for a CPU",
      )
        .choices(PLANNERS)
        .default("nnunet"),
    )
    .addOption(
      new Option("--preset <name>", "planner of a recipe of `residua train`").choices(["nnunet", "compact"]),
    )
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Triples are in (slice, row, column) order.

Examples:
  residua plan Dataset004_Hippocampus
  residua plan --planner resenc-l Dataset004_Hippocampus
  residua plan --fingerprint nnUNet_preprocessed/Dataset004_Hippocampus/dataset_fingerprint.json --json`,
    )
    .action(
      async (
        source: string | undefined,
        { json, fingerprint: file, classes, planner, preset }: PlanOptions,
      ) => {
        const { plan, fingerprint, issues } = await planFor({
          ...(source === undefined ? {} : { source }),
          ...(file === undefined ? {} : { fingerprint: file }),
          ...(classes === undefined ? {} : { classes }),
          preset: preset ?? planner,
          progress: consoleProgress(),
        });
        printIssues(issues);
        if (json) return printJson({ ...plan, fingerprint, issues });
        print(`${fingerprint.spacingsMm.length} cases, median ${plan.medianShape.join("x")} voxels`);
        print(`spacing    ${plan.spacingMm.map((mm) => Number(mm.toFixed(4))).join(" x ")} mm`);
        print(`patch      ${plan.patchSize.join(" x ")}, batch ${plan.batchSize}`);
        print(`strides    ${plan.strides.map((stride) => stride.join("x")).join("  ")}`);
        print(`kernels    ${plan.kernels.map((kernel) => kernel.join("x")).join("  ")}`);
        print(`features   ${plan.features.join("  ")}`);
        print(
          `blocks     ${plan.blocksPerStage.join("  ")} (${plan.encoder}), decoder ${plan.blocksPerStageDecoder.join("  ")}`,
        );
        print(`normalise  ${plan.normalisation.join(", ")}`);
      },
    );
}
