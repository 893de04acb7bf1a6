/** One part of the report, and the figures that it shows. */
import type { Figure } from "./figures/figure.ts";
import { type Html, html, trusted } from "./html.ts";

export interface Section {
  /** Anchor, unique within the report. */
  readonly id: string;
  readonly title: string;
  readonly body: Html;
  readonly figures: readonly Figure[];
}

/** Figures side by side where there is room; those of an inner list stand one below the other. */
export function figureRow(figures: readonly (Figure | readonly Figure[])[]): Html | null {
  const filled = figures.filter((item) => !isStack(item) || item.length > 0);
  if (filled.length === 0) return null;
  return html`<div class="figures">${filled.map((item) =>
    isStack(item) ? html`<div class="stack">${item.map(plot)}</div>` : plot(item),
  )}</div>
`;
}

function isStack(item: Figure | readonly Figure[]): item is readonly Figure[] {
  return Array.isArray(item);
}

function plot({ svg, caption }: Figure): Html {
  return html`<figure class="plot"><div class="scroll">${trusted(svg)}</div><figcaption>${caption}</figcaption></figure>
`;
}
