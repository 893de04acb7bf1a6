/** Tables: headers for both directions, numbers aligned, missing values explained. */
import { MISSING } from "./format.ts";
import { Html, type HtmlValue, html } from "./html.ts";

export interface Column {
  readonly label: string;
  /** Numbers stand at the right with digits of equal width; text at the left, which is the default. */
  readonly align?: "number" | "text";
}

export interface Table {
  /** What the table shows; stands above it. */
  readonly caption: HtmlValue;
  /** The first column holds the row headers. */
  readonly columns: readonly Column[];
  readonly rows: readonly TableRow[];
  /** Why a value may be missing; shown where one is. */
  readonly missing?: string;
  /** Notes under the table. */
  readonly notes?: readonly string[];
}

/** Cells in the order of the columns, or a heading over the rows that follow. */
export type TableRow = readonly HtmlValue[] | { readonly heading: string };

export function renderTable({ caption, columns, rows, missing, notes = [] }: Table): Html {
  const hasMissing = rows.some((row) => isCells(row) && row.some((cell) => cell === MISSING));
  const footnotes = [...(hasMissing && missing !== undefined ? [`${MISSING} ${missing}`] : []), ...notes];
  return html`<figure class="table">
<div class="scroll" role="region" tabindex="0" aria-label="Table, scrolls sideways"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map((column) => html`<th scope="col"${alignment(column)}>${column.label}</th>`)}</tr></thead>
<tbody>
${rows.map((row) => renderRow(row, columns))}</tbody>
</table></div>
${footnotes.map((note) => html`<p class="note">${note}</p>`)}</figure>
`;
}

function renderRow(row: TableRow, columns: readonly Column[]): Html {
  if (!isCells(row)) {
    return html`<tr class="heading"><th scope="rowgroup" colspan="${columns.length}">${row.heading}</th></tr>
`;
  }
  return html`<tr>${row.map((cell, i) =>
    i === 0
      ? html`<th scope="row"${alignment(columns[i])}>${cell}</th>`
      : html`<td${alignment(columns[i])}>${cell}</td>`,
  )}</tr>
`;
}

function isCells(row: TableRow): row is readonly HtmlValue[] {
  return Array.isArray(row);
}

function alignment({ align }: Column): Html | null {
  return align === "number" ? new Html(' class="number"') : null;
}
