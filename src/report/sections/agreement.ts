/** How near predicted scores come to the true ones: scatter, errors, calibration. */
import { calibrationLine, regressionError } from "../../statistics/calibration.ts";
import type { Comparison } from "../../statistics/comparison-result.ts";
import { endpointsOf } from "../endpoints.ts";
import { calibrationFigure } from "../figures/calibration.ts";
import type { Figure } from "../figures/figure.ts";
import { type ModelStyles, styleOf } from "../figures/palette.ts";
import { type PredictedOutcome, predictedTrueFigure } from "../figures/predicted-true.ts";
import { fixed, interval, signed, slug } from "../format.ts";
import { type Html, html } from "../html.ts";
import type { PredictionRow } from "../report-input.ts";
import { figureRow } from "../section.ts";
import { renderTable } from "../table.ts";

interface ScoredModel {
  readonly model: string;
  readonly predicted: readonly number[];
  readonly observed: readonly number[];
}

/**
 * Figures and text on agreement; both empty where the rows have no predictions. Errors and calibration need true scores: with
 * classes or pCR alone, only the order of predictions has a meaning.
 *
 * @param id prefix of the figures' names
 * @param rows the patients of one set
 * @param scaled models whose predictions are in the unit of the outcome; all where left out
 */
export function agreement(
  id: string,
  comparison: Comparison,
  rows: readonly PredictionRow[],
  styles: ModelStyles,
  scaled?: readonly string[],
): { readonly body: Html | null; readonly figures: readonly Figure[] } {
  const models = [
    ...new Set(endpointsOf(comparison).flatMap((endpoint) => Object.keys(endpoint.models))),
  ].filter((model) => scaled?.includes(model) ?? true);
  const scatters = models.flatMap((model, i) =>
    scatterOf(`${id}-predicted-${i + 1}-${slug(model)}`, model, rows, styles),
  );
  if (scatters.length === 0) return { body: null, figures: [] };
  const scored = models
    .map((model) => scoredModel(model, rows))
    .filter(({ predicted }) => predicted.length > 0);
  const calibrations = scored.map(({ model, predicted, observed }, i) => ({
    name: `${id}-calibration-${i + 1}-${slug(model)}`,
    caption: model,
    svg: calibrationFigure(
      model,
      predicted.map((value, row) => ({ predicted: value, observed: observed[row] })),
      calibrationLine(predicted, observed),
      styleOf(styles, model),
    ),
  }));
  return {
    figures: [...scatters, ...calibrations],
    body: html`<h3>Predicted against true burden</h3>
${figureRow(scatters)}${
  scored.length === 0
    ? null
    : html`${agreementTable(scored)}<h3>Calibration</h3>
<p>Mean observed against mean predicted score in groups of rising prediction, with 95 % intervals. On the broken line, predictions mean what they say.</p>
${figureRow(calibrations)}`
}`,
  };
}

function scatterOf(
  name: string,
  model: string,
  rows: readonly PredictionRow[],
  styles: ModelStyles,
): Figure[] {
  const patients = rows.flatMap(({ outcome, predicted }): PredictedOutcome[] => {
    const value = predicted[model] ?? null;
    return value === null ? [] : [{ outcome, predicted: value }];
  });
  const svg = patients.length === 0 ? null : predictedTrueFigure(model, patients, styleOf(styles, model));
  return svg === null ? [] : [{ name, caption: model, svg }];
}

function scoredModel(model: string, rows: readonly PredictionRow[]): ScoredModel {
  const pairs = rows.flatMap(({ outcome, predicted }) => {
    const value = predicted[model] ?? null;
    return value === null || outcome.rcbScore === null ? [] : [[value, outcome.rcbScore] as const];
  });
  return { model, predicted: pairs.map(([value]) => value), observed: pairs.map(([, score]) => score) };
}

function agreementTable(models: readonly ScoredModel[]): Html {
  return renderTable({
    caption: "Agreement with the true RCB score",
    columns: [
      { label: "Model" },
      { label: "n", align: "number" },
      { label: "Slope", align: "number" },
      { label: "95 % CI", align: "number" },
      { label: "Intercept", align: "number" },
      { label: "95 % CI", align: "number" },
      { label: "Bias", align: "number" },
      { label: "MAE", align: "number" },
      { label: "RMSE", align: "number" },
      { label: "R²", align: "number" },
    ],
    rows: models.map(({ model, predicted, observed }) => {
      const line = calibrationLine(predicted, observed);
      const error = regressionError(predicted, observed);
      return [
        model,
        predicted.length,
        fixed(line?.slope),
        interval(line?.slopeCi),
        fixed(line?.intercept),
        interval(line?.interceptCi),
        signed(error?.bias),
        fixed(error?.meanAbsoluteError),
        fixed(error?.rootMeanSquareError),
        fixed(error?.r2),
      ];
    }),
    missing: "undefined: fewer than three patients, or values that are all equal.",
    notes: [
      "In units of the RCB score. Slope and intercept: least squares of observed on predicted score; 1 and 0 where predictions are calibrated, a slope below 1 where they are too extreme. Bias: mean of predicted − true.",
    ],
  });
}
