/** HTML by tagged templates: every value is escaped unless it is `Html` already. */

/** A piece of markup that is safe to insert as it is. Made by {@link html} and {@link trusted} only. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }

  toString(): string {
    return this.markup;
  }
}

/** What may stand in a `${…}` of {@link html}; `null`, `undefined` and `false` leave nothing. */
export type HtmlValue = string | number | Html | null | undefined | false | readonly HtmlValue[];

/**
 * Markup from a template. Strings and numbers are escaped for text and for quoted attributes; arrays are joined.
 * Attributes must be quoted in the template. Not for the inside of `<script>` or `<style>`.
 */
export function html(template: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const parts = template.map((text, i) => (i < values.length ? text + render(values[i]) : text));
  return new Html(parts.join(""));
}

/** Declares markup that this program made itself (an SVG figure, a style sheet) to be safe. */
export function trusted(markup: string): Html {
  return new Html(markup);
}

/** Escapes text for HTML and XML, in text and in quoted attributes. Control characters that XML forbids are left out. */
export function escapeText(text: string): string {
  return text
    .replace(FORBIDDEN, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** Characters outside the Char production of XML 1.0 (section 2.2). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are what is to be removed
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/gu;

function render(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return "";
  if (value instanceof Html) return value.markup;
  if (typeof value === "object") return value.map(render).join("");
  return escapeText(String(value));
}
