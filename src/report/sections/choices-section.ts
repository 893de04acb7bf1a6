/** Every choice of the study, whether made in the study file or by default. */
import { type Html, html } from "../html.ts";
import type { ConfigTree, StudyChoices } from "../report-input.ts";
import type { Section } from "../section.ts";
import { renderTable, type TableRow } from "../table.ts";

export function choicesSection({ configuration, defaulted }: StudyChoices): Section {
  return {
    id: "choices",
    title: "Choices and defaults",
    figures: [],
    body: html`<p>The whole configuration of this run${defaulted !== undefined && "; what the study file left open is marked as default"}.</p>
${configurationTable("Configuration", configuration, defaulted)}`,
  };
}

interface Leaf {
  /** Dotted. */
  readonly path: string;
  readonly text: string;
}

/**
 * One row per value, under the name of its top-level part.
 *
 * @param defaulted dotted paths that hold a default, themselves or through a parent
 */
export function configurationTable(
  caption: string,
  tree: ConfigTree,
  defaulted: readonly string[] = [],
): Html {
  const rows: TableRow[] = [];
  let heading = "";
  const leaves = leavesOf(tree, "");
  const isTop = ({ path }: Leaf) => !path.includes(".");
  // Values without a part of their own stand first, so that they do not seem to belong to the part before.
  for (const { path, text } of [...leaves.filter(isTop), ...leaves.filter((leaf) => !isTop(leaf))]) {
    const [top, ...rest] = path.split(".");
    if (rest.length > 0 && top !== heading) {
      heading = top;
      rows.push({ heading });
    }
    const isDefault = defaulted.some((name) => path === name || path.startsWith(`${name}.`));
    const name = rest.length > 0 ? rest.join(".") : path;
    rows.push([
      html`<code>${name}</code>`,
      html`<span class="value">${text}</span>`,
      ...(defaulted.length > 0 ? [isDefault ? html`<span class="chip">default</span>` : ""] : []),
    ]);
  }
  return renderTable({
    caption,
    columns: [
      { label: "Setting" },
      { label: "Value" },
      ...(defaulted.length > 0 ? [{ label: "Origin" }] : []),
    ],
    rows,
  });
}

function leavesOf(tree: ConfigTree | undefined, path: string): Leaf[] {
  if (tree === undefined) return [];
  if (!isBranch(tree)) return [{ path: path || "value", text: scalarText(tree) }];
  if (Array.isArray(tree) && tree.every(isPlainList))
    return [{ path: path || "value", text: listText(tree) }];
  const entries = Object.entries(tree);
  if (entries.length === 0) return [{ path: path || "value", text: "none" }];
  return entries.flatMap(([name, child]) => leavesOf(child, path === "" ? name : `${path}.${name}`));
}

function isBranch(tree: ConfigTree): tree is Exclude<ConfigTree, string | number | boolean | null> {
  return typeof tree === "object" && tree !== null;
}

/** A value, or a list of values, that can be written in one line. */
function isPlainList(tree: ConfigTree): boolean {
  return !isBranch(tree) || (Array.isArray(tree) && tree.every((item) => !isBranch(item)));
}

function listText(items: readonly ConfigTree[]): string {
  if (items.length === 0) return "none";
  return items
    .map((item) => (isBranch(item) ? `[${listText(Object.values(item) as ConfigTree[])}]` : scalarText(item)))
    .join(", ");
}

function scalarText(value: string | number | boolean | null): string {
  if (value === null) return "none";
  if (typeof value === "number" && !Number.isInteger(value)) return String(Number(value.toPrecision(6)));
  return String(value);
}
