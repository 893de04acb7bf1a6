/** The report in a few sentences, made from the numbers: what was found, how sure it is, and what could not be seen. */
import type { PairFigure } from "../statistics/comparison-result.ts";
import { distributionOf } from "./distribution.ts";
import { ENDPOINT_TEXTS, endpointsOf, estimatesOf, type NamedEndpoint } from "./endpoints.ts";
import { fixed, interval, list, pSentence, signed } from "./format.ts";
import type { ComparisonBlock, PredictionOrigin, ReportInput, SegmentationQuality } from "./report-input.ts";
import { verdictOf, verdictText } from "./verdict.ts";

export interface Summary {
  readonly paragraphs: readonly string[];
  /** One line per model of the primary endpoint. */
  readonly models: readonly string[];
  /** What to read out of the differences. */
  readonly conclusions: readonly string[];
}

/** Sentences for the top of the report; empty lists where the input has nothing to tell. */
export function summarise(input: ReportInput): Summary {
  const block = input.comparisons?.[0];
  const endpoint = block === undefined ? undefined : endpointsOf(block.comparison)[0];
  const segmentation = (input.segmentation ?? []).flatMap(segmentationSentence);
  if (block === undefined || endpoint === undefined) {
    return { paragraphs: segmentation, models: [], conclusions: [] };
  }
  return {
    paragraphs: [[whoSentence(block), endpointSentence(block, endpoint)].join(" "), ...segmentation],
    models: modelLines(block, endpoint),
    conclusions: conclusions(block, endpoint),
  };
}

const ORIGINS: Readonly<Record<PredictionOrigin, string>> = {
  fixed: "by models that were fitted on other patients and fixed before",
  "out-of-fold": "by cross-validation, each patient by models that had not seen that patient",
  "in-sample": "by models that had seen the same patients, so that the figures are too good",
};

function whoSentence({ set, predictions, comparison }: ComparisonBlock): string {
  const name = set === "test" ? "external test set" : "training set";
  return `In the ${name}, ${comparison.n} patients with a known outcome were predicted ${ORIGINS[predictions]}.`;
}

function endpointSentence({ comparison }: ComparisonBlock, endpoint: NamedEndpoint): string {
  const { phrase } = ENDPOINT_TEXTS[endpoint.name];
  const cases =
    endpoint.metric === "auc" ? ` (${endpoint.positive} positive of ${endpoint.n})` : ` (n ${endpoint.n})`;
  return endpoint.primary
    ? `The primary endpoint is ${phrase}${cases}.`
    : comparison.primary === null
      ? `No primary endpoint was declared, so every endpoint is exploratory; shown first is ${phrase}${cases}.`
      : `The primary endpoint could not be evaluated; shown instead is ${phrase}${cases}.`;
}

function modelLines({ comparison }: ComparisonBlock, endpoint: NamedEndpoint): string[] {
  const { measure } = ENDPOINT_TEXTS[endpoint.name];
  return estimatesOf(endpoint).map(({ model, value, ci }) => {
    const figure = value === null ? "undefined" : `${measure} ${fixed(value)} ${interval(ci)}`;
    if (model === comparison.reference) return `${model} (reference): ${figure}.`;
    const pair = endpoint.pairs.find(({ a, b }) => a === comparison.reference && b === model);
    return pair === undefined ? `${model}: ${figure}.` : `${model}: ${figure}; ${differenceText(pair)}.`;
  });
}

function differenceText(pair: PairFigure): string {
  if (pair.difference === null) return `no difference from ${pair.a} could be computed`;
  const size = `difference ${signed(pair.difference)} ${interval(pair.ci, signed)}`;
  if (pair.pHolm === null) return `${size}, not testable`;
  return `${size}, ${pSentence(pair.pHolm)} after Holm: ${verdictText(pair)}`;
}

/** What the tests and intervals of all pairs say together. */
function conclusions({ comparison }: ComparisonBlock, endpoint: NamedEndpoint): string[] {
  const { measure } = ENDPOINT_TEXTS[endpoint.name];
  const tested = endpoint.pairs.filter((pair) => verdictOf(pair) !== "untested");
  if (tested.length === 0) return [];
  const found = tested.filter((pair) => ["higher", "lower"].includes(verdictOf(pair)));
  const equivalent = tested.filter((pair) => verdictOf(pair) === "equivalent");
  const undecided = tested.filter((pair) => verdictOf(pair) === "undecided");
  return [
    found.length === 0
      ? `No difference was statistically significant after Holm’s correction over ${pairCount(tested.length)}.`
      : `After Holm’s correction over ${pairCount(tested.length)}, ${list(found.map((pair) => `the ${measure} of ${pair.b} was ${verdictOf(pair)} than that of ${pair.a}`))}.`,
    ...(equivalent.length === 0
      ? []
      : [
          `Within the declared margin of ±${fixed(comparison.margin)}, ${list(equivalent.map(({ a, b }) => `${b} and ${a}`))} are equivalent: the whole confidence interval lies inside.`,
        ]),
    ...undecidedSentence(undecided, measure),
    ...detectableSentence(tested, measure),
  ];
}

/** That a test found nothing is not a finding of equality: how large a difference the intervals still allow. */
function undecidedSentence(undecided: readonly PairFigure[], measure: string): string[] {
  const intervals = undecided.flatMap(({ ci }) => (ci === null ? [] : [ci]));
  if (intervals.length === 0) return [];
  const low = Math.min(...intervals.map(([least]) => least));
  const high = Math.max(...intervals.map(([, most]) => most));
  const which =
    undecided.length === 1
      ? `${undecided[0].b} against ${undecided[0].a}`
      : `${undecided.length} comparisons`;
  return [
    `For ${which} the question stays open: this is not evidence of equality, for the data are compatible with differences from ${signed(low)} to ${signed(high)} in ${measure}.`,
  ];
}

function detectableSentence(tested: readonly PairFigure[], measure: string): string[] {
  const sizes = tested.flatMap(({ detectable }) =>
    detectable === null || detectable <= 0 ? [] : [detectable],
  );
  if (sizes.length === 0) return [];
  const [least, most] = [fixed(Math.min(...sizes)), fixed(Math.max(...sizes))];
  const range = least === most ? least : `${least} to ${most} (depending on the models)`;
  return [
    `With this number of patients, a true difference in ${measure} of about ${range} would have been found with 80 % power at 5 %, before Holm’s correction; smaller ones would more often be missed.`,
  ];
}

function pairCount(pairs: number): string {
  return pairs === 1 ? "one comparison" : `${pairs} comparisons`;
}

function segmentationSentence({ network, cases }: SegmentationQuality): string[] {
  const set = cases.some((item) => item.set === "test") ? "test" : "train";
  const visits = [...new Set(cases.filter((item) => item.set === set).map(({ visit }) => visit))];
  const parts = visits.flatMap((visit) => {
    const dice = distributionOf(
      cases.filter((item) => item.set === set && item.visit === visit).map((item) => item.dice),
    );
    return dice === null ? [] : [`${fixed(dice.median)} at the visit “${visit}” (n ${dice.n})`];
  });
  if (parts.length === 0) return [];
  const where = set === "test" ? "external test set" : "training set, out of fold,";
  return [`Segmentation by ${network}: median Dice in the ${where} ${list(parts)}.`];
}
