/**
 * What a forest on few columns keeps of their ranks: out-of-fold AUC of forests against the best single column itself, on
 * published tables (I-SPY 2: functional tumour volume and diameter against pCR; I-SPY 1: diameter against pCR and
 * RCB-0/I), repeated five-fold cross-validation. The evidence for docs/decisions/0067.
 *
 *     node bench/forest/few-columns.ts DATA [REPEATS]      # DATA: the folder that holds ispy1-clinical and ispy2-clinical
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "csv-parse/sync";
import { deriveKey, randomKey } from "../../src/domain/random.ts";
import { assignFolds, classStrata, crossFit } from "../../src/models/cross-validation.ts";
import { type ForestOptions, fitForest, predictForest } from "../../src/models/random-forest.ts";
import { auc } from "../../src/statistics/roc.ts";

const data = process.argv[2];
const repeats = Number(process.argv[3] ?? 10);

type Row = Readonly<Record<string, string>>;
const read = (file: string): Row[] =>
  parse(readFileSync(path.join(data, file)), { columns: true, bom: true });
const number = (text: string | undefined) =>
  text === undefined || text.trim() === "" || Number.isNaN(Number(text)) ? Number.NaN : Number(text);

function join(a: Row[], aKey: string, b: Row[], bKey: string): Row[] {
  const byKey = new Map(b.map((row) => [row[bKey], row]));
  return a.flatMap((row) => (byKey.has(row[aKey]) ? [{ ...byKey.get(row[aKey]), ...row }] : []));
}

const ispy2 = join(
  read("ispy2-clinical/multifeature_n384.csv"),
  "CLINICAL-TRIAL-SUBJECT-ID",
  read("ispy2-clinical/clinical_n985.csv"),
  "Patient_ID",
);
const ispy1 = join(
  read("ispy1-clinical/predictors.csv"),
  "SUBJECTID",
  read("ispy1-clinical/outcomes.csv"),
  "SUBJECTID",
);

interface Problem {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly columns: readonly string[];
  /** 1 without the good outcome. */
  readonly outcome: (row: Row) => number;
}
const noPcr = (column: string) => (row: Row) => 1 - number(row[column]);
const ftv = (...visits: number[]) => visits.map((visit) => `VOLUME_TUM_BLU_V${visit}0`);
const PROBLEMS: readonly Problem[] = [
  { name: "I-SPY 2, FTV before surgery", rows: ispy2, columns: ftv(4), outcome: noPcr("pCR") },
  { name: "I-SPY 2, FTV pre and post", rows: ispy2, columns: ftv(1, 4), outcome: noPcr("pCR") },
  {
    name: "I-SPY 2, FTV pre, post, change",
    rows: ispy2,
    columns: [...ftv(1, 4), "FTV_pch_T0_T3"],
    outcome: noPcr("pCR"),
  },
  { name: "I-SPY 2, FTV at four visits", rows: ispy2, columns: ftv(1, 2, 3, 4), outcome: noPcr("pCR") },
  { name: "I-SPY 2, diameter pre, post", rows: ispy2, columns: ["LD_T0", "LD_T3"], outcome: noPcr("pCR") },
  {
    name: "I-SPY 2, diameter pre, post, change",
    rows: ispy2,
    columns: ["LD_T0", "LD_T3", "LD_pch_T0_T3"],
    outcome: noPcr("pCR"),
  },
  {
    name: "I-SPY 1, diameter pre, post",
    rows: ispy1,
    columns: ["MRI LD Baseline", "MRI LD PreSurg"],
    outcome: noPcr("PCR"),
  },
  {
    name: "I-SPY 1, diameter pre, post; RCB",
    rows: ispy1,
    columns: ["MRI LD Baseline", "MRI LD PreSurg"],
    outcome: (row) => number(row.RCBClass),
  },
];

const CHOICES: readonly [name: string, options: Partial<ForestOptions>][] = (
  [
    ["random forest", {}],
    ["extra trees", { splitter: "random", bootstrap: false, featuresPerSplit: "all" }],
    ["rank trees, a third of the columns", { splitter: "random-rank" }],
    ["rank trees", { splitter: "random-rank", featuresPerSplit: "all" }],
  ] as [string, Partial<ForestOptions>][]
).flatMap(([name, options]) =>
  [5, 10, 20].map((minLeafRows): [string, Partial<ForestOptions>] => [
    `${name}, leaves of ${minLeafRows}`,
    { ...options, minLeafRows },
  ]),
);

/** AUC of RCB-II/III, or of residual disease, by out-of-fold predictions. */
async function measure({ rows, columns, outcome }: Problem) {
  const complete = rows.filter(
    (row) => Number.isFinite(outcome(row)) && columns.every((c) => Number.isFinite(number(row[c]))),
  );
  const target = complete.map(outcome);
  const positive = target.map((value) => value > (Math.max(...target) > 1 ? 1 : 0));
  const matrixOf = (indices: Iterable<number>) => ({
    columns,
    values: Float64Array.from([...indices].flatMap((i) => columns.map((c) => number(complete[i][c])))),
  });
  const single = Math.max(
    ...columns.map((c) =>
      auc(
        complete.map((row) => number(row[c])),
        positive,
      ),
    ),
  );
  const forests: [string, number][] = [];
  for (const [name, options] of CHOICES) {
    let sum = 0;
    for (let repeat = 0; repeat < repeats; repeat++) {
      const key = deriveKey(randomKey(3), repeat);
      const folds = assignFolds(
        { groups: complete.map((_row, i) => String(i)), strata: classStrata(target), folds: 5 },
        key,
      ).value;
      const { predictions } = await crossFit(
        folds,
        (train, fold) =>
          fitForest(
            { x: matrixOf(train), target: Array.from(train, (i) => target[i]) },
            { trees: 200, ...options },
            deriveKey(key, "fold", fold),
          ),
        (forest, held) => predictForest(forest, matrixOf(held)),
      );
      sum += auc(predictions, positive);
    }
    forests.push([name, sum / repeats]);
  }
  return { n: complete.length, single, forests };
}

const sums = new Map<string, number>();
for (const problem of PROBLEMS) {
  const { n, single, forests } = await measure(problem);
  for (const [name, value] of forests) sums.set(name, (sums.get(name) ?? 0) + value / PROBLEMS.length);
  process.stdout.write(`\n${problem.name}: n ${n}, best column itself ${single.toFixed(3)}\n`);
  for (const [name, value] of forests) process.stdout.write(`  ${name.padEnd(40)} ${value.toFixed(3)}\n`);
}
process.stdout.write("\nmean over all\n");
for (const [name, value] of sums) process.stdout.write(`  ${name.padEnd(40)} ${value.toFixed(3)}\n`);
