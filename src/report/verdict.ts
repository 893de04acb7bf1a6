/** What a difference between two models allows to say, and no more. */
import type { PairFigure } from "../statistics/comparison-result.ts";
import { fixed } from "./format.ts";

export type Verdict = "higher" | "lower" | "equivalent" | "undecided" | "untested";

/** Level of the family-wise test after Holm. */
const LEVEL = 0.05;

/**
 * The verdict on `b` against `a`: `higher` or `lower` where the Holm-adjusted test finds a difference; else
 * `equivalent` where the whole interval lies within the declared margin; else `undecided`: neither a difference nor
 * its absence is shown. `untested` where no test was possible.
 */
export function verdictOf({ difference, pHolm, equivalence }: PairFigure): Verdict {
  if (difference === null || pHolm === null) return "untested";
  if (pHolm < LEVEL && difference !== 0) return difference > 0 ? "higher" : "lower";
  return equivalence?.within === "yes" ? "equivalent" : "undecided";
}

/** The verdict in words for a table cell; the margin, where declared, is judged beside the difference. */
export function verdictText(pair: PairFigure): string {
  const { equivalence } = pair;
  const margin = equivalence === undefined ? "" : `±${fixed(equivalence.margin)}`;
  const texts: Readonly<Record<Verdict, string>> = {
    higher: `higher${equivalence?.within === "yes" ? `, by less than ${margin}` : ""}`,
    lower: `lower${equivalence?.within === "yes" ? `, by less than ${margin}` : ""}`,
    equivalent: `equivalent within ${margin}`,
    undecided: "undecided",
    untested: "not testable",
  };
  return texts[verdictOf(pair)];
}
