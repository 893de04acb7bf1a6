/** ROC curves of all models for one endpoint. */
import * as Plot from "@observablehq/plot";
import type { Interval } from "../../statistics/distributions.ts";
import type { RocPoint } from "../../statistics/roc.ts";
import { estimate } from "../format.ts";
import { axes, drawFigure } from "./figure.ts";
import { INK, type ModelStyles, styleOf } from "./palette.ts";

export interface RocModel {
  readonly model: string;
  /** From (0, 0) to (1, 1). */
  readonly points: readonly RocPoint[];
  readonly auc: number | null;
  readonly ci: Interval | null;
}

const SIDE = 340;
const MARGINS = { marginLeft: 46, marginRight: 14, marginTop: 14, marginBottom: 40 };

/**
 * A square plot with the diagonal of no information; the legend gives each AUC with its interval.
 *
 * @param title the endpoint, for the alternative text
 */
export function rocFigure(title: string, models: readonly RocModel[], styles: ModelStyles): string {
  const legend = models.map(({ model, auc, ci }) => ({
    text: `${estimate(auc, ci)}  ${model}`,
    ...styleOf(styles, model),
  }));
  return drawFigure({
    label: `ROC curves, ${title}. AUC with 95 % confidence interval: ${legend.map(({ text }) => text).join("; ")}.`,
    width: SIDE + MARGINS.marginLeft + MARGINS.marginRight,
    height: SIDE + MARGINS.marginTop + MARGINS.marginBottom,
    legend,
    plot: {
      ...MARGINS,
      x: { domain: [0, 1] },
      y: { domain: [0, 1] },
      marks: [
        ...axes({ label: "1 − specificity" }, { label: "Sensitivity" }),
        Plot.line(
          [
            [0, 0],
            [1, 1],
          ],
          { stroke: INK, strokeOpacity: 0.45, strokeDasharray: "3 4" },
        ),
        ...models.map(({ model, points }) => {
          const { colour, dash } = styleOf(styles, model);
          return Plot.line(points, {
            x: "falsePositiveRate",
            y: "truePositiveRate",
            stroke: colour,
            strokeWidth: 2,
            ...(dash === undefined ? {} : { strokeDasharray: dash }),
          });
        }),
        Plot.frame({ strokeOpacity: 0.35 }),
      ],
    },
  });
}
