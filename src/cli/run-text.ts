/** What a finished run tells on the terminal. */
import { describeComparison } from "../report/comparison-text.ts";
import type { RunOutcome } from "../study/run.ts";
import { print, printIssues } from "./console.ts";

export function printRun({ comparisons, issues, segmentationDice, report }: RunOutcome): void {
  printIssues(issues, 3);
  for (const { network, set, visit, dice, n } of segmentationDice) {
    print(`${network}: mean Dice ${dice.toFixed(3)} of ${n} tumours ${visit}-NAC in the ${set} set`);
  }
  const [{ set, comparison }] = comparisons;
  print(
    `\n${set === "test" ? "External test set" : "Training set, out of fold"}: ${describeComparison(comparison)}`,
  );
  print(`\nreport  ${report}`);
}
