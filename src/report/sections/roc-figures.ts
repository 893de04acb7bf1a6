/** ROC curves of an endpoint, drawn from the predictions themselves. */
import { rocCurve } from "../../statistics/roc.ts";
import { ENDPOINT_TEXTS, estimatesOf, type NamedEndpoint } from "../endpoints.ts";
import type { Figure } from "../figures/figure.ts";
import type { ModelStyles } from "../figures/palette.ts";
import { type RocModel, rocFigure } from "../figures/roc.ts";
import type { PredictionRow } from "../report-input.ts";

/**
 * One figure with the curves of all models, each on its own complete cases; none where the endpoint is not read from a
 * predicted burden, or where no model has cases of both classes.
 *
 * @param id prefix of the figure's name
 * @param rows the patients of one set
 */
export function rocFigures(
  id: string,
  endpoint: NamedEndpoint,
  rows: readonly PredictionRow[],
  styles: ModelStyles,
): Figure[] {
  const { reading, title } = ENDPOINT_TEXTS[endpoint.name];
  if (reading === null) return [];
  const models = estimatesOf(endpoint).flatMap(({ model, value, ci }): RocModel[] => {
    const cases = rows.flatMap(({ outcome, predicted }) => {
      const score = predicted[model] ?? null;
      const positive = reading.isPositive(outcome);
      return score === null || positive === null ? [] : [{ score: reading.direction * score, positive }];
    });
    const classes = cases.map(({ positive }) => positive);
    if (!classes.includes(true) || !classes.includes(false)) return [];
    const scores = cases.map(({ score }) => score);
    return [{ model, points: rocCurve(scores, classes), auc: value, ci }];
  });
  if (models.length === 0) return [];
  return [
    {
      name: `${id}-${endpoint.name}-roc`,
      caption:
        "ROC curves. The broken line is a model without any information; a slope is a tie between the classes.",
      svg: rocFigure(title, models, styles),
    },
  ];
}
