/** How the training of a network went: loss or Dice by step, one line per fold. */
import * as Plot from "@observablehq/plot";
import { axes, drawFigure, extent } from "./figure.ts";
import { PALETTE } from "./palette.ts";

export interface FoldLine {
  readonly fold: number;
  /** In the order of steps. */
  readonly points: readonly { readonly step: number; readonly value: number }[];
}

export type TrainingQuantity = "loss" | "dice";

const AXIS: Readonly<Record<TrainingQuantity, string>> = {
  loss: "Training loss",
  dice: "Dice coefficient",
};

/** More points than this in one line cannot be seen and are averaged. */
const MOST_POINTS = 200;

/** Draws the lines; a loss on a logarithmic axis where it stays positive and spans more than a factor of 5. */
export function trainingFigure(
  network: string,
  quantity: TrainingQuantity,
  lines: readonly FoldLine[],
): string {
  const thinned = lines.map((line) => ({ ...line, points: thin(line.points) }));
  const values = thinned.flatMap(({ points }) => points.map(({ value }) => value));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const logarithmic = quantity === "loss" && least > 0 && most / least > 5;
  const colourOf = (i: number) => PALETTE[i % PALETTE.length];
  return drawFigure({
    label: `${AXIS[quantity]} of ${network} by step, ${lines.length} ${lines.length === 1 ? "fold" : "folds"}.`,
    width: 400,
    height: 260,
    ...(lines.length > 1
      ? { legend: lines.map(({ fold }, i) => ({ text: `Fold ${fold}`, colour: colourOf(i) })) }
      : {}),
    plot: {
      marginLeft: 56,
      marginRight: 26,
      marginTop: 12,
      marginBottom: 42,
      x: { domain: [0, Math.max(1, ...thinned.flatMap(({ points }) => points.map(({ step }) => step)))] },
      y: logarithmic
        ? { type: "log", domain: [least, most] }
        : quantity === "dice"
          ? { domain: [0, 1] }
          : { domain: extent(values), nice: true },
      marks: [
        ...axes(
          { label: "Step" },
          {
            label: `${AXIS[quantity]}${logarithmic ? " (logarithmic)" : ""}`,
            ...(logarithmic ? { values: logarithmicTicks(least, most), format: String } : {}),
          },
        ),
        ...thinned.map(({ points }, i) =>
          Plot.line(points, {
            x: "step",
            y: "value",
            stroke: colourOf(i),
            strokeWidth: 1.6,
            strokeOpacity: 0.9,
          }),
        ),
        ...thinned.map(({ points }, i) =>
          Plot.dot(points.slice(-1), { x: "step", y: "value", fill: colourOf(i), r: 3 }),
        ),
        Plot.frame({ strokeOpacity: 0.35 }),
      ],
    },
  });
}

/** 1, 2 and 5 times the powers of ten within a range of positive numbers. */
function logarithmicTicks(least: number, most: number): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(least)); power <= Math.log10(most); power++) {
    ticks.push(...["1", "2", "5"].map((digit) => Number(`${digit}e${power}`)));
  }
  return ticks.filter((tick) => tick >= least && tick <= most);
}

/** Means of step and value over runs of equal length, so that at most {@link MOST_POINTS} are left. */
export function thin(points: FoldLine["points"]): FoldLine["points"] {
  const run = Math.ceil(points.length / MOST_POINTS);
  if (run <= 1) return points;
  const means: { step: number; value: number }[] = [];
  for (let start = 0; start < points.length; start += run) {
    const part = points.slice(start, start + run);
    means.push({
      step: part.reduce((sum, { step }) => sum + step, 0) / part.length,
      value: part.reduce((sum, { value }) => sum + value, 0) / part.length,
    });
  }
  return means;
}
