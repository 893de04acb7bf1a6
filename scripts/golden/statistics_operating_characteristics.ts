/**
 * Measures how often the intervals and tests of src/statistics are right, and prints the tables of docs/statistics.md.
 * Run from the project's root: node scripts/golden/statistics_operating_characteristics.ts (a few minutes of one core)
 */
import { deriveKey, type RandomKey, RandomStream, randomKey } from "../../src/domain/random.ts";
import { bcaInterval } from "../../src/statistics/bca.ts";
import { bootstrap, pairedDifferences, summarise } from "../../src/statistics/bootstrap.ts";
import { spearman, spearmanOfLevels } from "../../src/statistics/correlation.ts";
import { correlationDifference, spearmanInfluence } from "../../src/statistics/correlation-influence.ts";
import {
  aucInterval,
  delongPaired,
  delongUnpaired,
  type Placements,
  placements,
  placementsOfLevels,
} from "../../src/statistics/delong.ts";
import { mengTest, steigerTest, williamsTest } from "../../src/statistics/dependent-correlations.ts";
import { type Interval, normalQuantile } from "../../src/statistics/distributions.ts";
import { kendall } from "../../src/statistics/kendall.ts";
import { levelsOf } from "../../src/statistics/levels.ts";
import { proportion } from "../../src/statistics/operating-point.ts";
import { pearson } from "../../src/statistics/pearson.ts";
import { permutationTestOfAucs, permutationTestOfCorrelations } from "../../src/statistics/permutation.ts";
import { aucOfLevels } from "../../src/statistics/roc.ts";

const SEED = 20261124;
const SIMULATIONS = 2000;
const RESAMPLES = 599;
const SIZES = [41, 105];
const PCR_RATES = [0.2, 0.3, 0.4];

const key = randomKey(SEED);
const covers = (ci: Interval | null | undefined, truth: number) =>
  ci !== null && ci !== undefined && ci[0] <= truth && truth <= ci[1];
const rejects = (test: { readonly p: number | null } | null) => (test?.p ?? 1) <= 0.05;

/** Shares in this range are what a rate of 5 % gives in 99 of 100 runs of this script. */
const reach = 100 * normalQuantile(0.995) * Math.sqrt((0.05 * 0.95) / SIMULATIONS);

function write(
  title: string,
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): void {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |\n`;
  process.stdout.write(`\n${title}\n\n${line(head)}${line(head.map(() => "---"))}${rows.map(line).join("")}`);
}

/** Shares of the simulations in which each of several statements held, in per cent. */
function shares(simulate: (simulation: number) => readonly boolean[]): number[] {
  const totals: number[] = [];
  for (let s = 0; s < SIMULATIONS; s++) {
    simulate(s).forEach((held, i) => {
      totals[i] = (totals[i] ?? 0) + (held ? 1 : 0);
    });
  }
  return totals.map((total) => (100 * total) / SIMULATIONS);
}

const plain = (rate: number) => rate.toFixed(1);
/** A false-positive rate, marked where 5 % is not a likely truth. */
const marked = (rate: number) => `${plain(rate)}${rate > 5 + reach ? " ↑" : rate < 5 - reach ? " ↓" : ""}`;

/** Binormal scores: d = √2 · Φ⁻¹(AUC). */
const BINORMAL: readonly (readonly [number, number])[] = [
  [0.7, 0.7416],
  [0.75, 0.9539],
  [0.85, 1.4657],
  [0.95, 2.3262],
];

/** The AUC with each case left out in turn. */
function jackknife({ auc, ofCase, positive, positives, negatives }: Placements): Float64Array {
  return ofCase.map((part, i) => {
    const members = positive[i] ? positives : negatives;
    return (auc * members - part) / (members - 1);
  });
}

function aucCoverage(): void {
  const rows = SIZES.flatMap((n) =>
    BINORMAL.map(([truth, shift]) => {
      const stream = new RandomStream(deriveKey(key, "auc", n, truth));
      const flags = Array.from({ length: n }, (_, i) => i < Math.round(0.3 * n));
      const positive = Uint8Array.from(flags, Number);
      const rates = shares((simulation) => {
        const levels = levelsOf(flags.map((value) => stream.normal(value ? shift : 0)));
        const model = placementsOfLevels(levels, positive);
        const resampling = deriveKey(key, "auc", n, truth, simulation);
        const [values] = bootstrap({ cases: n, strata: positive, resamples: RESAMPLES, key: resampling }, [
          (counts) => aucOfLevels(levels, positive, counts),
        ]);
        return [
          covers(aucInterval(model, "wald"), truth),
          covers(aucInterval(model, "logit"), truth),
          covers(summarise(values)?.ci, truth),
          covers(bcaInterval(model.auc, values, jackknife(model)), truth),
        ];
      });
      return [n, truth, ...rates.map(plain)];
    }),
  );
  write(
    "Coverage of the 95 % intervals of an AUC, %",
    ["n", "AUC", "Wald", "logit", "percentile", "BCa"],
    rows,
  );
}

function correlationCoverage(): void {
  const rows = SIZES.flatMap((n) =>
    [0, 0.3, 0.5, 0.7, 0.85].map((truth) => {
      const stream = new RandomStream(deriveKey(key, "spearman", n, truth));
      // The population values for normal variables: ρ = 6/π · asin(r/2), τ = 2/π · asin(r).
      const r = 2 * Math.sin((Math.PI * truth) / 6);
      const tau = (2 / Math.PI) * Math.asin(r);
      const rates = shares((simulation) => {
        const x = Array.from({ length: n }, () => stream.normal());
        const y = x.map((value) => r * value + Math.sqrt(1 - r * r) * stream.normal());
        const [levelsX, levelsY] = [levelsOf(x), levelsOf(y)];
        const [values] = bootstrap(
          { cases: n, resamples: RESAMPLES, key: deriveKey(key, "spearman", n, truth, simulation) },
          [(counts) => spearmanOfLevels(levelsX, levelsY, counts)],
        );
        const ranks = spearman(x, y)!;
        const influence = spearmanInfluence(levelsX, levelsY).map((value) => -value);
        return [
          covers(ranks.ci, truth),
          covers(summarise(values)?.ci, truth),
          covers(bcaInterval(ranks.rho, values, influence), truth),
          covers(pearson(x, y)?.ci, r),
          covers(kendall(x, y)?.ci, tau),
        ];
      });
      return [n, truth, ...rates.map(plain)];
    }),
  );
  write(
    "Coverage of the 95 % intervals of a correlation (normal variables), %",
    ["n", "ρ", "Spearman, Bonett–Wright", "percentile", "BCa", "Pearson, Fisher", "Kendall, Fisher"],
    rows,
  );
}

/** Exact: the binomial distribution is summed, nothing is drawn. */
function wilsonCoverage(): void {
  const rows = [8, 12, 29, 73].map((n) => [
    n,
    ...[0.6, 0.7, 0.8, 0.9].map((truth) => {
      let covered = 0;
      let mass = (1 - truth) ** n;
      for (let successes = 0; successes <= n; successes++) {
        if (covers(proportion(successes, n).ci, truth)) covered += mass;
        mass *= ((n - successes) / (successes + 1)) * (truth / (1 - truth));
      }
      return plain(100 * covered);
    }),
  ]);
  write(
    "Exact coverage of Wilson's 95 % interval of a proportion, %, by the cases of its class",
    ["cases", "true 0.6", "0.7", "0.8", "0.9"],
    rows,
  );
}

interface Drawn {
  readonly burden: number[];
  readonly a: number[];
  readonly b: number[];
}

/** A residual burden that is 0 at the rate of pCR, and two correlated predictions of equal worth, in steps of a half. */
function drawCohort(n: number, rate: number, stream: RandomStream): Drawn {
  const mean = -1.5 * normalQuantile(rate);
  for (;;) {
    const burden = Array.from({ length: n }, () => Math.max(0, stream.normal(mean, 1.5)));
    const complete = burden.filter((value) => value === 0).length;
    // Below two cases of a class there is no test.
    if (complete < 2 || complete > n - 2) continue;
    const shared = burden.map((value) => value + stream.normal(0, 0.9));
    const predict = () => shared.map((value) => Math.round(2 * (value + stream.normal(0, 0.9))) / 2);
    return { burden, a: predict(), b: predict() };
  }
}

function resampleDifference(
  cases: number,
  strata: Uint8Array | undefined,
  resampling: RandomKey,
  statistics: readonly ((counts: Uint32Array) => number)[],
) {
  const plan = { cases, resamples: RESAMPLES, key: resampling, ...(strata === undefined ? {} : { strata }) };
  const [first, second] = bootstrap(plan, statistics);
  return summarise(pairedDifferences(first, second));
}

function pairedTests(): void {
  const aucRows: (string | number)[][] = [];
  const correlationRows: (string | number)[][] = [];
  for (const n of SIZES) {
    for (const rate of PCR_RATES) {
      const stream = new RandomStream(deriveKey(key, "pairs", n, rate));
      const rates = shares((simulation) => {
        const { burden, a, b } = drawCohort(n, rate, stream);
        const other = drawCohort(n, rate, stream);
        const resampling = deriveKey(key, "resampling", n, rate, simulation);
        const [levelsA, levelsB, outcome] = [levelsOf(a), levelsOf(b), levelsOf(burden)];
        const positive = Uint8Array.from(burden, (value) => (value > 0 ? 1 : 0));
        const [placementsA, placementsB] = [levelsA, levelsB].map((levels) =>
          placementsOfLevels(levels, positive),
        );
        const second = placements(
          other.a,
          other.burden.map((value) => value > 0),
        );
        const ofAuc = resampleDifference(n, positive, resampling, [
          (counts) => aucOfLevels(levelsA, positive, counts),
          (counts) => aucOfLevels(levelsB, positive, counts),
        ]);
        const ofRho = resampleDifference(n, undefined, resampling, [
          (counts) => spearmanOfLevels(levelsA, outcome, counts),
          (counts) => spearmanOfLevels(levelsB, outcome, counts),
        ]);
        const [rhoA, rhoB] = [spearman(a, burden)!.rho, spearman(b, burden)!.rho];
        const correlations = { first: rhoB, second: rhoA, between: spearman(a, b)!.rho, n };
        const jackknifed = correlationDifference(
          rhoB - rhoA,
          spearmanInfluence(levelsA, outcome),
          spearmanInfluence(levelsB, outcome),
        );
        return [
          rejects(delongPaired(placementsA, placementsB)),
          rejects(permutationTestOfAucs(a, b, positive, RESAMPLES, resampling)),
          rejects(ofAuc),
          rejects(delongUnpaired(placementsA, second)),
          rejects(ofRho),
          rejects(permutationTestOfCorrelations(a, b, burden, RESAMPLES, resampling)),
          rejects(jackknifed),
          rejects(williamsTest(correlations)),
          rejects(mengTest(correlations)),
          rejects(steigerTest(correlations)),
        ];
      });
      const place = [n, `${100 * rate} %`];
      aucRows.push([...place, ...rates.slice(0, 4).map(marked)]);
      correlationRows.push([...place, ...rates.slice(4).map(marked)]);
    }
  }
  write(
    "False positives of the tests of two AUCs at 5 %, %",
    ["n", "pCR", "DeLong", "permutation", "bootstrap", "DeLong, unpaired"],
    aucRows,
  );
  write(
    "False positives of the paired tests of Spearman's correlations at 5 %, %",
    ["n", "pCR", "bootstrap", "permutation", "infinitesimal jackknife", "Williams", "Meng", "Steiger"],
    correlationRows,
  );
}

function singleCorrelationTests(): void {
  const rows = SIZES.flatMap((n) =>
    PCR_RATES.map((rate) => {
      const stream = new RandomStream(deriveKey(key, "single", n, rate));
      const rates = shares(() => {
        const { burden } = drawCohort(n, rate, stream);
        const score = burden.map(() => Math.round(2 * stream.normal()) / 2);
        return [
          rejects(spearman(score, burden)),
          rejects(kendall(score, burden)),
          rejects(pearson(score, burden)),
        ];
      });
      return [n, `${100 * rate} %`, ...rates.map(marked)];
    }),
  );
  write(
    "False positives of the tests of no correlation at 5 %, %",
    ["n", "pCR", "Spearman, t", "Kendall", "Pearson, t"],
    rows,
  );
}

process.stdout.write(
  `Seed ${SEED}; ${SIMULATIONS} simulations with ${RESAMPLES} resamples; 99 % of tests that hold 5 % lie within ${(5 - reach).toFixed(1)} and ${(5 + reach).toFixed(1)}.\n`,
);
pairedTests();
singleCorrelationTests();
aucCoverage();
correlationCoverage();
wilsonCoverage();
