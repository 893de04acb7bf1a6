/** Dice coefficients of all cases, by set and visit. */
import * as Plot from "@observablehq/plot";
import { distributionOf } from "../distribution.ts";
import { fixed } from "../format.ts";
import { axes, drawFigure } from "./figure.ts";
import { INK } from "./palette.ts";

export interface DiceGroup {
  /** Set and visit. */
  readonly label: string;
  readonly values: readonly number[];
}

const GROUP_WIDTH = 130;

/** One dot per case, with a box from the first to the third quartile and a bar at the median. */
export function diceFigure(network: string, groups: readonly DiceGroup[], colour: string): string {
  const summaries = groups.flatMap(({ label, values }) => {
    const distribution = distributionOf(values);
    return distribution === null ? [] : [{ label, ...distribution }];
  });
  const cases = groups.flatMap(({ label, values }) => values.map((dice) => ({ label, dice })));
  const text = summaries.map(({ label, n, median }) => `${label} ${fixed(median)} (n ${n})`).join("; ");
  return drawFigure({
    label: `Dice coefficients of ${network}. Medians: ${text}.`,
    width: 70 + groups.length * GROUP_WIDTH,
    height: 300,
    plot: {
      marginLeft: 46,
      marginRight: 12,
      marginTop: 12,
      marginBottom: 30,
      fx: { domain: groups.map(({ label }) => label), padding: 0.1, label: null },
      y: { domain: [0, 1] },
      x: { axis: null, domain: [-1, 1] },
      marks: [
        ...axes(null, { label: "Dice coefficient" }),
        Plot.axisFx({ anchor: "bottom", label: null }),
        Plot.rect(summaries, {
          fx: "label",
          x1: -0.45,
          x2: 0.45,
          y1: "q1",
          y2: "q3",
          fill: INK,
          fillOpacity: 0.1,
        }),
        Plot.dot(
          cases,
          Plot.dodgeX("middle", {
            fx: "label",
            y: "dice",
            r: 2.2,
            fill: colour,
            fillOpacity: 0.65,
            padding: 0.5,
          }),
        ),
        Plot.ruleY(summaries, {
          fx: "label",
          x1: -0.45,
          x2: 0.45,
          y: "median",
          stroke: INK,
          strokeWidth: 2.5,
        }),
      ],
    },
  });
}
