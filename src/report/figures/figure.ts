/**
 * From an Observable Plot description to a self-contained SVG string.
 *
 * Colours are presentation attributes: they hold where the file stands alone (journals, Inkscape), and the report's
 * style sheet can still turn paper and ink for dark screens. The text has no identifiers, so several figures can stand in
 * one page, and no trailing digits of floating point, so that the same data give the same bytes.
 */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { escapeText } from "../html.ts";

/** A figure in SVG with what stands under it. */
export interface Figure {
  /** File name without its ending; unique within one report. */
  readonly name: string;
  readonly caption: string;
  readonly svg: string;
}

export interface Drawing {
  /** What the figure shows, for readers who do not see it; also the alternative text. */
  readonly label: string;
  /** Width and height of the plot in CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly plot: Plot.PlotOptions;
  /** Rows under the plot that explain its marks. */
  readonly legend?: readonly LegendRow[];
}

export interface LegendRow {
  readonly text: string;
  readonly colour: string;
  readonly dash?: string;
}

export const FONT_SIZE = 12;
const FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";
/** Wider figures are not shrunk to a phone, where their text could not be read; they scroll. */
const WIDE = 420;
const LEGEND_ROW = 18;
const LEGEND_GAP = 14;
/** Ink of a figure that stands alone; in the report the page's ink replaces it. */
const ALONE_INK = "#1f2328";

/** Draws; see {@link Drawing}. */
export function drawFigure({ label, width, height, plot, legend = [] }: Drawing): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const element = Plot.plot({ ...plot, document, width, height });
  const total = height + (legend.length > 0 ? legend.length * LEGEND_ROW + LEGEND_GAP : 0);
  const left = plot.marginLeft ?? 40;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg"${width > WIDE ? ' class="wide"' : ""} role="img" aria-label="${escapeText(label)}" width="${width}"`,
    ` height="${total}" viewBox="0 0 ${width} ${total}" fill="currentColor" color="${ALONE_INK}"`,
    ` font-family="${FONT}" font-size="${FONT_SIZE}" text-anchor="middle">`,
    `<rect class="paper" width="100%" height="100%" fill="#ffffff"/>`,
    tidy(String(element.innerHTML)),
    legend.map((row, i) => legendRow(row, left, height + LEGEND_GAP + i * LEGEND_ROW, width)).join(""),
    "</svg>",
  ].join("");
}

function legendRow({ text, colour, dash }: LegendRow, x: number, y: number, width: number): string {
  const dashes = dash === undefined ? "" : ` stroke-dasharray="${dash}"`;
  const line = `<line x1="${x}" x2="${x + 26}" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="2.5"${dashes}/>`;
  return `${line}<text x="${x + 34}" y="${y}" dy="0.32em" text-anchor="start">${escapeText(shorten(text, width - x - 34))}</text>`;
}

/** Leaves out Plot's own style sheet and inner labels (children of an image are not read), and rounds coordinates. */
function tidy(markup: string): string {
  return markup
    .replace(/<style>[\s\S]*?<\/style>/g, "")
    .replace(/ aria-(?:label|hidden|description)="[^"]*"/g, "")
    .replace(/(?<= (?:d|transform|[xy][12]?|c[xy]|width|height)=")[^"]*/g, (value) =>
      value.replace(/-?\d*\.\d+(?:e-?\d+)?/g, (number) =>
        String(Math.round(Number(number) * 100) / 100 || 0),
      ),
    );
}

export interface AxisOptions {
  readonly label: string | null;
  readonly ticks?: number;
  /** Where ticks stand and how they are written; overrides `ticks`. */
  readonly values?: readonly number[];
  readonly format?: (value: number) => string;
}

/** Light grid, quiet ticks and centred labels: the bottom layer of every figure. */
export function axes(x: AxisOptions | null, y: AxisOptions | null): Plot.Markish[] {
  const common = (axis: AxisOptions) => ({
    tickSize: 0,
    label: axis.label,
    labelAnchor: "center" as const,
    labelArrow: "none" as const,
    ...(axis.format === undefined ? {} : { tickFormat: axis.format }),
    ...ticks(axis),
  });
  return [
    ...(x === null ? [] : [Plot.gridX(ticks(x)), Plot.axisX(common(x))]),
    ...(y === null ? [] : [Plot.gridY(ticks(y)), Plot.axisY(common(y))]),
  ];
}

function ticks({ ticks: number = 5, values }: AxisOptions): { ticks: number | number[] } {
  return { ticks: values === undefined ? number : [...values] };
}

/** The range of values, widened where they are all equal, so that an axis can be drawn. */
export function extent(values: readonly number[]): [number, number] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least < most ? [least, most] : [least - 1, most + 1];
}

/** Approximate width in pixels of a text in the figures' font, to make room for labels. */
export function textWidth(text: string): number {
  return Math.ceil(text.length * FONT_SIZE * 0.62);
}

/** A text that fits into a width; what is cut is shown by an ellipsis. */
export function shorten(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = text;
  while (textWidth(`${kept}…`) > width) kept = kept.slice(0, -1);
  return `${kept}…`;
}
