/**
 * Fit of a forest on one and on two threads, alternating with scikit-learn on one.
 *
 *     node bench/forest/speed.ts PYTHON     # a Python that has scikit-learn; without it, ours alone
 */
import { execFileSync } from "node:child_process";
import { RandomStream, randomKey } from "../../src/domain/random.ts";
import { TreeWorkers } from "../../src/models/tree-workers.ts";

interface Case {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly trees: number;
  readonly minLeafRows: number;
  readonly rounds: number;
}
const CASES: readonly Case[] = [
  {
    name: "105 x 320, 500 trees, leaves of 1",
    rows: 105,
    columns: 320,
    trees: 500,
    minLeafRows: 1,
    rounds: 5,
  },
  {
    name: "105 x 320, 500 trees, leaves of 5",
    rows: 105,
    columns: 320,
    trees: 500,
    minLeafRows: 5,
    rounds: 5,
  },
  {
    name: "1,000 x 2,000, 20 trees, leaves of 5",
    rows: 1000,
    columns: 2000,
    trees: 20,
    minLeafRows: 5,
    rounds: 3,
  },
];

/** Processor time is that of all threads. */
interface Fit {
  readonly seconds: number;
  readonly processorSeconds: number;
  readonly oobRSquared: number;
}

const python = process.argv[2];

function simulate({ rows, columns }: Case) {
  const draw = new RandomStream(randomKey(1));
  const values = new Float64Array(rows * columns).map(() => draw.normal());
  const target = Float64Array.from({ length: rows }, (_, i) => {
    const at = i * columns;
    return Math.max(0, 1 + values[at] + values[at + 1] * values[at + 2] + draw.normal());
  });
  return { x: { columns: Array.from({ length: columns }, (_, c) => `x${c}`), values }, target };
}

type Data = ReturnType<typeof simulate>;

async function fitOurs(
  workers: TreeWorkers,
  data: Data,
  { trees, minLeafRows }: Case,
  seed: number,
): Promise<Fit> {
  const before = process.cpuUsage();
  const start = performance.now();
  const forest = await workers.fit(data, { trees, minLeafRows }, randomKey(seed));
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { seconds, processorSeconds: (user + system) / 1e6, oobRSquared: forest.outOfBag!.rSquared! };
}

function fitTheirs(data: Data, job: Case): Fit {
  const script = new URL("sklearn_fit.py", import.meta.url).pathname;
  const input = Buffer.concat([
    Buffer.from(`${JSON.stringify(job)}\n`),
    Buffer.from(data.x.values.buffer),
    Buffer.from(data.target.buffer),
  ]);
  return JSON.parse(execFileSync(python, [script], { input, encoding: "utf8" }));
}

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

const one = new TreeWorkers(1);
const two = new TreeWorkers(2);
for (const job of CASES) {
  const data = simulate(job);
  const fits = { one: [] as Fit[], two: [] as Fit[], theirs: [] as Fit[] };
  // The threads start and their code is compiled before anything is measured.
  for (const workers of [one, two])
    await fitOurs(workers, data, { ...job, trees: Math.min(job.trees, 20) }, 99);
  for (let round = 0; round < job.rounds; round++) {
    fits.one.push(await fitOurs(one, data, job, round));
    fits.two.push(await fitOurs(two, data, job, round));
    if (python !== undefined) fits.theirs.push(fitTheirs(data, job));
  }
  process.stdout.write(`${job.name}\n`);
  for (const [name, list] of Object.entries(fits)) {
    if (list.length === 0) continue;
    const figure = (of: (fit: Fit) => number) => median(list.map(of)).toFixed(3);
    const ratios = (of: (fit: Fit) => number) =>
      median(fits.theirs.map((fit, round) => of(fit) / of(list[round]))).toFixed(2);
    const times = `${figure(({ seconds }) => seconds)} s, processor ${figure(({ processorSeconds }) => processorSeconds)} s`;
    const ratio =
      fits.theirs.length === 0
        ? ""
        : `; scikit-learn takes ${ratios(({ seconds }) => seconds)} times as long, ${ratios(({ processorSeconds }) => processorSeconds)} times the processor`;
    process.stdout.write(
      `  ${name.padEnd(7)} ${times}, R² ${figure(({ oobRSquared }) => oobRSquared)}${ratio}\n`,
    );
  }
}
await one.dispose();
await two.dispose();
