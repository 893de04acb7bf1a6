/** Net benefit of acting on predicted probabilities, beside acting on all or none. */
import * as Plot from "@observablehq/plot";
import type { ProbabilityFigure } from "../../statistics/threshold-figures.ts";
import { axes, drawFigure } from "./figure.ts";
import { INK, type ModelStyles, styleOf } from "./palette.ts";

/** Net benefits below this are worse than doing nothing; how much worse does not matter. */
const LEAST = -0.05;

/**
 * One curve per model; the broken line treats all patients as positive, 0 none.
 *
 * @param title the endpoint, for the alternative text
 */
export function decisionCurveFigure(
  title: string,
  models: readonly ProbabilityFigure[],
  styles: ModelStyles,
): string {
  const all = models[0]?.decision ?? [];
  const most = Math.max(
    0.05,
    ...models.flatMap(({ decision }) => decision.flatMap((p) => [p.model, p.treatAll])),
  );
  return drawFigure({
    label: `Decision curves, ${title}: net benefit over the threshold probability.`,
    width: 400,
    height: 300,
    legend: [
      ...models.map(({ model }) => ({ text: model, ...styleOf(styles, model) })),
      { text: "all as positive", colour: INK, dash: "3 4" },
    ],
    plot: {
      marginLeft: 52,
      marginRight: 14,
      marginTop: 14,
      marginBottom: 40,
      x: { domain: [0, 1] },
      y: { domain: [LEAST, most * 1.05], clamp: false },
      marks: [
        ...axes({ label: "Threshold probability" }, { label: "Net benefit" }),
        Plot.ruleY([0], { stroke: INK, strokeOpacity: 0.45 }),
        Plot.line(
          all.filter(({ treatAll }) => treatAll >= LEAST),
          { x: "threshold", y: "treatAll", stroke: INK, strokeOpacity: 0.6, strokeDasharray: "3 4" },
        ),
        ...models.map(({ model, decision }) => {
          const { colour, dash } = styleOf(styles, model);
          return Plot.line(
            decision.map((point) => ({ ...point, model: point.model < LEAST ? Number.NaN : point.model })),
            {
              x: "threshold",
              y: "model",
              stroke: colour,
              strokeWidth: 2,
              ...(dash === undefined ? {} : { strokeDasharray: dash }),
            },
          );
        }),
        Plot.frame({ strokeOpacity: 0.35 }),
      ],
    },
  });
}
