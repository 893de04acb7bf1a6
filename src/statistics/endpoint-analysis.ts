/** What every endpoint does alike: case sets, single models, pairs, Holm's adjustment, margins. */
import type { Issue } from "../domain/issues.ts";
import type { EndpointName, Equivalence, PairFigure } from "./comparison-result.ts";
import { detectableDifference } from "./detectable-difference.ts";
import type { Interval } from "./distributions.ts";
import { equivalenceTest, nonInferiorityTest } from "./equivalence.ts";
import type { ModelColumn } from "./model-columns.ts";
import { benjaminiHochberg, holm } from "./multiplicity.ts";

/** The cases that an estimate uses: those with an outcome and with a score of each model concerned. */
export type CaseRows = Uint32Array;

/** How one kind of endpoint measures models. `Measured` is a model measured on a case set. */
export interface Metric<Measured, Figure> {
  /** Measures models on the same cases, one result per model; `null` where the cases do not allow it. */
  measure(columns: readonly ModelColumn[], rows: CaseRows): (Measured | null)[];
  /** The figures of one model. */
  figure(measured: Measured | null, rows: CaseRows): Figure;
  /** What a reader must know of these figures. */
  remarks(column: ModelColumn, figure: Figure, rows: CaseRows): Issue[];
  /** The difference `b − a` of two models measured on the same cases. */
  difference(a: Measured, b: Measured): PairNumbers;
  readonly pairMethod: PairFigure["method"];
}

/** The part of a pair's figures that depends on the metric. */
export type PairNumbers = Pick<
  PairFigure,
  "difference" | "ci" | "z" | "p" | "method" | "standardError" | "ciBootstrap" | "pPermutation"
>;

/** What is compared with what. */
export interface AnalysisPlan {
  readonly columns: readonly ModelColumn[];
  readonly reference: string | null;
  readonly margin: number | null;
}

/** Measures every model and every pair of one endpoint. */
export function analyse<Measured, Figure>(
  endpoint: EndpointName,
  known: Uint8Array,
  metric: Metric<Measured, Figure>,
  { columns, reference, margin }: AnalysisPlan,
  issues: Issue[],
): { readonly models: Record<string, Figure>; readonly pairs: PairFigure[] } {
  const compared = pairsOf(columns, reference);
  const alone = columns.map((column) => [column, column] as const);
  const setOf = measureCaseSets(known, metric, [...alone, ...compared]);
  const models: Record<string, Figure> = {};
  for (const column of columns) {
    const set = setOf(column, column);
    const figure = metric.figure(set.measured.get(column) ?? null, set.rows);
    models[column.name] = figure;
    issues.push(...metric.remarks(column, figure, set.rows));
  }
  const unadjusted = compared.map(([a, b]) => {
    const set = setOf(a, b);
    const [measuredA, measuredB] = [set.measured.get(a), set.measured.get(b)];
    const numbers =
      measuredA && measuredB
        ? metric.difference(measuredA, measuredB)
        : { ...NO_NUMBERS, method: metric.pairMethod };
    if (numbers.p === null) issues.push(untested(endpoint, a.name, b.name, numbers.difference));
    return { a: a.name, b: b.name, n: set.rows.length, ...numbers };
  });
  const family = unadjusted.map(({ p }) => p);
  const [adjusted, controlled] = [holm(family), benjaminiHochberg(family)];
  const pairs = unadjusted.map((pair, index) => ({
    ...pair,
    pHolm: adjusted[index],
    pBenjaminiHochberg: controlled[index],
    detectable: pair.standardError === null ? null : detectableDifference(pair.standardError),
    ...(margin === null
      ? {}
      : { equivalence: { ...equivalence(pair.ci, margin), ...marginTests(pair, margin) } }),
  }));
  return { models, pairs };
}

const NO_NUMBERS = {
  difference: null,
  ci: null,
  z: null,
  p: null,
  standardError: null,
  ciBootstrap: null,
  pPermutation: null,
};

function marginTests(
  { difference, standardError }: PairNumbers,
  margin: number,
): Pick<Equivalence, "p" | "pNonInferiority"> {
  if (difference === null || standardError === null) return { p: null, pNonInferiority: null };
  const estimate = { difference, standardError };
  return {
    p: equivalenceTest(estimate, margin).p,
    pNonInferiority: nonInferiorityTest(estimate, margin).p,
  };
}

function untested(endpoint: EndpointName, a: string, b: string, difference: number | null): Issue {
  const why =
    difference === null
      ? "their common cases do not define both figures"
      : "the sample shows no variance by which to judge it";
  return {
    code: "difference-untested",
    severity: "warning",
    message: `Endpoint ${endpoint}: the difference of ${b} and ${a} has no test, because ${why}. It stands outside Holm's family.`,
    subject: b,
  };
}

/** Every other model against the reference, or every later model against every earlier one. */
function pairsOf(columns: readonly ModelColumn[], reference: string | null): Pair[] {
  const first = columns.find(({ name }) => name === reference);
  if (first !== undefined) {
    return columns.filter((column) => column !== first).map((column) => [first, column] as const);
  }
  return columns.flatMap((a, index) => columns.slice(index + 1).map((b) => [a, b] as const));
}

type Pair = readonly [ModelColumn, ModelColumn];

interface CaseSet<Measured> {
  readonly rows: CaseRows;
  readonly measured: ReadonlyMap<ModelColumn, Measured | null>;
}

/**
 * The complete cases of each pair, with the models of all pairs that share them measured at once: models measured
 * together see the same resamples, which is what makes the bootstrap of a difference paired.
 */
function measureCaseSets<Measured>(
  known: Uint8Array,
  metric: Pick<Metric<Measured, unknown>, "measure">,
  pairs: readonly Pair[],
): (...pair: Pair) => CaseSet<Measured> {
  const nameOf = ([a, b]: Pair) => [...new Set([a.presence, b.presence])].sort((x, y) => x - y).join("+");
  const groups = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const group = groups.get(nameOf(pair));
    if (group === undefined) groups.set(nameOf(pair), [pair]);
    else group.push(pair);
  }
  const sets = new Map<string, CaseSet<Measured>>();
  for (const [name, members] of groups) {
    const [a, b] = members[0];
    const rows = completeRows(known, a.present, b.present);
    const columns = [...new Set<ModelColumn>(members.flat())];
    const results = metric.measure(columns, rows);
    sets.set(name, { rows, measured: new Map(columns.map((column, index) => [column, results[index]])) });
  }
  return (...pair) => sets.get(nameOf(pair))!;
}

function completeRows(...masks: readonly Uint8Array[]): CaseRows {
  const rows = new Uint32Array(masks[0].length);
  let count = 0;
  for (let row = 0; row < rows.length; row++) {
    if (masks.every((mask) => mask[row] === 1)) rows[count++] = row;
  }
  return rows.slice(0, count);
}

/** Judges an interval of a difference against a margin around 0. */
export function equivalence(ci: Interval | null, margin: number): Omit<Equivalence, "p" | "pNonInferiority"> {
  if (ci === null) return { margin, within: "undecided", reason: "The difference has no interval." };
  const [low, high] = ci;
  const shown = `The 95 % interval ${low.toFixed(3)} to ${high.toFixed(3)}`;
  const bounds = `±${margin}`;
  if (low > -margin && high < margin) {
    return { margin, within: "yes", reason: `${shown} lies within ${bounds}.` };
  }
  if (low >= margin || high <= -margin) {
    return { margin, within: "no", reason: `${shown} lies outside ${bounds}.` };
  }
  return {
    margin,
    within: "undecided",
    reason: `${shown} holds values within and beyond ${bounds}: neither a relevant difference nor its absence is shown.`,
  };
}
