/** The comparison of models on one set: estimates, differences, curves. */
import type { PairFigure, PairMethod } from "../../statistics/comparison-result.ts";
import { ENDPOINT_TEXTS, endpointsOf, estimatesOf, type NamedEndpoint } from "../endpoints.ts";
import type { Figure } from "../figures/figure.ts";
import { forestFigure } from "../figures/forest.ts";
import { type ModelStyles, styleOf } from "../figures/palette.ts";
import { fixed, interval, pValue, signed } from "../format.ts";
import { type Html, html } from "../html.ts";
import type { ComparisonBlock, PredictionOrigin, PredictionRow, SetName } from "../report-input.ts";
import { figureRow, type Section } from "../section.ts";
import { renderTable } from "../table.ts";
import { verdictText } from "../verdict.ts";
import { agreement } from "./agreement.ts";
import { missingTable } from "./missing-table.ts";
import { rocFigures } from "./roc-figures.ts";
import { probabilityPart, thresholdTable } from "./threshold-tables.ts";

const TITLES: Readonly<Record<SetName, string>> = {
  test: "Models on the external test set",
  train: "Models on the training set",
};

const ORIGINS: Readonly<Record<PredictionOrigin, string>> = {
  fixed: "Fixed models, fitted on other patients.",
  "out-of-fold":
    "Out-of-fold predictions: each patient was predicted by models that had not seen that patient. The tests treat the predictions as given, so their p values are approximate here.",
  "in-sample":
    "In-sample predictions: the models had seen these patients. The figures are too good and shown only for the gap to the others.",
};

/**
 * @param rows all rows of predictions; those of the block's set are drawn
 * @param styles one style per model, the same throughout the report
 * @param scaled models whose predictions are in the unit of the outcome; all where left out
 */
export function comparisonSection(
  block: ComparisonBlock,
  rows: readonly PredictionRow[],
  styles: ModelStyles,
  scaled?: readonly string[],
): Section {
  const id = `models-${block.set}-${block.predictions}`;
  // Rows hold one prediction per patient, never the in-sample one.
  const own = block.predictions === "in-sample" ? [] : rows.filter(({ set }) => set === block.set);
  const agreed = agreement(id, block.comparison, own, styles, scaled);
  const probabilities = probabilityPart(id, block.probabilities ?? [], styles);
  const endpoints = endpointsOf(block.comparison).map((endpoint) => {
    const rows = forests(id, endpoint, styles);
    const curves = rocFigures(id, endpoint, own, styles);
    return { figures: [...rows, ...curves], body: endpointBody(block, endpoint, [rows, ...curves]) };
  });
  return {
    id,
    title: TITLES[block.set],
    figures: [...endpoints.flatMap(({ figures }) => figures), ...probabilities.figures, ...agreed.figures],
    body: html`<p>${ORIGINS[block.predictions]} ${block.comparison.n} patients with a known outcome.</p>
${endpoints.map(({ body }) => body)}${thresholdTable(block.thresholds ?? [])}${probabilities.body}${agreed.body}${subgroupTables(block)}${missingTable(block.missingOutcomes ?? null)}${remarks(block)}`,
  };
}

function endpointBody(
  block: ComparisonBlock,
  endpoint: NamedEndpoint,
  figures: readonly (Figure | readonly Figure[])[],
): Html {
  const { title } = ENDPOINT_TEXTS[endpoint.name];
  const cases =
    endpoint.metric === "auc"
      ? `${endpoint.positive} positive of ${endpoint.n} patients`
      : `${endpoint.n} patients`;
  return html`<section class="endpoint">
<h3>${title}${endpoint.primary && html` <span class="chip">primary endpoint</span>`}</h3>
<p>${cases}. ${endpoint.meaning}</p>
${figureRow(figures)}${estimateTable(block, endpoint)}${differenceTable(endpoint)}</section>
`;
}

function forests(id: string, endpoint: NamedEndpoint, styles: ModelStyles): Figure[] {
  const { title, measure, noInformation } = ENDPOINT_TEXTS[endpoint.name];
  const rows = estimatesOf(endpoint).map(({ model, value, ci }) => ({
    label: model,
    value,
    ci,
    style: styleOf(styles, model),
  }));
  const [first, ...further] = [...new Set(endpoint.pairs.map(({ a }) => a))];
  const common = further.length === 0 ? first : undefined;
  const differences = endpoint.pairs.map(({ a, b, difference, ci }) => ({
    label: common === undefined ? `${b} − ${a}` : b,
    value: difference,
    ci,
    style: styleOf(styles, b),
  }));
  const margin = endpoint.pairs.find(({ equivalence }) => equivalence !== undefined)?.equivalence?.margin;
  const band = margin === undefined ? "" : ` The band is the declared margin of ±${fixed(margin)}.`;
  return [
    ...(rows.length === 0
      ? []
      : [
          {
            name: `${id}-${endpoint.name}-estimates`,
            caption: `${measure} with 95 % confidence interval. The broken line is a model without any information.`,
            svg: forestFigure({ axis: measure, label: `${measure}, ${title}`, rows, nothing: noInformation }),
          },
        ]),
    ...(differences.length === 0
      ? []
      : [
          {
            name: `${id}-${endpoint.name}-differences`,
            caption: `Differences in ${measure}${common === undefined ? "" : ` from ${common}`} with 95 % confidence interval, not adjusted for their number.${band}`,
            svg: forestFigure({
              axis: `Difference in ${measure}${common === undefined ? "" : ` from ${common}`}`,
              label: `Differences in ${measure}, ${title}`,
              rows: differences,
              nothing: 0,
              isDifference: true,
              ...(margin === undefined ? {} : { margin }),
            }),
          },
        ]),
  ];
}

function estimateTable({ comparison }: ComparisonBlock, endpoint: NamedEndpoint): Html {
  const { measure } = ENDPOINT_TEXTS[endpoint.name];
  const isCorrelation = endpoint.metric === "spearman";
  return renderTable({
    caption: `${measure} of each model`,
    columns: [
      { label: "Model" },
      { label: "n", align: "number" },
      { label: measure, align: "number" },
      { label: "95 % CI", align: "number" },
      ...(isCorrelation ? [] : [{ label: "95 % CI, logit", align: "number" as const }]),
      { label: "95 % CI, bootstrap", align: "number" },
      ...(isCorrelation ? [{ label: "p", align: "number" as const }] : []),
    ],
    rows: estimatesOf(endpoint).map(({ model, n, value, ci, ciLogit, ciBootstrap, p }) => [
      model === comparison.reference ? html`${model} <span class="chip">reference</span>` : model,
      n,
      fixed(value),
      interval(ci),
      ...(isCorrelation ? [] : [interval(ciLogit)]),
      interval(ciBootstrap),
      ...(isCorrelation ? [pValue(p)] : []),
    ]),
    missing: "undefined or not computed; the remarks below say why.",
    notes: [
      isCorrelation
        ? "Spearman’s ρ by mid-ranks; interval after Bonett and Wright; p by the t approximation."
        : "Interval after DeLong, clipped to [0, 1]; the logit interval is the better one near 1 and with few patients; bootstrap stratified by outcome.",
    ],
  });
}

const METHODS: Readonly<Record<PairMethod, string>> = {
  delong: "DeLong’s paired test",
  "paired-bootstrap": "the paired bootstrap",
  "infinitesimal-jackknife": "the infinitesimal jackknife",
};

function differenceTable({ name, pairs }: NamedEndpoint): Html | null {
  if (pairs.length === 0) return null;
  const { measure } = ENDPOINT_TEXTS[name];
  const methods = [...new Set(pairs.map(({ method }) => METHODS[method]))].join(" and ");
  return renderTable({
    caption: `Differences in ${measure}`,
    columns: [
      { label: "Comparison" },
      { label: "n", align: "number" },
      { label: "Difference", align: "number" },
      { label: "95 % CI", align: "number" },
      { label: "95 % CI, bootstrap", align: "number" },
      { label: "p", align: "number" },
      { label: "p, Holm", align: "number" },
      { label: "Detectable", align: "number" },
      { label: "Verdict" },
    ],
    rows: pairs.map(differenceRow),
    missing: "undefined or not computed; the remarks below say why.",
    notes: [
      `p by ${methods}; Holm’s adjustment runs over all comparisons of this endpoint. Detectable: the smallest true difference that would be found with 80 % power at 5 %, before adjustment. Undecided means that neither a difference nor equivalence is shown.`,
    ],
  });
}

function differenceRow(pair: PairFigure): (string | number)[] {
  return [
    `${pair.b} − ${pair.a}`,
    pair.n,
    signed(pair.difference),
    interval(pair.ci, signed),
    interval(pair.ciBootstrap, signed),
    pValue(pair.p),
    pValue(pair.pHolm),
    fixed(pair.detectable),
    verdictText(pair),
  ];
}

/** The primary endpoint within groups; where none is declared, the first. */
function subgroupTables({ subgroups = [], comparison }: ComparisonBlock): Html | null {
  if (subgroups.length === 0) return null;
  const [first] = endpointsOf(comparison);
  const { measure, title } = ENDPOINT_TEXTS[first.name];
  const columns = [...new Set(subgroups.map(({ column }) => column))];
  const rows = columns.flatMap((column) => [
    { heading: column },
    ...subgroups
      .filter((group) => group.column === column)
      .flatMap(({ value, endpoints }) => {
        const endpoint = endpoints[first.name];
        if (endpoint === undefined) return [];
        return estimatesOf(endpoint).map(({ model, n, value: figure, ci, ciLogit }, i) => [
          i === 0 ? value : "",
          model,
          n,
          fixed(figure),
          interval(ciLogit ?? ci),
        ]);
      }),
  ]);
  return html`<h3>Subgroups</h3>
${renderTable({
  caption: `${measure} of each model within groups of patients: ${title}`,
  columns: [
    { label: "Group" },
    { label: "Model" },
    { label: "n", align: "number" },
    { label: measure, align: "number" },
    { label: "95 % CI", align: "number" },
  ],
  rows,
  missing: "undefined in so few patients.",
  notes: [
    `Descriptive, not adjusted for the number of groups: that a difference shows in one group and not in another is no evidence that they differ.${measure === "AUC" ? " Intervals on the logit scale." : ""}`,
  ],
})}`;
}

function remarks({ comparison }: ComparisonBlock): Html | null {
  if (comparison.issues.length === 0) return null;
  return html`<h3>Remarks on the statistics</h3>
<ul class="remarks">${comparison.issues.map(
    ({ code, severity, message }) =>
      html`<li><span class="severity ${severity}">${severity}</span> ${message} <code>${code}</code></li>
`,
  )}</ul>
`;
}
