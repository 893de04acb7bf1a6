/** The figures of one score of residual burden, without intervals: for controls, which repeat them often. */
import type { PathologyOutcome } from "../domain/outcome.ts";
import { targetOf } from "../models/target.ts";
import { spearman } from "../statistics/correlation.ts";
import { auc } from "../statistics/roc.ts";

/** Null where a figure is undefined: one class only, too few cases, or equal scores. */
export interface Figures {
  /** AUC for pCR, for which a low score speaks. */
  readonly pcr: number | null;
  /** AUC for RCB-II or III. */
  readonly "rcb-auc": number | null;
  /** Against the RCB score, or the class where no case has a score. */
  readonly spearman: number | null;
}

/** @param scores one per outcome, higher for more burden; null or NaN is missing. */
export function measureBurden(
  scores: ArrayLike<number | null>,
  outcomes: readonly PathologyOutcome[],
): Figures {
  const known = [...outcomes.keys()].filter((i) => scores[i] !== null && !Number.isNaN(scores[i]));
  const scored = targetOf(outcomes, "rcb-score").values;
  const ranked = targetOf(outcomes, "rcb-class").values;
  const burden = known.some((i) => !Number.isNaN(scored[i])) ? scored : ranked;
  const measured = known.filter((i) => !Number.isNaN(burden[i]));
  return {
    pcr: aucOf(
      known,
      (i) => -scores[i]!,
      (i) => outcomes[i].pcr,
    ),
    "rcb-auc": aucOf(
      known,
      (i) => scores[i]!,
      (i) => (Number.isNaN(ranked[i]) ? null : ranked[i] >= 2),
    ),
    spearman:
      spearman(
        measured.map((i) => scores[i]!),
        measured.map((i) => burden[i]),
      )?.rho ?? null,
  };
}

function aucOf(
  cases: readonly number[],
  score: (i: number) => number,
  positive: (i: number) => boolean | null,
): number | null {
  const labelled = cases.filter((i) => positive(i) !== null);
  const labels = labelled.map((i) => positive(i) === true);
  if (!labels.includes(true) || !labels.includes(false)) return null;
  return auc(labelled.map(score), labels);
}
