/**
 * The sampling error of Spearman's correlations in linear time after sorting: for correlations what DeLong's
 * components are for AUCs. Unlike tests made for Pearson's r it holds for ranks and ties.
 */
import { CONFIDENCE, type Interval, normalCriticalValue, twoSidedNormalP } from "./distributions.ts";
import type { Levels } from "./levels.ts";

/**
 * The influence of each case on Spearman's correlation (Hampel 1974; Efron's infinitesimal jackknife): the derivative
 * of ρ as the case's share of the sample grows. Their mean is 0, and the root of their sum of squares, over n, is the
 * standard error of ρ in large samples. The same holds for differences of influences on the same cases.
 *
 * ρ is the correlation of the mid-distribution values F(x), G(y); a case moves it directly and by moving F and G.
 * Neither side may be constant.
 */
export function spearmanInfluence(x: Levels, y: Levels): Float64Array {
  const n = x.of.length;
  const [f, g] = [midDistribution(x), midDistribution(y)];
  const product = meanProduct(f, g);
  const [squareF, squareG] = [meanProduct(f, f), meanProduct(g, g)];
  const [varianceF, varianceG] = [squareF - 0.25, squareG - 0.25];
  const scale = Math.sqrt(varianceF * varianceG);
  const rho = (product - 0.25) / scale;
  const [gAboveX, fAboveX] = [meanAbove(x, g), meanAbove(x, f)];
  const [fAboveY, gAboveY] = [meanAbove(y, f), meanAbove(y, g)];
  const influence = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const [atX, atY] = [x.of[i], y.of[i]];
    const ofProduct = f[i] * g[i] + gAboveX[atX] + fAboveY[atY] - 3 * product;
    const ofF = f[i] ** 2 + 2 * fAboveX[atX] - 3 * squareF;
    const ofG = g[i] ** 2 + 2 * gAboveY[atY] - 3 * squareG;
    influence[i] = ofProduct / scale - (rho / 2) * (ofF / varianceF + ofG / varianceG);
  }
  return influence;
}

/** Share of cases below each case, tied ones (itself included) counting one half. Its mean is 1/2. */
function midDistribution({ of, count }: Levels): Float64Array {
  const size = new Float64Array(count);
  for (let i = 0; i < of.length; i++) size[of[i]]++;
  const share = new Float64Array(count);
  let below = 0;
  for (let level = 0; level < count; level++) {
    share[level] = (below + size[level] / 2) / of.length;
    below += size[level];
  }
  return Float64Array.from(of, (level) => share[level]);
}

/** Of each level: the sum of the values of cases above it, those on it counting one half, over all cases. */
function meanAbove({ of, count }: Levels, values: Float64Array): Float64Array {
  const sums = new Float64Array(count);
  for (let i = 0; i < of.length; i++) sums[of[i]] += values[i];
  const above = new Float64Array(count);
  let total = 0;
  for (let level = count - 1; level >= 0; level--) {
    above[level] = (total + sums[level] / 2) / of.length;
    total += sums[level];
  }
  return above;
}

function meanProduct(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum / a.length;
}

/** A difference of two correlations with its normal interval and test. */
export interface CorrelationDifference {
  readonly standardError: number;
  readonly ci: Interval;
  readonly z: number;
  readonly p: number;
}

/** A standard error up to here is a rounding error. */
const ZERO_STANDARD_ERROR = 1e-12;

/**
 * Tests the difference of two correlations of the same cases from their influences. For large samples: with few
 * cases the bootstrap is nearer the truth.
 *
 * @param difference ρ of the second minus ρ of the first
 * @param first influences on the first correlation, {@link spearmanInfluence}
 * @param second influences on the second, of the same cases in the same order
 * @returns `null` where the difference is not 0 but its estimated variance is
 */
export function correlationDifference(
  difference: number,
  first: Float64Array,
  second: Float64Array,
  confidence = CONFIDENCE,
): CorrelationDifference | null {
  let squares = 0;
  for (let i = 0; i < first.length; i++) squares += (second[i] - first[i]) ** 2;
  const standardError = Math.sqrt(squares) / first.length;
  if (standardError <= ZERO_STANDARD_ERROR) {
    return difference === 0 ? { standardError: 0, ci: [0, 0], z: 0, p: 1 } : null;
  }
  const margin = normalCriticalValue(confidence) * standardError;
  const z = difference / standardError;
  return { standardError, ci: [difference - margin, difference + margin], z, p: twoSidedNormalP(z) };
}
