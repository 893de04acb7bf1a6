/** The curve of one training: loss, and Dice of the training batches and of held-out cases. */
import * as Plot from "@observablehq/plot";
import { escapeText } from "../html.ts";
import { axes, drawFigure, extent } from "./figure.ts";
import { PALETTE } from "./palette.ts";
import { type FoldLine, thin } from "./training.ts";

type Points = FoldLine["points"];

export interface TrainingCurveLines {
  readonly loss: Points;
  readonly dice: Points;
  /** Empty where no case was held out. */
  readonly heldOut: Points;
}

const WIDTH = 420;
const HEIGHT = 280;

/** Two panels side by side. */
export function trainingCurveFigure(name: string, { loss, dice, heldOut }: TrainingCurveLines): string {
  const last = Math.max(1, ...loss.slice(-1).map(({ step }) => step));
  const panels = [
    panel(`Loss of ${name} by step.`, last, "Training loss", [{ points: loss, colour: PALETTE[0] }]),
    panel(
      `Dice coefficient of ${name} by step.`,
      last,
      "Dice coefficient",
      [
        { points: dice, colour: PALETTE[0], text: "training batches (soft)" },
        { points: heldOut, colour: PALETTE[1], text: "held-out cases" },
      ].filter(({ points }) => points.length > 0),
      [0, 1],
    ),
  ];
  const height = Math.max(...panels.map(heightOf));
  const placed = panels.map((svg, i) => svg.replace("<svg ", `<svg x="${i * WIDTH}" `)).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${escapeText(`Training of ${name}.`)}" width="${2 * WIDTH}" height="${height}" viewBox="0 0 ${2 * WIDTH} ${height}"><rect width="100%" height="100%" fill="#ffffff"/>${placed}</svg>`;
}

interface Line {
  readonly points: Points;
  readonly colour: string;
  readonly text?: string;
}

function panel(
  label: string,
  lastStep: number,
  axis: string,
  lines: readonly Line[],
  domain?: readonly [number, number],
): string {
  const thinned = lines.map((line) => ({ ...line, points: thin(line.points) }));
  const values = thinned.flatMap(({ points }) => points.map(({ value }) => value));
  return drawFigure({
    label,
    width: WIDTH,
    height: HEIGHT,
    legend: lines.flatMap(({ text, colour }) => (text === undefined ? [] : [{ text, colour }])),
    plot: {
      marginLeft: 56,
      marginRight: 26,
      marginTop: 14,
      marginBottom: 42,
      x: { domain: [0, lastStep] },
      y: domain === undefined ? { domain: extent(values), nice: true } : { domain: [...domain] },
      marks: [
        ...axes({ label: "Step" }, { label: axis }),
        ...thinned.map(({ points, colour }) =>
          Plot.line(points, { x: "step", y: "value", stroke: colour, strokeWidth: 1.6, strokeOpacity: 0.9 }),
        ),
        ...thinned.map(({ points, colour }) =>
          Plot.dot(points.slice(-1), { x: "step", y: "value", fill: colour, r: 3 }),
        ),
        Plot.frame({ strokeOpacity: 0.35 }),
      ],
    },
  });
}

function heightOf(svg: string): number {
  return Number(/ height="(\d+)"/.exec(svg)?.[1] ?? HEIGHT);
}
