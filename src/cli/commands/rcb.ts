/** `residua rcb`: the RCB score and class of one patient, or of a table. */
import { Command } from "commander";
import { UsageError } from "../../domain/errors.ts";
import { type RcbComponents, rcbClassOfScore, rcbScore } from "../../domain/rcb.ts";
import { scoreRcbTable } from "../../study/rcb-table.ts";
import { print, printIssues, printJson } from "../console.ts";
import { finiteNumber } from "../options.ts";

const COMPONENT_OPTIONS = ["d1", "d2", "cellularity", "cis", "nodes", "met"] as const;
type ComponentOptions = Partial<Record<(typeof COMPONENT_OPTIONS)[number], number>>;

export function rcbCommand(): Command {
  return new Command("rcb")
    .description("Residual cancer burden: score and class (Symmans 2007)")
    .argument(
      "[table]",
      "CSV or XLSX with the columns d1, d2, cellularity, cis, nodes, met; each row is scored",
    )
    .option("--d1 <mm>", "largest dimension of the residual tumour bed", finiteNumber)
    .option("--d2 <mm>", "second dimension of the bed", finiteNumber)
    .option("--cellularity <percent>", "cancer cellularity of the bed", finiteNumber)
    .option("--cis <percent>", "share of the cancer that is in situ", finiteNumber)
    .option("--nodes <count>", "positive lymph nodes", finiteNumber)
    .option("--met <mm>", "diameter of the largest nodal metastasis", finiteNumber)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  residua rcb --d1 20 --d2 15 --cellularity 20 --cis 10 --nodes 1 --met 5
  residua rcb pathology.csv --json`,
    )
    .action(async (table: string | undefined, options: ComponentOptions & { json?: boolean }) => {
      if (table !== undefined) await scoreTable(table, options);
      else scoreOne(options);
    });
}

function scoreOne(options: ComponentOptions & { json?: boolean }): void {
  const score = rcbScore(componentsOf(options));
  const rcbClass = rcbClassOfScore(score);
  if (options.json) printJson({ score: Number(score.toFixed(6)), class: rcbClass });
  else print(`RCB ${score.toFixed(3)}, class ${rcbClass}`);
}

function componentsOf(options: ComponentOptions): RcbComponents {
  const missing = COMPONENT_OPTIONS.filter((name) => options[name] === undefined);
  if (missing.length > 0) {
    throw new UsageError("rcb-components", {
      found: `no value for ${missing.map((name) => `--${name}`).join(", ")}`,
      expected: "all six components, or a table",
      remedy: "See residua rcb --help.",
    });
  }
  const { d1, d2, cellularity, cis, nodes, met } = options as Required<ComponentOptions>;
  return {
    d1Mm: d1,
    d2Mm: d2,
    cellularityPercent: cellularity,
    cisPercent: cis,
    positiveNodes: nodes,
    metastasisMm: met,
  };
}

async function scoreTable(table: string, options: ComponentOptions & { json?: boolean }): Promise<void> {
  const given = COMPONENT_OPTIONS.filter((name) => options[name] !== undefined);
  if (given.length > 0) {
    throw new UsageError("rcb-components", {
      found: `a table and --${given[0]}`,
      expected: "either a table or the six components",
    });
  }
  const { value: rows, issues } = await scoreRcbTable(table);
  printIssues(issues);
  if (options.json) printJson({ rows, issues });
  else
    for (const { row, score, class: rcbClass } of rows)
      print(`row ${row}: ${score === null ? "–" : `RCB ${score.toFixed(3)}, class ${rcbClass}`}`);
}
