/** The whole report: one HTML file without any outside resource. */
import type { Issue } from "../domain/issues.ts";
import { endpointsOf } from "./endpoints.ts";
import type { Figure } from "./figures/figure.ts";
import { type ModelStyles, modelStyles } from "./figures/palette.ts";
import { type Html, html, trusted } from "./html.ts";
import { limitationsOf } from "./limitations.ts";
import type { ReportHead, ReportInput } from "./report-input.ts";
import type { Section } from "./section.ts";
import { choicesSection } from "./sections/choices-section.ts";
import { cohortSection } from "./sections/cohort-section.ts";
import { comparisonSection } from "./sections/comparison-section.ts";
import { featuresSection } from "./sections/features-section.ts";
import { guidelinesSection } from "./sections/guidelines-section.ts";
import { imagingSection } from "./sections/imaging-section.ts";
import { issuesSection } from "./sections/issues-section.ts";
import { segmentationSection } from "./sections/segmentation-section.ts";
import { trainingSection } from "./sections/training-section.ts";
import { STYLE } from "./style.ts";
import { type Summary, summarise } from "./summary.ts";

export interface RenderedReport {
  /** The document; opens from a file, prints, and follows the reader's light or dark setting. */
  readonly html: string;
  /** Every figure in it, to be written beside it as `<name>.svg`. */
  readonly figures: readonly Figure[];
}

/**
 * Renders a report. The same input gives the same bytes.
 *
 * @throws {WorkError} `raster-size` for a picture whose pixels do not fit its size.
 */
export function renderReport(input: ReportInput): RenderedReport {
  const sections = sectionsOf(input);
  return {
    html: page(input.head, summarise(input), sections).markup,
    figures: sections.flatMap(({ figures }) => figures),
  };
}

function sectionsOf(input: ReportInput): Section[] {
  const { cohort, segmentation = [], features = [], training = [], plans = [] } = input;
  const { predictions = [], comparisons = [] } = input;
  const styles = stylesOf(input);
  const shown = input.showIdentifiers ?? false;
  const [first, ...others] = comparisons.map((block) =>
    comparisonSection(block, predictions, styles, input.scaledModels),
  );
  return [
    ...(first === undefined ? [] : [first]),
    ...(cohort === undefined ? [] : [cohortSection(cohort)]),
    ...(input.imaging === undefined ? [] : [imagingSection(input.imaging)]),
    ...(segmentation.length === 0 ? [] : [segmentationSection(segmentation, shown)]),
    ...(features.length === 0 ? [] : [featuresSection(features)]),
    ...others,
    ...(training.length + plans.length === 0 ? [] : [trainingSection(training, plans)]),
    limitationsSection(limitationsOf(input)),
    issuesSection(issuesOf(input), shown),
    ...(input.guidelines === undefined ? [] : [guidelinesSection(input.guidelines)]),
    ...(input.choices === undefined ? [] : [choicesSection(input.choices)]),
  ];
}

/** One style per model for the whole report, in the order of the first comparison. */
function stylesOf({ comparisons = [] }: ReportInput): ModelStyles {
  const models = comparisons.flatMap(({ comparison }) =>
    endpointsOf(comparison).flatMap((endpoint) => Object.keys(endpoint.models)),
  );
  return modelStyles([...new Set(models)], comparisons[0]?.comparison.reference ?? undefined);
}

/** The issues that no comparison shows already. */
function issuesOf({ issues = [], comparisons = [] }: ReportInput): Issue[] {
  const shown = new Set(
    comparisons.flatMap(({ comparison }) =>
      comparison.issues.map(({ code, message }) => `${code} ${message}`),
    ),
  );
  return issues.filter(({ code, message }) => !shown.has(`${code} ${message}`));
}

function limitationsSection(limitations: readonly string[]): Section {
  return {
    id: "limitations",
    title: "Limitations",
    figures: [],
    body: html`<ul>${limitations.map(
      (text) => html`<li>${text}</li>
`,
    )}</ul>`,
  };
}

function page(head: ReportHead, summary: Summary, sections: readonly Section[]): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${head.study}: Residua report</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<div class="page">
${header(head, sections)}
<main>
${summaryBox(summary)}
${sections.map(
  ({ id, title, body }) => html`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${body}
</section>
`,
)}</main>
<footer><p>Made by Residua. Figures beside this file: <code>figures/*.svg</code>; numbers: <code>metrics.json</code>, <code>predictions.csv</code>.</p></footer>
</div>
</body>
</html>
`;
}

function header(
  { study, runId, date, seed, versions, simulated }: ReportHead,
  sections: readonly Section[],
): Html {
  const facts = [
    ["Run", runId],
    ["Date", date.replace("T", " ").replace(/(:\d\d)(\.\d+)?Z$/, "$1 UTC")],
    ["Seed", String(seed)],
    ...Object.entries(versions),
  ];
  return html`<header>
<p class="kicker">Residual cancer burden from breast MRI</p>
<h1>${study}</h1>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${simulated === true && html`<p class="banner"><strong>Simulated patients.</strong> The figures show that the method runs, not how it does on patients.</p>`}
<nav aria-label="Contents"><ul>${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
</header>`;
}

function summaryBox({ paragraphs, models, conclusions }: Summary): Html | null {
  if (paragraphs.length + models.length + conclusions.length === 0) return null;
  return html`<section class="summary" aria-labelledby="summary">
<h2 id="summary">Summary</h2>
${paragraphs.slice(0, 1).map(
  (text) => html`<p>${text}</p>
`,
)}${
  models.length > 0 &&
  html`<ul>${models.map(
    (text) => html`<li>${text}</li>
`,
  )}</ul>
`
}${[...conclusions, ...paragraphs.slice(1)].map(
  (text) => html`<p>${text}</p>
`,
)}</section>`;
}
