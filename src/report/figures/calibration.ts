/** Whether predicted scores mean what they say: observed burden in groups of rising prediction. */
import * as Plot from "@observablehq/plot";
import type { CalibrationLine } from "../../statistics/calibration.ts";
import { estimate } from "../format.ts";
import { axes, drawFigure } from "./figure.ts";
import { INK, type ModelStyle } from "./palette.ts";

export interface CalibrationPair {
  readonly predicted: number;
  readonly observed: number;
}

/** Patients of neighbouring predictions: mean prediction, mean observation and its 95 % interval (normal, 1.96 SE). */
export interface CalibrationGroup {
  readonly n: number;
  readonly predicted: number;
  readonly observed: number;
  /** `null` for a group of one. */
  readonly ci: readonly [number, number] | null;
}

const LEAST_PER_GROUP = 5;
const MOST_GROUPS = 5;

/** Groups of equal size (±1) by rank of prediction, at most five, of at least five patients where there are as many. */
export function calibrationGroups(pairs: readonly CalibrationPair[]): CalibrationGroup[] {
  const sorted = [...pairs].sort((a, b) => a.predicted - b.predicted);
  const groups = Math.max(1, Math.min(MOST_GROUPS, Math.floor(sorted.length / LEAST_PER_GROUP)));
  return Array.from({ length: groups }, (_none, i) => {
    const bound = (group: number) => Math.round((group * sorted.length) / groups);
    return groupOf(sorted.slice(bound(i), bound(i + 1)));
  });
}

function groupOf(pairs: readonly CalibrationPair[]): CalibrationGroup {
  const n = pairs.length;
  const predicted = pairs.reduce((sum, pair) => sum + pair.predicted, 0) / n;
  const observed = pairs.reduce((sum, pair) => sum + pair.observed, 0) / n;
  const squares = pairs.reduce((sum, pair) => sum + (pair.observed - observed) ** 2, 0);
  const margin = n < 2 ? null : 1.96 * Math.sqrt(squares / (n - 1) / n);
  return { n, predicted, observed, ci: margin === null ? null : [observed - margin, observed + margin] };
}

/**
 * Group means with intervals, the fitted line and the line of perfect calibration.
 *
 * @param pairs at least one patient
 * @param line the least-squares line, `null` where it is undefined
 */
export function calibrationFigure(
  model: string,
  pairs: readonly CalibrationPair[],
  line: CalibrationLine | null,
  { colour }: ModelStyle,
): string {
  const groups = calibrationGroups(pairs);
  const slope = line === null ? "undefined" : estimate(line.slope, line.slopeCi);
  const ends = groups.flatMap(({ predicted, observed, ci }) => [predicted, ...(ci ?? [observed])]);
  const low = Math.min(0, ...ends) - 0.15;
  const high = Math.max(4, ...ends) + 0.15;
  const fit = line === null ? [] : fittedEnds(line, pairs, low, high);
  return drawFigure({
    label: `Calibration of ${model}: observed against predicted RCB score in ${groups.length} groups of ${pairs.length} patients. Slope ${slope}.`,
    width: 244,
    height: 244,
    plot: {
      marginLeft: 46,
      marginRight: 12,
      marginTop: 14,
      marginBottom: 42,
      x: { domain: [low, high] },
      y: { domain: [low, high] },
      marks: [
        ...axes({ label: "Predicted RCB score" }, { label: "Observed RCB score" }),
        Plot.line(
          [
            [low, low],
            [high, high],
          ],
          { stroke: INK, strokeOpacity: 0.45, strokeDasharray: "3 4" },
        ),
        Plot.line(fit, { stroke: colour, strokeWidth: 1.5, strokeOpacity: 0.6 }),
        Plot.ruleX(
          groups.filter(({ ci }) => ci !== null),
          {
            x: "predicted",
            y1: ({ ci }: CalibrationGroup) => ci?.[0] ?? 0,
            y2: ({ ci }: CalibrationGroup) => ci?.[1] ?? 0,
            stroke: colour,
            strokeWidth: 1.6,
          },
        ),
        Plot.dot(groups, { x: "predicted", y: "observed", fill: colour, r: 4 }),
        Plot.frame({ strokeOpacity: 0.35 }),
      ],
    },
  });
}

/** The ends of the fitted line: over the range of predictions, cut where it would leave the plot. */
function fittedEnds(
  { intercept, slope }: CalibrationLine,
  pairs: readonly CalibrationPair[],
  low: number,
  high: number,
): [number, number][] {
  const predictions = pairs.map(({ predicted }) => predicted);
  const crossings = slope === 0 ? [-Infinity, Infinity] : [low, high].map((y) => (y - intercept) / slope);
  const from = Math.max(low, Math.min(...predictions), Math.min(...crossings));
  const to = Math.min(high, Math.max(...predictions), Math.max(...crossings));
  return from < to ? [from, to].map((x) => [x, intercept + slope * x]) : [];
}
