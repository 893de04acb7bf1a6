/** `residua compare`: statistics of a table of predictions. */
import { Command, Option } from "commander";
import { describeComparison, describeMissingOutcomes } from "../../report/comparison-text.ts";
import { compareTable } from "../../study/compare.ts";
import { print, printIssues, printJson } from "../console.ts";
import { finiteNumber, nameList, wholeNumber } from "../options.ts";

interface CompareOptions {
  readonly outcome: string;
  readonly kind: "binary" | "rcb" | "continuous";
  readonly positive?: string;
  readonly models?: string[];
  readonly reference?: string;
  readonly primary?: "binary" | "pcr" | "rcb-auc" | "spearman";
  readonly margin?: number;
  readonly resamples?: number;
  readonly subgroups?: string[];
  readonly missing: "complete" | "ipw" | "impute";
  readonly missingCovariates?: string[];
  readonly seed: number;
  readonly json?: boolean;
}

export function compareCommand(): Command {
  return new Command("compare")
    .description("AUC, Spearman and their differences for the predictions in a table")
    .argument("<predictions>", "CSV, TSV or XLSX with one row per patient")
    .requiredOption("--outcome <column>", "column of the outcome")
    .addOption(
      new Option(
        "--kind <kind>",
        "binary: one AUC; rcb: pCR, RCB-0/I v II/III and Spearman, from an RCB score or class; continuous: Spearman",
      )
        .choices(["binary", "rcb", "continuous"])
        .default("binary"),
    )
    .option(
      "--positive <value>",
      "value of a binary outcome that a high score speaks for; needed unless it is 0 and 1",
    )
    .option(
      "--models <columns>",
      "columns to compare, separated by commas (default: all numeric columns)",
      nameList,
    )
    .option("--reference <column>", "model that all others are compared with (default: all pairs)")
    .addOption(
      new Option("--primary <endpoint>", "the one endpoint declared beforehand").choices([
        "binary",
        "pcr",
        "rcb-auc",
        "spearman",
      ]),
    )
    .option("--margin <difference>", "largest difference that counts as equivalent", finiteNumber)
    .option("--resamples <count>", "bootstrap resamples (default: 2000)", wholeNumber(1))
    .option(
      "--subgroups <columns>",
      "compare again within each group of these columns, separated by commas",
      nameList,
    )
    .addOption(
      new Option(
        "--missing <method>",
        "unknown outcomes: left out; known ones weighted by inverse probability; or imputed, beside the complete cases",
      )
        .choices(["complete", "ipw", "impute"])
        .default("complete"),
    )
    .option(
      "--missing-covariates <columns>",
      "what explains whose outcome is missing, separated by commas",
      nameList,
    )
    .option("--seed <number>", "seed of the bootstrap", wholeNumber(0), 0)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
The direction of a score is never guessed: an AUC below 0.5 is reported as it is.

Examples:
  residua compare predictions.csv --outcome rcb_score --kind rcb --reference volume --margin 0.05
  residua compare predictions.csv --outcome pcr --subgroups subtype,centre
  residua compare predictions.csv --outcome pcr --missing ipw --missing-covariates subtype,age
  residua compare any.csv --outcome response --positive yes --models score_a,score_b --json`,
    )
    .action(async (file: string, options: CompareOptions) => {
      const { json, ...request } = options;
      const comparison = await compareTable({ file, ...request });
      if (json) return printJson(comparison);
      printIssues(comparison.issues);
      print(describeComparison(comparison));
      if (comparison.missingOutcomes !== undefined)
        print(`\n${describeMissingOutcomes(comparison.missingOutcomes)}`);
      for (const { column, value, patients, endpoints } of comparison.subgroups ?? []) {
        print(`\n${column} ${value}: ${describeComparison({ n: patients, endpoints })}`);
      }
    });
}
