/** What one model predicted against what pathology found. */
import * as Plot from "@observablehq/plot";
import type { PathologyOutcome } from "../../domain/outcome.ts";
import { RCB_CLASSES } from "../../domain/rcb.ts";
import { distributionOf } from "../distribution.ts";
import { axes, drawFigure, extent } from "./figure.ts";
import { INK, type ModelStyle } from "./palette.ts";

/** One patient with a prediction. */
export interface PredictedOutcome {
  readonly outcome: PathologyOutcome;
  readonly predicted: number;
}

const WIDTH = 244;
const HEIGHT = 254;
const MARGINS = { marginLeft: 46, marginRight: 12, marginTop: 26, marginBottom: 42 };
/** Upper bounds of RCB-I and RCB-II (Symmans 2007), drawn as rules. */
const CLASS_RULES = [1.36, 3.28];

/**
 * A scatter plot with the identity line where scores are known; else the predictions within each class of pathology,
 * with their medians. No jitter: overlapping patients are darker.
 *
 * @returns `null` where no patient has an outcome.
 */
export function predictedTrueFigure(
  model: string,
  patients: readonly PredictedOutcome[],
  style: ModelStyle,
): string | null {
  const scored = patients.filter(({ outcome }) => outcome.rcbScore !== null);
  if (scored.length > 0) return scatter(model, scored, style);
  const byClass = patients.filter(({ outcome }) => outcome.rcbClass !== null);
  if (byClass.length > 0) {
    const groups = RCB_CLASSES.map((name) => ({
      label: `RCB-${name}`,
      values: byClass.filter(({ outcome }) => outcome.rcbClass === name).map(({ predicted }) => predicted),
    }));
    return strips(model, groups, "Class found by pathology", style);
  }
  const byResponse = patients.filter(({ outcome }) => outcome.pcr !== null);
  if (byResponse.length === 0) return null;
  const groups = [true, false].map((pcr) => ({
    label: pcr ? "pCR" : "no pCR",
    values: byResponse.filter(({ outcome }) => outcome.pcr === pcr).map(({ predicted }) => predicted),
  }));
  return strips(model, groups, "Response found by pathology", style);
}

function scatter(model: string, patients: readonly PredictedOutcome[], { colour }: ModelStyle): string {
  const points = patients.map(({ outcome, predicted }) => [outcome.rcbScore ?? 0, predicted] as const);
  const most = Math.max(4, ...points.map(([x]) => x), ...points.map(([, y]) => y));
  const least = Math.min(0, ...points.map(([, y]) => y));
  const middles = [0, (CLASS_RULES[0] ?? 0) / 2 + 0.2, 2.32, (3.28 + most) / 2];
  return drawFigure({
    label: `Predicted against true RCB score of ${points.length} patients, model ${model}, with the line of identity.`,
    width: WIDTH,
    height: HEIGHT,
    plot: {
      ...MARGINS,
      x: { domain: [-0.08 * most, 1.04 * most] },
      y: { domain: [Math.min(least, -0.04 * most), 1.04 * most] },
      marks: [
        ...axes({ label: "True RCB score" }, { label: "Predicted RCB" }),
        Plot.ruleX(CLASS_RULES, { stroke: INK, strokeOpacity: 0.25 }),
        Plot.text(RCB_CLASSES, {
          x: (_name: string, i: number) => middles[i],
          frameAnchor: "top",
          dy: -14,
          text: (name: string) => name,
          fillOpacity: 0.65,
        }),
        Plot.line(
          [
            [0, 0],
            [most, most],
          ],
          { stroke: INK, strokeOpacity: 0.45, strokeDasharray: "3 4" },
        ),
        Plot.dot(points, { fill: colour, fillOpacity: 0.5, stroke: colour, strokeWidth: 1, r: 3.2 }),
        Plot.frame({ strokeOpacity: 0.35 }),
      ],
    },
  });
}

interface Group {
  readonly label: string;
  readonly values: readonly number[];
}

function strips(model: string, groups: readonly Group[], label: string, { colour }: ModelStyle): string {
  const points = groups.flatMap((group) =>
    group.values.map((predicted) => ({ group: group.label, predicted })),
  );
  const medians = groups.flatMap((group) => {
    const distribution = distributionOf(group.values);
    return distribution === null ? [] : [{ group: group.label, predicted: distribution.median }];
  });
  const found = groups.map((group) => `${group.label} ${group.values.length}`).join(", ");
  return drawFigure({
    label: `Predicted burden by what pathology found, model ${model}. Patients: ${found}. Bars are medians.`,
    width: WIDTH,
    height: HEIGHT,
    plot: {
      ...MARGINS,
      x: { domain: groups.map((group) => group.label), padding: 0.35 },
      y: { domain: extent(points.map(({ predicted }) => predicted)), nice: true },
      marks: [
        ...axes(null, { label: "Predicted burden" }),
        Plot.axisX({ tickSize: 0, label, labelAnchor: "center", labelArrow: "none" }),
        Plot.dot(points, { x: "group", y: "predicted", fill: colour, fillOpacity: 0.45, r: 3.2 }),
        Plot.tickY(medians, { x: "group", y: "predicted", stroke: INK, strokeWidth: 2.5 }),
        Plot.frame({ strokeOpacity: 0.35 }),
      ],
    },
  });
}
