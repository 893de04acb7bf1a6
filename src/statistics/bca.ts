/** The bias-corrected and accelerated bootstrap interval. */
import { quantile } from "./bootstrap.ts";
import { CONFIDENCE, type Interval, normalProbability, normalQuantile } from "./distributions.ts";

/**
 * The BCa interval (Efron 1987, J Am Stat Assoc 82:171): percentiles of the resamples, moved by the bias z₀ of their median and by the
 * acceleration a, the skewness of the jackknife values.
 *
 * @param estimate of the whole sample
 * @param resampled values of the statistic on resamples, as `bootstrap` gives them; NaN where undefined, which are left out
 * @param jackknife values of the statistic with each case left out in turn
 * @returns `null` where the resamples are all on one side of the estimate, or fewer than nine in ten are defined: no correction exists
 */
export function bcaInterval(
  estimate: number,
  resampled: Float64Array,
  jackknife: ArrayLike<number>,
  confidence = CONFIDENCE,
): Interval | null {
  const defined = resampled.filter((value) => !Number.isNaN(value)).sort();
  if (defined.length < 0.9 * resampled.length || defined.length === 0) return null;
  let below = 0;
  for (const value of defined) below += value < estimate ? 1 : value === estimate ? 0.5 : 0;
  if (below === 0 || below === defined.length) return null;
  const bias = normalQuantile(below / defined.length);
  const acceleration = accelerationOf(jackknife);
  const bound = (probability: number) => {
    const z = bias + normalQuantile(probability);
    return quantile(defined, normalProbability(bias + z / (1 - acceleration * z)));
  };
  return [bound((1 - confidence) / 2), bound((1 + confidence) / 2)];
}

/** Σ d³ / (6 (Σ d²)^1.5) of the deviations d from the mean of the jackknife values; 0 where they are all equal. */
function accelerationOf(jackknife: ArrayLike<number>): number {
  let mean = 0;
  for (let i = 0; i < jackknife.length; i++) mean += jackknife[i] / jackknife.length;
  let [squares, cubes] = [0, 0];
  for (let i = 0; i < jackknife.length; i++) {
    const deviation = mean - jackknife[i];
    squares += deviation ** 2;
    cubes += deviation ** 3;
  }
  return squares > 0 ? cubes / (6 * squares ** 1.5) : 0;
}
