/** What a model is trained to predict. In every kind a higher number means more residual disease. */
import { DataError } from "../domain/errors.ts";
import type { PathologyOutcome } from "../domain/outcome.ts";
import type { RcbClass } from "../domain/rcb.ts";

/**
 * `rcb-score`: the RCB index. `rcb-class`: 0 to 3, ordered, as equal steps. `residual-disease`: 1 without pCR,
 * 0 with it, so that a prediction is a probability.
 */
export type TargetKind = "rcb-score" | "rcb-class" | "residual-disease";

export interface Target {
  readonly kind: TargetKind;
  /** One number per row; NaN where the outcome is not known. */
  readonly values: Float64Array;
}

/** From the richest to the poorest. */
const TARGET_KINDS: readonly TargetKind[] = ["rcb-score", "rcb-class", "residual-disease"];

const CLASS_ORDER: Readonly<Record<RcbClass, number>> = { "0": 0, I: 1, II: 2, III: 3 };

const TARGET_VALUES: Readonly<Record<TargetKind, (outcome: PathologyOutcome) => number>> = {
  "rcb-score": ({ rcbScore }) => rcbScore ?? Number.NaN,
  "rcb-class": ({ rcbClass }) => (rcbClass === null ? Number.NaN : CLASS_ORDER[rcbClass]),
  "residual-disease": ({ pcr }) => (pcr === null ? Number.NaN : pcr ? 0 : 1),
};

/** The target of each outcome, NaN where that outcome does not tell. */
export function targetOf(outcomes: readonly PathologyOutcome[], kind: TargetKind): Target {
  return { kind, values: Float64Array.from(outcomes, TARGET_VALUES[kind]) };
}

/**
 * The richest kind of target that at least half of the patients with any outcome know: the score, else the class,
 * else pCR. Patients without it are then left out of the training rather than given a made-up score.
 *
 * @throws {DataError} `outcome-missing` where no outcome is known.
 */
export function richestTarget(outcomes: readonly PathologyOutcome[]): TargetKind {
  const known = (kind: TargetKind) =>
    targetOf(outcomes, kind).values.reduce((count, value) => count + (Number.isNaN(value) ? 0 : 1), 0);
  const most = Math.max(...TARGET_KINDS.map(known));
  if (most === 0) {
    throw new DataError("outcome-missing", {
      found: `None of ${outcomes.length} patients has an RCB score, an RCB class or a pCR status`,
      expected: "at least one kind of outcome for the training patients",
      remedy: "Check the outcome columns that the study file names.",
    });
  }
  return TARGET_KINDS.find((kind) => 2 * known(kind) >= most)!;
}
