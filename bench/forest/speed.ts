/**
 * Fit of 500 trees on 105 rows and 320 columns, one thread, alternating with scikit-learn.
 *
 *     node bench/forest/speed.ts PYTHON     # a Python that has scikit-learn; without it, ours alone
 */
import { execFileSync } from "node:child_process";
import { RandomStream, randomKey } from "../../src/domain/random.ts";
import { fitForest } from "../../src/models/random-forest.ts";

const ROWS = 105;
const COLUMNS = 320;
const TREES = 500;
const ROUNDS = 7;

const python = process.argv[2];
const draw = new RandomStream(randomKey(1));
const values = new Float64Array(ROWS * COLUMNS).map(() => draw.normal());
const row = (i: number) => values.subarray(i * COLUMNS, (i + 1) * COLUMNS);
const y = Array.from({ length: ROWS }, (_, i) =>
  Math.max(0, 1 + row(i)[0] + row(i)[1] * row(i)[2] + draw.normal()),
);
const columns = Array.from({ length: COLUMNS }, (_, c) => `x${c}`);

interface Fit {
  readonly seconds: number;
  readonly oobRSquared: number;
}

function fitOurs(minLeafRows: number, seed: number): Fit {
  const start = performance.now();
  const forest = fitForest({ columns, values }, y, { trees: TREES, minLeafRows }, randomKey(seed));
  return { seconds: (performance.now() - start) / 1000, oobRSquared: forest.outOfBag!.rSquared! };
}

function fitTheirs(minLeafRows: number): Fit {
  const script = new URL("sklearn_fit.py", import.meta.url).pathname;
  const input = JSON.stringify({ x: y.map((_, i) => [...row(i)]), y, minLeafRows, trees: TREES });
  return JSON.parse(execFileSync(python, [script], { input, encoding: "utf8" }));
}

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const describe = (name: string, fits: readonly Fit[]) =>
  `${name} ${median(fits.map(({ seconds }) => seconds)).toFixed(3)} s (R² ${fits.at(-1)!.oobRSquared.toFixed(3)})`;

for (const minLeafRows of [1, 5]) {
  const ours: Fit[] = [];
  const theirs: Fit[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(fitOurs(minLeafRows, round));
    if (python !== undefined) theirs.push(fitTheirs(minLeafRows));
  }
  const parts = [`leaves of ${minLeafRows}:`, describe("residua", ours)];
  if (python !== undefined) {
    const ratio = median(theirs.map(({ seconds }, round) => seconds / ours[round].seconds));
    parts.push(describe("scikit-learn", theirs), `ratio ${ratio.toFixed(2)}`);
  }
  process.stdout.write(`${parts.join("  ")}\n`);
}
