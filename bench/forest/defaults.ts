/**
 * What the forest's options and the reduction do to predictions of a zero-inflated score: 105 simulated patients
 * to train on, 400 to test, the mean over repetitions with its standard error. The evidence for
 * docs/decisions/0061 and 0062.
 *
 *     node bench/forest/defaults.ts [REPETITIONS]
 */
import { deriveKey, type RandomKey, RandomStream, randomKey } from "../../src/domain/random.ts";
import {
  DEFAULT_FOREST_OPTIONS,
  type ForestOptions,
  fitForest,
  predictForest,
} from "../../src/models/random-forest.ts";
import { applyReduction, fitReduction, type ReductionOptions } from "../../src/models/reduction.ts";

const TRAINING = 105;
const TEST = 400;
const repetitions = Number(process.argv[2] ?? 20);

interface Sample {
  readonly columns: readonly string[];
  readonly values: Float64Array;
  readonly score: number[];
}

/** 0 for about a third of the patients, from 0.55 upwards for the others; the signal explains half of the burden. */
function scoreOf(signal: number, draw: RandomStream): number {
  const burden = 0.7 * signal + 0.7 * draw.normal();
  return burden < -0.45 ? 0 : 0.55 + 1.3 * (burden + 0.45);
}

const COHORTS: Readonly<Record<string, (rows: number, key: RandomKey) => Sample>> = {
  /** A skewed volume, a subtype of three, a grade and a nodal status. */
  "5 clinical columns": (rows, key) => {
    const draw = new RandomStream(key);
    const table = Array.from({ length: rows }, () => {
      const size = draw.normal();
      const subtype = draw.integer(3);
      const grade = 1 + draw.integer(3);
      const score = scoreOf(0.8 * size + 0.7 * (subtype - 1), draw);
      return {
        row: [Math.exp(size), subtype === 0 ? 1 : 0, subtype === 1 ? 1 : 0, grade, draw.integer(2)],
        score,
      };
    });
    return sampleOf(table);
  },
  /** Noisy mixtures of 12 factors, of which two matter, one of them by its square. */
  "960 deep columns": (rows, key) => {
    // The mixtures are the network's, the same for all patients and repetitions.
    const mixing = new RandomStream(randomKey(5));
    const weights = Array.from({ length: 960 }, () => Array.from({ length: 12 }, () => mixing.normal() ** 3));
    const draw = new RandomStream(key);
    const table = Array.from({ length: rows }, () => {
      const factors = Array.from({ length: 12 }, () => draw.normal());
      const row = weights.map((weight) =>
        weight.reduce((sum, w, f) => sum + w * factors[f], 2 * draw.normal()),
      );
      return { row, score: scoreOf(0.8 * factors[0] + 0.4 * (factors[1] ** 2 - 1), draw) };
    });
    return sampleOf(table);
  },
};

function sampleOf(table: readonly { row: readonly number[]; score: number }[]): Sample {
  return {
    columns: table[0].row.map((_, c) => `x${c}`),
    values: Float64Array.from(table.flatMap(({ row }) => row)),
    score: table.map(({ score }) => score),
  };
}

interface Choice {
  readonly name: string;
  readonly options: Partial<ForestOptions>;
  readonly reduction?: ReductionOptions;
}
const CHOICES: readonly Choice[] = [
  ...[1, 3, 5, 8, 12].map((minLeafRows) => ({ name: `leaves of ${minLeafRows}`, options: { minLeafRows } })),
  ...(["square-root", "all"] as const).map((featuresPerSplit) => ({
    name: `${featuresPerSplit} of the columns`,
    options: { featuresPerSplit },
  })),
  { name: "one column per split", options: { featuresPerSplit: 1 } },
  { name: "random splitter", options: { splitter: "random" } },
  ...[5, 10].map((minLeafRows) => ({
    name: `rank trees, leaves of ${minLeafRows}`,
    options: { splitter: "random-rank", featuresPerSplit: "all", minLeafRows } as const,
  })),
  { name: "rank trees, a third", options: { splitter: "random-rank" } },
  { name: "100 trees", options: { trees: 100 } },
  { name: "correlation at most 0.9", options: {}, reduction: { kind: "correlation", maximum: 0.9 } },
  { name: "10 components", options: {}, reduction: { kind: "principal-components", components: 10 } },
];

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const sum = (f: (i: number) => number) => a.reduce((total, _, i) => total + f(i), 0);
  return (
    sum((i) => (a[i] - meanA) * (b[i] - meanB)) /
    Math.sqrt(sum((i) => (a[i] - meanA) ** 2) * sum((i) => (b[i] - meanB) ** 2))
  );
}

function midRanks(values: readonly number[]): number[] {
  return values.map((value) =>
    values.reduce((rank, other) => rank + (other < value ? 1 : other === value ? 0.5 : 0), 0),
  );
}

function evaluate(choice: Choice, training: Sample, test: Sample, key: RandomKey): [number, number] {
  const reduction = fitReduction(training, choice.reduction ?? { kind: "none" });
  const forest = fitForest(
    { x: applyReduction(reduction, training), target: training.score },
    choice.options,
    key,
  );
  const predictions = [...predictForest(forest, applyReduction(reduction, test))];
  const centre = mean(test.score);
  const residual = mean(test.score.map((value, i) => (value - predictions[i]) ** 2));
  const total = mean(test.score.map((value) => (value - centre) ** 2));
  return [1 - residual / total, correlation(midRanks(predictions), midRanks(test.score))];
}

process.stdout.write(`defaults: ${JSON.stringify(DEFAULT_FOREST_OPTIONS)}, ${repetitions} repetitions\n`);
for (const [name, draw] of Object.entries(COHORTS)) {
  const results = CHOICES.map((): [number, number][] => []);
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const key = deriveKey(randomKey(17), name, repetition);
    const training = draw(TRAINING, deriveKey(key, "training"));
    const test = draw(TEST, deriveKey(key, "test"));
    CHOICES.forEach((choice, i) => {
      results[i].push(evaluate(choice, training, test, deriveKey(key, "forest")));
    });
  }
  process.stdout.write(`\n${name}: R² and Spearman on new patients\n`);
  CHOICES.forEach((choice, i) => {
    const figures = [0, 1].map((metric) => {
      const values = results[i].map((result) => result[metric]);
      const centre = mean(values);
      const error = Math.sqrt(mean(values.map((value) => (value - centre) ** 2)) / (repetitions - 1));
      return `${centre.toFixed(3)} ± ${error.toFixed(3)}`;
    });
    process.stdout.write(`  ${choice.name.padEnd(30)} ${figures.join("   ")}\n`);
  });
}
