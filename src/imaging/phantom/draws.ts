/** Draws from the distributions that the parameter tables name. */
import type { RandomStream } from "../../domain/random.ts";

/** An index with probability in proportion to its weight. */
export function drawIndex(stream: RandomStream, weights: readonly number[]): number {
  let rest = stream.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
  for (let i = 0; i < weights.length - 1; i++) {
    rest -= weights[i];
    if (rest < 0) return i;
  }
  return weights.length - 1;
}

export interface LogNormalRange {
  readonly median: number;
  readonly lnSd: number;
  readonly least: number;
  readonly most: number;
}

/** A log-normal value within a range; draws outside it are drawn again. */
export function drawLogNormal(stream: RandomStream, { median, lnSd, least, most }: LogNormalRange): number {
  for (;;) {
    const value = median * Math.exp(lnSd * stream.normal());
    if (value >= least && value <= most) return value;
  }
}

/** A uniform value in [low, high). */
export function drawBetween(stream: RandomStream, [low, high]: readonly [number, number]): number {
  return stream.uniform(low, high);
}

export function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

export function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
