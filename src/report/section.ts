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

/** Figures side by side where there is room. */
export function figureRow(figures: readonly Figure[]): Html | null {
  if (figures.length === 0) return null;
  return html`<div class="figures">${figures.map(
    ({
      svg,
      caption,
    }) => html`<figure class="plot"><div class="scroll">${trusted(svg)}</div><figcaption>${caption}</figcaption></figure>
`,
  )}</div>
`;
}
