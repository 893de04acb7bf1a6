/** Estimates with their confidence intervals, one per row: models, or differences between models. */
import * as Plot from "@observablehq/plot";
import type { Interval } from "../../statistics/distributions.ts";
import { estimate, fixed, signed } from "../format.ts";
import { axes, drawFigure, shorten, textWidth } from "./figure.ts";
import { INK, type ModelStyle } from "./palette.ts";

export interface ForestRow {
  readonly label: string;
  readonly value: number | null;
  readonly ci: Interval | null;
  readonly style: ModelStyle;
}

export interface Forest {
  /** Measure and endpoint, for the axis. */
  readonly axis: string;
  /** What the rows are, for the alternative text. */
  readonly label: string;
  readonly rows: readonly ForestRow[];
  /** Value of no information or no difference: a rule. */
  readonly nothing: number;
  /** Equivalence margin around `nothing`: a band. */
  readonly margin?: number;
  /** Differences are written with their sign. */
  readonly isDifference?: boolean;
}

const WIDTH = 580;
const ROW = 28;
const MARGIN_TOP = 10;
const MARGIN_BOTTOM = 42;
const LONGEST_LABEL = 220;
const LONGEST_AXIS = 320;

/** Draws the rows from the top in the order given, the numbers at the right. */
export function forestFigure({ axis, label, rows, nothing, margin, isDifference = false }: Forest): string {
  const format = isDifference ? signed : fixed;
  const texts = rows.map(({ value, ci }) => estimate(value, ci, format));
  const labels = rows.map((row) => shorten(row.label, LONGEST_LABEL));
  const positions = rows.map((_row, i) => i);
  const ends = rows.flatMap(({ value, ci }) => [...(ci ?? []), ...(value === null ? [] : [value])]);
  const band = margin === undefined ? [] : [nothing - margin, nothing + margin];
  const low = Math.min(nothing, ...ends, ...band);
  const high = Math.max(nothing, ...ends, ...band);
  const room = Math.max((high - low) * 0.05, 0.02);
  const drawn = positions.filter((i) => rows[i].value !== null);
  const height = rows.length * ROW + MARGIN_TOP + MARGIN_BOTTOM;
  const colour = (i: number) => rows[i].style.colour;
  return drawFigure({
    label: `${label}: ${rows.map((row, i) => `${row.label} ${texts[i]}`).join("; ")}.`,
    width: WIDTH,
    height,
    plot: {
      marginTop: MARGIN_TOP,
      marginBottom: MARGIN_BOTTOM,
      marginLeft: 14 + Math.max(60, ...labels.map(textWidth)),
      marginRight: 14 + Math.max(...texts.map(textWidth)),
      x: { domain: [low - room, high + room] },
      y: { domain: [rows.length - 0.5, -0.5], axis: null },
      marks: [
        ...(margin === undefined
          ? []
          : [
              Plot.rect([0], {
                x1: nothing - margin,
                x2: nothing + margin,
                y1: -0.5,
                y2: rows.length - 0.5,
                fill: INK,
                fillOpacity: 0.09,
              }),
            ]),
        ...axes(
          isDifference
            ? { label: shorten(axis, LONGEST_AXIS), ticks: 4, format: (value) => signed(value) }
            : { label: axis },
          null,
        ),
        Plot.ruleX([nothing], { stroke: INK, strokeOpacity: 0.5, strokeDasharray: "3 4" }),
        ...drawn.flatMap((i) => {
          const ci = rows[i].ci;
          return [
            ...(ci === null
              ? []
              : [Plot.ruleY([i], { x1: ci[0], x2: ci[1], y: i, stroke: colour(i), strokeWidth: 2 })]),
            Plot.dot([i], { x: rows[i].value ?? 0, y: i, fill: colour(i), r: 4.5, symbol: "square" }),
          ];
        }),
        Plot.text(positions, {
          y: (i: number) => i,
          frameAnchor: "left",
          textAnchor: "end",
          dx: -10,
          text: (i: number) => labels[i],
        }),
        Plot.text(positions, {
          y: (i: number) => i,
          frameAnchor: "right",
          textAnchor: "start",
          dx: 10,
          text: (i: number) => texts[i],
          fontVariant: "tabular-nums",
        }),
      ],
    },
  });
}
