/**
 * The paired percentile bootstrap (Efron & Tibshirani 1993, ch. 13). A resample is a count per case, so that all
 * statistics of one resample see the same cases and none needs to be sorted again.
 */
import { UsageError } from "../domain/errors.ts";
import { type RandomKey, RandomStream } from "../domain/random.ts";
import { CONFIDENCE, type Interval } from "./distributions.ts";

export const DEFAULT_RESAMPLES = 2000;

/** A statistic of resampled cases: case `i` occurs `counts[i]` times. NaN where it is undefined. */
export type CountedStatistic = (counts: Uint32Array) => number;

/** How to draw resamples. */
export interface ResamplingPlan {
  readonly cases: number;
  /** Stratum of each case: cases are drawn within their stratum, whose size stays as it is. One stratum if absent. */
  readonly strata?: ArrayLike<number>;
  readonly resamples?: number;
  /** The same plan with the same key draws the same cases. */
  readonly key: RandomKey;
}

/**
 * The values of statistics on resamples; statistic `s` on resample `r` is `result[s][r]`, so that the difference of
 * two rows is a paired bootstrap.
 *
 * @throws {UsageError} `resamples-invalid` where the number of resamples is not a whole number from 100.
 */
export function bootstrap(plan: ResamplingPlan, statistics: readonly CountedStatistic[]): Float64Array[] {
  const { cases, strata, resamples = DEFAULT_RESAMPLES, key } = plan;
  requireResamples(resamples);
  const groups = membersOfStrata(cases, strata);
  const stream = new RandomStream(key);
  const counts = new Uint32Array(cases);
  const values = statistics.map(() => new Float64Array(resamples));
  for (let r = 0; r < resamples; r++) {
    counts.fill(0);
    for (const members of groups) {
      // One multiplication per draw: the chances of two cases differ by less than one in 2³² / size.
      const scale = members.length / 2 ** 32;
      for (let i = 0; i < members.length; i++) counts[members[Math.floor(stream.uint32() * scale)]]++;
    }
    for (let s = 0; s < statistics.length; s++) values[s][r] = statistics[s](counts);
  }
  return values;
}

/** @throws {UsageError} `resamples-invalid`: below 100 a 95 % percentile interval has no meaning. */
export function requireResamples(resamples: number): void {
  if (Number.isInteger(resamples) && resamples >= 100) return;
  throw new UsageError("resamples-invalid", {
    found: `${resamples} bootstrap resamples`,
    expected: "a whole number from 100",
  });
}

function membersOfStrata(cases: number, strata: ArrayLike<number> | undefined): Uint32Array[] {
  const members = new Map<number, number[]>();
  for (let i = 0; i < cases; i++) {
    const stratum = strata === undefined ? 0 : strata[i];
    const known = members.get(stratum);
    if (known === undefined) members.set(stratum, [i]);
    else known.push(i);
  }
  return [...members.values()].map((rows) => Uint32Array.from(rows));
}

/** What a bootstrap distribution says of its statistic. */
export interface BootstrapSummary {
  /** Percentile interval. */
  readonly ci: Interval;
  readonly standardError: number;
  /** Two-sided p of the value 0, by inversion of the percentile interval; never 0. */
  readonly p: number;
  /** Resamples on which the statistic was undefined, left out of the above. */
  readonly undefinedResamples: number;
}

/** Share of resamples that must define a statistic for its distribution to be used. */
const LEAST_DEFINED = 0.9;

/**
 * Summarises resampled values. The p of 0 is `2·min(1 + #{v ≤ 0}, 1 + #{v ≥ 0}) / (R + 1)`, at most 1: the error at
 * which the percentile interval would just reach 0, with the sample itself counted as one resample (Davison &
 * Hinkley 1997, sect. 4.2.3), so that R resamples never claim less than 2 / (R + 1).
 *
 * @param values one value per resample; NaN where the statistic was undefined
 * @returns `null` where more than a tenth of the values are undefined.
 */
export function summarise(values: Float64Array, confidence = CONFIDENCE): BootstrapSummary | null {
  const defined = values.filter((value) => !Number.isNaN(value)).sort();
  const count = defined.length;
  if (count === 0 || count < LEAST_DEFINED * values.length) return null;
  let atMostZero = 0;
  let atLeastZero = 0;
  let mean = 0;
  for (const value of defined) {
    if (value <= 0) atMostZero++;
    if (value >= 0) atLeastZero++;
    mean += value / count;
  }
  let squares = 0;
  for (const value of defined) squares += (value - mean) ** 2;
  return {
    ci: [quantile(defined, (1 - confidence) / 2), quantile(defined, (1 + confidence) / 2)],
    standardError: Math.sqrt(squares / Math.max(1, count - 1)),
    p: Math.min(1, (2 * (1 + Math.min(atMostZero, atLeastZero))) / (count + 1)),
    undefinedResamples: values.length - count,
  };
}

/** The paired differences `b − a` of two rows of {@link bootstrap}; NaN where either is undefined. */
export function pairedDifferences(a: Float64Array, b: Float64Array): Float64Array {
  return b.map((value, resample) => value - a[resample]);
}

/**
 * A quantile of ascending values with linear interpolation (type 7 of Hyndman & Fan 1996, the default of R and NumPy).
 */
export function quantile(ascending: ArrayLike<number>, probability: number): number {
  const position = (ascending.length - 1) * probability;
  const below = Math.floor(position);
  const above = Math.min(ascending.length - 1, below + 1);
  return ascending[below] + (position - below) * (ascending[above] - ascending[below]);
}
