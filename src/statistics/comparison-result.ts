/** What a comparison of models found: the `endpoints` part of `metrics.json` and `compare --json`. */
import type { Issue } from "../domain/issues.ts";
import type { Interval } from "./distributions.ts";

/** What a study's outcomes can be asked for. */
export type EndpointName = "binary" | "pcr" | "rcb-auc" | "spearman";

/** The AUC of one model on its own complete cases. `null` is undefined; an issue says why. */
export interface AucFigure {
  readonly n: number;
  readonly positive: number;
  readonly auc: number | null;
  /** DeLong, Wald, clipped to [0, 1]. */
  readonly ci: Interval | null;
  /** DeLong on the logit scale: nearer to its nominal coverage with few cases or an AUC near 1. */
  readonly ciLogit: Interval | null;
  readonly standardError: number | null;
  /** Percentile bootstrap, stratified by outcome. */
  readonly ciBootstrap: Interval | null;
  /** The same resamples, bias-corrected and accelerated. */
  readonly ciBca: Interval | null;
}

/** The rank correlation of one model with the outcome, on its own complete cases. */
export interface SpearmanFigure {
  readonly n: number;
  readonly rho: number | null;
  /** Fisher z with the standard error of Bonett & Wright. */
  readonly ci: Interval | null;
  readonly p: number | null;
  readonly ciBootstrap: Interval | null;
  /** The same resamples, bias-corrected and accelerated. */
  readonly ciBca: Interval | null;
}

/** Whether a difference is known to be smaller than the margin, and why it is or is not. */
export interface Equivalence {
  readonly margin: number;
  /** `yes`: the whole interval lies within the margin; `no`: none of it does. */
  readonly within: "yes" | "no" | "undecided";
  readonly reason: string;
  /** Two one-sided tests: p of a difference as large as the margin. */
  readonly p: number | null;
  /** One-sided p of `b` being worse than `a` by the margin. */
  readonly pNonInferiority: number | null;
}

/** How a difference was tested. */
export type PairMethod = "delong" | "paired-bootstrap" | "infinitesimal-jackknife";

/** One difference, `b` minus `a`, on the cases that both models have. */
export interface PairFigure {
  readonly a: string;
  readonly b: string;
  readonly n: number;
  readonly difference: number | null;
  readonly ci: Interval | null;
  readonly z: number | null;
  readonly p: number | null;
  /** Holm-adjusted over all pairs of the endpoint. */
  readonly pHolm: number | null;
  /** Benjamini–Hochberg, over the same family. */
  readonly pBenjaminiHochberg: number | null;
  /** By swapping the two models' ranks case by case; `null` where nothing is resampled. */
  readonly pPermutation: number | null;
  readonly method: PairMethod;
  readonly standardError: number | null;
  readonly ciBootstrap: Interval | null;
  /** Smallest difference that 80 % of such samples would find at 5 %, two-sided, unadjusted. */
  readonly detectable: number | null;
  /** Present where the comparison declares a margin. */
  readonly equivalence?: Equivalence;
}

interface EndpointFigures<Figure> {
  /** Cases with a known outcome, whether or not a model has a score for them. */
  readonly n: number;
  /** The endpoint declared as primary. */
  readonly primary: boolean;
  /** In the order of the models given. */
  readonly models: Readonly<Record<string, Figure>>;
  readonly pairs: readonly PairFigure[];
}

export interface AucEndpoint extends EndpointFigures<AucFigure> {
  readonly metric: "auc";
  /** Number of positive cases among `n`. */
  readonly positive: number;
  /** Which cases are positive and which way the scores were read. */
  readonly meaning: string;
}

export interface SpearmanEndpoint extends EndpointFigures<SpearmanFigure> {
  readonly metric: "spearman";
  /** What the scores were correlated with. */
  readonly meaning: string;
}

/** A comparison: plain JSON, without NaN. */
export interface Comparison {
  /** Cases with an outcome known for at least one endpoint. */
  readonly n: number;
  readonly reference: string | null;
  readonly primary: EndpointName | null;
  readonly margin: number | null;
  readonly confidence: number;
  readonly resamples: number;
  /** Endpoints that the outcomes allow; an issue tells of each that was left out. */
  readonly endpoints: {
    readonly binary?: AucEndpoint;
    readonly pcr?: AucEndpoint;
    readonly "rcb-auc"?: AucEndpoint;
    readonly spearman?: SpearmanEndpoint;
  };
  readonly issues: readonly Issue[];
}
