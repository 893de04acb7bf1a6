/** Measures for patients whose outcome is known only for some: by weighting those, or by imputing the others. */
import { UsageError } from "../domain/errors.ts";
import { type RandomKey, RandomStream } from "../domain/random.ts";
import { CONFIDENCE, type Interval, normalQuantile, studentCriticalValue } from "./distributions.ts";
import { fitLogistic } from "./logistic.ts";

/**
 * Inverse-probability weights: 1 / P(outcome known | covariates) by logistic regression, times the share known, so that their mean is about
 * 1 (stabilised; Robins, Hernán & Brumback 2000). Right where the covariates explain who is missing.
 *
 * @param covariates one finite value per case each. @param known 1 where the outcome is known
 * @returns one weight per case; 0 where the outcome is unknown
 * @throws {UsageError} `missingness-separable` where the covariates tell exactly who is missing, so that no weight exists
 */
export function inverseProbabilityWeights(
  covariates: readonly ArrayLike<number>[],
  known: ArrayLike<number>,
): Float64Array {
  const n = known.length;
  const flags = Array.from({ length: n }, (_, i) => known[i] === 1);
  const share = flags.filter(Boolean).length / n;
  if (share === 1) return new Float64Array(n).fill(1);
  const fit = fitLogistic(covariates, flags);
  if (!fit.converged) throw separable();
  return Float64Array.from(flags, (flag, i) =>
    flag ? share / probabilityOf(fit.coefficients, covariates, i) : 0,
  );
}

/**
 * The AUC of weighted cases: Σ w₊w₋·[score₊ > score₋ (½ for a tie)] / Σ w₊w₋, in O(n log n). NaN where a class has no weight.
 *
 * @param scores one finite score per case; a high score speaks for the positive class. @param weights not negative
 */
export function weightedAuc(
  scores: ArrayLike<number>,
  positive: ArrayLike<boolean>,
  weights: ArrayLike<number>,
): number {
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[a] - scores[b]);
  let [wins, positives, negatives] = [0, 0, 0];
  for (let start = 0; start < order.length; ) {
    let end = start;
    let [tiedPositives, tiedNegatives] = [0, 0];
    while (end < order.length && scores[order[end]] === scores[order[start]]) {
      const row = order[end++];
      if (positive[row]) tiedPositives += weights[row];
      else tiedNegatives += weights[row];
    }
    wins += tiedPositives * (negatives + tiedNegatives / 2);
    positives += tiedPositives;
    negatives += tiedNegatives;
    start = end;
  }
  return wins / (positives * negatives);
}

/**
 * Fills in a two-class outcome several times over: each time the coefficients of a logistic regression on the known cases are drawn from
 * their approximate posterior, and then each unknown outcome from its probability (Rubin 1987, sect. 5.3: proper imputation). The
 * scores that are to be measured belong among the covariates, or their worth is understated.
 *
 * @param outcome `null` where it is unknown
 * @returns one completed outcome per imputation
 * @throws {UsageError} `missingness-separable` where the regression has no finite solution
 */
export function imputeBinaryOutcome(
  covariates: readonly ArrayLike<number>[],
  outcome: readonly (boolean | null)[],
  imputations: number,
  key: RandomKey,
): boolean[][] {
  const rows = outcome.flatMap((value, i) => (value === null ? [] : [i]));
  const fit = fitLogistic(
    covariates.map((column) => Float64Array.from(rows, (row) => column[row])),
    rows.map((row) => outcome[row] === true),
  );
  if (!fit.converged) throw separable();
  const root = choleskyRoot(fit.covariance);
  const stream = new RandomStream(key);
  return Array.from({ length: imputations }, () => {
    const noise = root.map(() => normalQuantile((stream.uint32() + 0.5) / 2 ** 32));
    const drawn = fit.coefficients.map(
      (b, j) => b + root[j].reduce((sum, entry, k) => sum + entry * noise[k], 0),
    );
    return outcome.map((value, i) => value ?? stream.uniform() < probabilityOf(drawn, covariates, i));
  });
}

/** One figure over several imputations. */
export interface PooledEstimate {
  readonly estimate: number;
  readonly standardError: number;
  readonly ci: Interval;
  /** Share of the variance that is due to what is missing. */
  readonly missingInformation: number;
}

/**
 * Rubin's rules (Rubin 1987, sect. 3.1) with the degrees of freedom of Barnard & Rubin (1999, Biometrika 86:948).
 *
 * @param estimates one per imputation, at least two. @param variances their squared standard errors
 * @param completeDegrees degrees of freedom of the complete data: cases less parameters
 * @throws {UsageError} `imputations-missing`
 */
export function poolEstimates(
  estimates: readonly number[],
  variances: readonly number[],
  completeDegrees: number,
  confidence = CONFIDENCE,
): PooledEstimate {
  const m = estimates.length;
  if (m < 2 || variances.length !== m) {
    throw new UsageError("imputations-missing", {
      found: `${m} estimates and ${variances.length} variances`,
      expected: "at least two imputations, each with an estimate and a variance",
    });
  }
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value / values.length, 0);
  const estimate = mean(estimates);
  const within = mean(variances);
  const between = estimates.reduce((sum, value) => sum + (value - estimate) ** 2 / (m - 1), 0);
  const total = within + (1 + 1 / m) * between;
  const missing = total > 0 ? ((1 + 1 / m) * between) / total : 0;
  const old = missing > 0 ? (m - 1) / missing ** 2 : Number.POSITIVE_INFINITY;
  const observed = ((completeDegrees + 1) / (completeDegrees + 3)) * completeDegrees * (1 - missing);
  const degrees = Number.isFinite(old) ? (old * observed) / (old + observed) : observed;
  const reach = studentCriticalValue(confidence, degrees) * Math.sqrt(total);
  return {
    estimate,
    standardError: Math.sqrt(total),
    ci: [estimate - reach, estimate + reach],
    missingInformation: missing,
  };
}

function probabilityOf(
  coefficients: readonly number[],
  covariates: readonly ArrayLike<number>[],
  row: number,
): number {
  const linear = covariates.reduce(
    (sum, column, j) => sum + coefficients[j + 1] * column[row],
    coefficients[0],
  );
  return 1 / (1 + Math.exp(-linear));
}

/** Lower triangular L with L·Lᵀ = matrix (Cholesky), for a positive definite matrix. */
function choleskyRoot(matrix: readonly (readonly number[])[]): number[][] {
  const root = matrix.map((row) => row.map(() => 0));
  for (let i = 0; i < matrix.length; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i][j];
      for (let k = 0; k < j; k++) rest -= root[i][k] * root[j][k];
      root[i][j] = i === j ? Math.sqrt(Math.max(0, rest)) : rest / root[j][j];
    }
  }
  return root;
}

function separable(): UsageError {
  return new UsageError("missingness-separable", {
    found: "covariates that tell the classes apart without error, or nearly",
    expected: "covariates that overlap between the classes",
    remedy: "Use fewer covariates, or complete cases.",
  });
}
