/** The reporting guidelines: how much of each the run answers, and the items themselves, folded. */
import { fixed } from "../format.ts";
import { countStatuses, type FilledGuideline } from "../guidelines/filled-guideline.ts";
import { html } from "../html.ts";
import type { Section } from "../section.ts";
import { renderTable } from "../table.ts";

export function guidelinesSection(guidelines: readonly FilledGuideline[]): Section {
  return {
    id: "guidelines",
    title: "Reporting guidelines",
    figures: [],
    body: html`<p>What this run can answer by itself. An item of which it knows only a part stays a question. Filled does not mean good: whether an answer is adequate, and each judgement of quality or bias, is for authors and readers.</p>
${renderTable({
  caption: "Items of each guideline",
  columns: [
    { label: "Guideline" },
    { label: "Items", align: "number" },
    { label: "Filled", align: "number" },
    { label: "Questions to the authors", align: "number" },
    { label: "Not applicable", align: "number" },
  ],
  rows: guidelines.map((guideline) => {
    const counts = countStatuses(guideline);
    return [guideline.name, guideline.items.length, counts.filled, counts.question, counts["not applicable"]];
  }),
  notes: ["The tables stand beside this file as reporting/*.csv."],
})}${guidelines.map(
  (guideline) => html`<details class="guideline"><summary>${guideline.name}</summary>
${renderTable({
  caption: guideline.source,
  columns: [
    { label: "Item" },
    { label: "Topic" },
    ...(isWeighted(guideline) ? [{ label: "Weight", align: "number" as const }] : []),
    { label: "Status" },
    { label: "Evidence" },
  ],
  rows: guideline.items.map(({ item, topic, status, evidence, weight }) => [
    item,
    topic,
    ...(isWeighted(guideline) ? [fixed(weight, 4)] : []),
    status,
    evidence,
  ]),
  notes: ["Topics in our own words; the guideline itself is authoritative."],
})}</details>
`,
)}`,
  };
}

function isWeighted({ items }: FilledGuideline): boolean {
  return items.some(({ weight }) => weight !== undefined);
}
