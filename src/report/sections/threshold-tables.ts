/** Sensitivity and specificity at fixed thresholds, and the worth of probabilities: compact parts of a comparison. */
import type { Proportion, ThresholdRule } from "../../statistics/operating-point.ts";
import type { ProbabilityFigure, ThresholdFigure } from "../../statistics/threshold-figures.ts";
import { ENDPOINT_TEXTS } from "../endpoints.ts";
import { decisionCurveFigure } from "../figures/decision-curve.ts";
import type { Figure } from "../figures/figure.ts";
import type { ModelStyles } from "../figures/palette.ts";
import { estimate, fixed, interval, MISSING } from "../format.ts";
import { type Html, html } from "../html.ts";
import { figureRow } from "../section.ts";
import { renderTable } from "../table.ts";

/** One table over all two-class endpoints; nothing where there is no figure. */
export function thresholdTable(figures: readonly ThresholdFigure[]): Html | null {
  const [first] = figures;
  if (first === undefined) return null;
  const { axis, least } = first.partialAuc;
  const endpoints = [...new Set(figures.map(({ endpoint }) => endpoint))];
  return html`<h3>At a fixed threshold</h3>
${renderTable({
  caption: "Sensitivity, specificity and predictive values",
  columns: [
    { label: "Model" },
    { label: "Called positive", align: "number" },
    { label: "Sensitivity", align: "number" },
    { label: "Specificity", align: "number" },
    { label: "PPV", align: "number" },
    { label: "NPV", align: "number" },
    { label: `Partial AUC (${axis} ≥ ${least})`, align: "number" },
  ],
  rows: endpoints.flatMap((name) => [
    { heading: ENDPOINT_TEXTS[name].title },
    ...figures
      .filter(({ endpoint }) => endpoint === name)
      .map((figure) => [
        figure.model,
        thresholdText(figure),
        proportionCell(figure.sensitivity),
        proportionCell(figure.specificity),
        proportionCell(figure.positivePredictiveValue),
        proportionCell(figure.negativePredictiveValue),
        fixed(figure.partialAuc.standardised),
      ]),
  ]),
  missing: "no patient to count.",
  notes: [
    `The threshold of each model was fixed on the out-of-fold predictions of the training set (${ruleText(first.rule)}) and is in the unit of the model’s score. Wilson’s 95 % intervals; not adjusted for their number. Predictive values hold at the prevalence of this set. Partial AUC rescaled so that 0.5 is no information (McClish).`,
  ],
})}`;
}

function thresholdText({ threshold, calls }: ThresholdFigure): string {
  if (threshold === null) return "none";
  return `${calls === "at-least" ? "≥" : "≤"} ${fixed(threshold)}`;
}

function proportionCell({ successes, n, value, ci }: Proportion): Html | string {
  if (value === null) return MISSING;
  return html`${fixed(value)} ${interval(ci)}<br><span class="count">${successes}/${n}</span>`;
}

function ruleText(rule: ThresholdRule): string {
  return rule.rule === "youden"
    ? "greatest sensitivity + specificity, Youden"
    : `${rule.rule} of at least ${rule.atLeast}`;
}

/** Calibration table and decision curves; nothing where models give no probabilities. */
export function probabilityPart(
  id: string,
  figures: readonly ProbabilityFigure[],
  styles: ModelStyles,
): { readonly body: Html | null; readonly figures: readonly Figure[] } {
  const [first] = figures;
  if (first === undefined) return { body: null, figures: [] };
  const { title } = ENDPOINT_TEXTS[first.endpoint];
  const curve: Figure = {
    name: `${id}-${first.endpoint}-decision-curve`,
    caption:
      "Net benefit (Vickers and Elkin): true positives less false positives, weighted by the odds of the threshold, per patient. A model is of use where its curve lies above both lines.",
    svg: decisionCurveFigure(title, figures, styles),
  };
  return {
    figures: [curve],
    body: html`<h3>Probabilities of complete response</h3>
${figureRow([curve])}${renderTable({
  caption: "Calibration of predicted probabilities",
  columns: [
    { label: "Model" },
    { label: "n", align: "number" },
    { label: "Intercept", align: "number" },
    { label: "Slope", align: "number" },
    { label: "Brier score", align: "number" },
    { label: "Predicted → observed, by groups of rising prediction" },
  ],
  rows: figures.map(({ model, calibration, brier, groups }) => [
    model,
    calibration.n,
    estimate(calibration.intercept, calibration.interceptCi),
    estimate(calibration.slope, calibration.slopeCi),
    fixed(brier, 3),
    groups
      .map(({ meanPredicted, observed }) => `${fixed(meanPredicted)} → ${fixed(observed.value)}`)
      .join(", "),
  ]),
  missing: "undefined: predictions and outcome are separable or constant.",
  notes: [
    "Right are an intercept of 0 (calibration in the large) and a slope of 1; a slope below 1 means predictions that are too extreme (Cox 1958).",
  ],
})}`,
  };
}
