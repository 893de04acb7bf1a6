/** The outcomes of a comparison, turned into the endpoints that they allow. */
import type { ClinicalValue } from "../domain/cohort.ts";
import { DataError, UsageError } from "../domain/errors.ts";
import type { Issue } from "../domain/issues.ts";
import type { PathologyOutcome } from "../domain/outcome.ts";
import { RCB_CLASSES } from "../domain/rcb.ts";
import type { EndpointName } from "./comparison-result.ts";
import { type Levels, levelsOf } from "./levels.ts";

/** One outcome per case; `null` (or an outcome of nulls) where it is unknown. */
export type ComparisonOutcome =
  | {
      readonly kind: "binary";
      readonly values: readonly (ClinicalValue | boolean)[];
      /** The value that a high score speaks for. May be left out where the values are 0 and 1, or booleans. */
      readonly positive?: number | string | boolean;
    }
  | { readonly kind: "rcb"; readonly values: readonly PathologyOutcome[] }
  | { readonly kind: "continuous"; readonly values: readonly (number | null)[] };

export type OutcomeKind = ComparisonOutcome["kind"];

/** The endpoints of each kind of outcome. */
export const ENDPOINTS_OF_KIND: Readonly<Record<OutcomeKind, readonly EndpointName[]>> = {
  binary: ["binary"],
  rcb: ["pcr", "rcb-auc", "spearman"],
  continuous: ["spearman"],
};

/** An endpoint before any model is looked at. Arrays hold one value per case. */
export type Target = {
  readonly name: EndpointName;
  readonly meaning: string;
  /** 1 where the outcome is known. */
  readonly known: Uint8Array;
} & (
  | {
      readonly metric: "auc";
      readonly positive: Uint8Array;
      /** Whether a low score speaks for the positive class, as a low predicted burden does for pCR. */
      readonly lowIsPositive: boolean;
    }
  | { readonly metric: "spearman"; readonly outcome: Levels }
);

type OutcomeOf<K extends OutcomeKind> = Extract<ComparisonOutcome, { kind: K }>;
type TargetBuilders = {
  readonly [K in OutcomeKind]: (outcome: OutcomeOf<K>, issues: Issue[]) => Target[];
};

const BUILDERS: TargetBuilders = { binary: binaryTargets, rcb: rcbTargets, continuous: continuousTargets };

/**
 * The endpoints of an outcome.
 *
 * For `rcb`, models predict burden: `pcr` reads a low prediction as speaking for pCR, `rcb-auc` a high one for RCB-II
 * or III, and `spearman` correlates with the RCB score, or with the class (0 to 3) where no score is known. Each
 * uses the cases for which its own part of the outcome is known.
 *
 * @param issues receives what was imperfect
 * @throws {UsageError} `positive-unknown`, `positive-required`
 * @throws {DataError} `outcome-not-finite`
 */
export function targetsOf(outcome: ComparisonOutcome, issues: Issue[]): Target[] {
  const build = BUILDERS[outcome.kind] as (outcome: ComparisonOutcome, issues: Issue[]) => Target[];
  return build(outcome, issues);
}

function binaryTargets({ values, positive }: OutcomeOf<"binary">, issues: Issue[]): Target[] {
  const distinct = [...new Set(values)].filter((value) => value !== null);
  const target = positive ?? impliedPositive(distinct);
  const matching = new Set(distinct.filter((value) => sameValue(value, target)));
  if (positive !== undefined && distinct.length > 0 && matching.size === 0) {
    throw new UsageError("positive-unknown", {
      found: `no case has the outcome ${positive}`,
      expected: `one of the values that occur: ${listed(distinct)}`,
    });
  }
  if (distinct.length - matching.size > 1) {
    issues.push({
      code: "outcome-several-values",
      severity: "info",
      message: `The outcome has ${distinct.length} values: ${listed(distinct)}. ${target} was compared with all others.`,
    });
  }
  return [
    {
      name: "binary",
      metric: "auc",
      meaning: `Positive: outcome ${target}. A high score speaks for it.`,
      known: flags(values, (value) => value !== null),
      positive: flags(values, (value) => value !== null && matching.has(value)),
      lowIsPositive: false,
    },
  ];
}

function impliedPositive(distinct: readonly (number | string | boolean)[]): number | string | boolean {
  if (distinct.every((value) => typeof value === "boolean")) return true;
  if (distinct.every((value) => sameValue(value, 0) || sameValue(value, 1))) return 1;
  throw new UsageError("positive-required", {
    found: `outcomes ${listed(distinct)}`,
    expected: "to be told which value is positive, as the values are not 0 and 1",
  });
}

/** Equal as values or as written; numbers also as numbers, so that 1 is "1" and "1.0". */
function sameValue(a: number | string | boolean, b: number | string | boolean): boolean {
  const [textA, textB] = [String(a).trim(), String(b).trim()];
  if (textA === textB) return true;
  return textA !== "" && textB !== "" && Number(textA) === Number(textB);
}

function listed(values: readonly (number | string | boolean)[]): string {
  const shown = values.slice(0, 8).map(String).sort().join(", ");
  return values.length > 8 ? `${shown} and ${values.length - 8} more` : shown;
}

function rcbTargets({ values }: OutcomeOf<"rcb">, issues: Issue[]): Target[] {
  const contradictions = values.filter(
    ({ pcr, rcbClass }) => pcr !== null && rcbClass !== null && pcr !== (rcbClass === "0"),
  ).length;
  if (contradictions > 0) {
    issues.push({
      code: "outcome-contradiction",
      severity: "warning",
      message:
        `${contradictions} cases have a pCR status that contradicts their RCB class (pCR is RCB-0). ` +
        "Each endpoint used its own column; check these cases with pathology.",
    });
  }
  return [
    {
      name: "pcr",
      metric: "auc",
      meaning: "Positive: pathological complete response. A low predicted burden speaks for it.",
      known: flags(values, ({ pcr }) => pcr !== null),
      positive: flags(values, ({ pcr }) => pcr === true),
      lowIsPositive: true,
    },
    {
      name: "rcb-auc",
      metric: "auc",
      meaning: "Positive: RCB-II or III. A high predicted burden speaks for it.",
      known: flags(values, ({ rcbClass }) => rcbClass !== null),
      positive: flags(values, ({ rcbClass }) => rcbClass === "II" || rcbClass === "III"),
      lowIsPositive: false,
    },
    rcbCorrelationTarget(values, issues),
  ];
}

function rcbCorrelationTarget(values: readonly PathologyOutcome[], issues: Issue[]): Target {
  const scores = values.map(({ rcbScore }) => rcbScore);
  const classes = values.map(({ rcbClass }) => (rcbClass === null ? null : RCB_CLASSES.indexOf(rcbClass)));
  const scored = scores.filter((score) => score !== null).length;
  const classed = classes.filter((rank) => rank !== null).length;
  if (scored > 0 && scored < classed) {
    issues.push({
      code: "rcb-score-partial",
      severity: "info",
      message: `${classed - scored} cases have an RCB class without a score; the correlation leaves them out.`,
    });
  }
  return scored > 0
    ? correlationTarget(scores, "Spearman's correlation with the RCB score.")
    : correlationTarget(classes, "Spearman's correlation with the RCB class, 0 to 3.");
}

function continuousTargets({ values }: OutcomeOf<"continuous">): Target[] {
  return [correlationTarget(values, "Spearman's correlation with the outcome.")];
}

function correlationTarget(values: readonly (number | null)[], meaning: string): Target {
  values.forEach((value, row) => {
    if (value === null || Number.isFinite(value)) return;
    throw new DataError("outcome-not-finite", {
      found: `the outcome in row ${row + 1} is ${value}`,
      expected: "finite numbers, or an empty value where it is unknown",
    });
  });
  return {
    name: "spearman",
    metric: "spearman",
    meaning,
    known: flags(values, (value) => value !== null),
    // An unknown outcome takes any level: no case set holds it.
    outcome: levelsOf(Float64Array.from(values, (value) => value ?? 0)),
  };
}

function flags<T>(values: readonly T[], test: (value: T) => boolean): Uint8Array {
  return Uint8Array.from(values, (value) => (test(value) ? 1 : 0));
}

/** How many flags are 1. */
export function countFlags(flags: Uint8Array): number {
  let total = 0;
  for (let i = 0; i < flags.length; i++) total += flags[i];
  return total;
}
