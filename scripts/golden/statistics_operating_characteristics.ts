/**
 * Measures how often the intervals and tests of src/statistics are right, and prints the tables of docs/statistics.md.
 * Run from the project's root: node scripts/golden/statistics_operating_characteristics.ts
 */
import { deriveKey, type RandomKey, RandomStream, randomKey } from "../../src/domain/random.ts";
import { bootstrap, pairedDifferences, summarise } from "../../src/statistics/bootstrap.ts";
import { spearman, spearmanOfLevels } from "../../src/statistics/correlation.ts";
import { correlationDifference, spearmanInfluence } from "../../src/statistics/correlation-influence.ts";
import { aucInterval, delongPaired, placements, placementsOfLevels } from "../../src/statistics/delong.ts";
import { mengTest, steigerTest, williamsTest } from "../../src/statistics/dependent-correlations.ts";
import type { Interval } from "../../src/statistics/distributions.ts";
import { levelsOf } from "../../src/statistics/levels.ts";
import { aucOfLevels } from "../../src/statistics/roc.ts";

const SEED = 20261124;
const INTERVAL_SIMULATIONS = 10_000;
const TEST_SIMULATIONS = 2000;
const RESAMPLES = 2000;
const SIZES = [41, 105];

const key = randomKey(SEED);
const covers = (ci: Interval | null | undefined, truth: number) =>
  ci !== null && ci !== undefined && ci[0] <= truth && truth <= ci[1];

function write(
  title: string,
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): void {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |\n`;
  process.stdout.write(`\n${title}\n\n${line(head)}${line(head.map(() => "---"))}${rows.map(line).join("")}`);
}

/** Shares of the simulations in which each of several statements held, in per cent. */
function shares(simulations: number, simulate: () => readonly boolean[]): string[] {
  const totals: number[] = [];
  for (let s = 0; s < simulations; s++) {
    simulate().forEach((held, i) => {
      totals[i] = (totals[i] ?? 0) + (held ? 1 : 0);
    });
  }
  return totals.map((total) => ((100 * total) / simulations).toFixed(1));
}

/** Binormal scores: d = √2 · Φ⁻¹(AUC). */
const BINORMAL: readonly (readonly [number, number])[] = [
  [0.7, 0.7416],
  [0.75, 0.9539],
  [0.85, 1.4657],
  [0.95, 2.3262],
];

function aucCoverage(): void {
  const rows = SIZES.flatMap((n) =>
    BINORMAL.map(([truth, shift]) => {
      const stream = new RandomStream(deriveKey(key, "auc", n, truth));
      const positive = Array.from({ length: n }, (_, i) => i < Math.round(0.3 * n));
      const rates = shares(INTERVAL_SIMULATIONS, () => {
        const scores = positive.map((value) => stream.normal(value ? shift : 0));
        const model = placements(scores, positive);
        return [covers(aucInterval(model, "wald"), truth), covers(aucInterval(model, "logit"), truth)];
      });
      return [n, truth, ...rates];
    }),
  );
  write("Coverage of the 95 % interval of an AUC, %", ["n", "AUC", "Wald", "logit"], rows);
}

function correlationCoverage(): void {
  const rows = SIZES.flatMap((n) =>
    [0, 0.3, 0.5, 0.7, 0.85].map((truth) => {
      const stream = new RandomStream(deriveKey(key, "spearman", n, truth));
      // The population value of Spearman's ρ for normal variables: 6/π · asin(r/2).
      const r = 2 * Math.sin((Math.PI * truth) / 6);
      const rates = shares(INTERVAL_SIMULATIONS, () => {
        const x = Array.from({ length: n }, () => stream.normal());
        const y = x.map((value) => r * value + Math.sqrt(1 - r * r) * stream.normal());
        const { ci, p } = spearman(x, y)!;
        return [covers(ci, truth), p < 0.05];
      });
      return [n, truth, ...rates];
    }),
  );
  write(
    "Spearman: coverage of the 95 % interval, and rejections of ρ = 0 at 5 %",
    ["n", "ρ", "coverage", "p < 0.05"],
    rows,
  );
}

/** A residual burden with a mass at 0, and two predictions of equal worth with ties. */
function drawCohort(n: number, stream: RandomStream) {
  const burden = Array.from({ length: n }, () => Math.max(0, stream.normal(1.5, 1.5)));
  const shared = burden.map((value) => value + stream.normal(0, 0.9));
  const predict = () => shared.map((value) => Math.round(4 * (value + stream.normal(0, 0.9))) / 4);
  return { burden, a: predict(), b: predict() };
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
    const stream = new RandomStream(deriveKey(key, "pairs", n));
    let simulation = 0;
    const rates = shares(TEST_SIMULATIONS, () => {
      const { burden, a, b } = drawCohort(n, stream);
      const resampling = deriveKey(key, "resampling", n, simulation++);
      const [levelsA, levelsB, outcome] = [levelsOf(a), levelsOf(b), levelsOf(burden)];
      // 31 % of the population lie above this burden.
      const positive = Uint8Array.from(burden, (value) => (value > 2.25 ? 1 : 0));
      const delong = delongPaired(
        placementsOfLevels(levelsA, positive),
        placementsOfLevels(levelsB, positive),
      );
      const ofAuc = resampleDifference(n, positive, resampling, [
        (counts) => aucOfLevels(levelsA, positive, counts),
        (counts) => aucOfLevels(levelsB, positive, counts),
      ]);
      const first = spearman(b, burden)!.rho;
      const second = spearman(a, burden)!.rho;
      const ofRho = resampleDifference(n, undefined, resampling, [
        (counts) => spearmanOfLevels(levelsA, outcome, counts),
        (counts) => spearmanOfLevels(levelsB, outcome, counts),
      ]);
      const correlations = { first, second, between: spearman(a, b)!.rho, n };
      const jackknife = correlationDifference(
        first - second,
        spearmanInfluence(levelsA, outcome),
        spearmanInfluence(levelsB, outcome),
      );
      return [
        (delong?.p ?? 1) < 0.05,
        (ofAuc?.p ?? 1) < 0.05,
        (ofRho?.p ?? 1) < 0.05,
        (jackknife?.p ?? 1) < 0.05,
        williamsTest(correlations).p < 0.05,
        mengTest(correlations).p < 0.05,
        steigerTest(correlations).p < 0.05,
      ];
    });
    aucRows.push([n, ...rates.slice(0, 2)]);
    correlationRows.push([n, ...rates.slice(2)]);
  }
  write("False positives of the paired tests of AUCs at 5 %, %", ["n", "DeLong", "bootstrap"], aucRows);
  write(
    "False positives of the paired tests of Spearman's correlations at 5 %, %",
    ["n", "bootstrap", "infinitesimal jackknife", "Williams", "Meng", "Steiger"],
    correlationRows,
  );
}

process.stdout.write(
  `Seed ${SEED}; ${INTERVAL_SIMULATIONS} simulations per interval, ${TEST_SIMULATIONS} per test with ${RESAMPLES} resamples.\n`,
);
aucCoverage();
correlationCoverage();
pairedTests();
