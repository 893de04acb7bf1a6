/** Numbers as text, the same way in tables, figures and sentences. */
import type { Interval } from "../statistics/distributions.ts";

/** Stands for a value that is undefined or missing; tables explain it in a footnote. */
export const MISSING = "–";

/** A number with fixed decimals and a true minus sign; never "−0.00". `null` and non-finite numbers are {@link MISSING}. */
export function fixed(value: number | null | undefined, decimals = 2): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

/** As {@link fixed}, with a plus sign before positive numbers. */
export function signed(value: number | null | undefined, decimals = 2): string {
  const text = fixed(value, decimals);
  return text !== MISSING && Number(text.replace("−", "-")) > 0 ? `+${text}` : text;
}

/** An interval in brackets: `[0.58, 0.90]`. */
export function interval(ci: Interval | null | undefined, format = fixed, decimals = 2): string {
  if (ci === null || ci === undefined || !ci.every(Number.isFinite)) return MISSING;
  return `[${format(ci[0], decimals)}, ${format(ci[1], decimals)}]`;
}

/** A number with its interval: `0.70 [0.58, 0.90]`. */
export function estimate(value: number | null, ci: Interval | null, format = fixed): string {
  return value === null ? MISSING : `${format(value)} ${interval(ci, format)}`;
}

/** A p value: `<0.001`, three decimals below 0.1, else two; above 0.995 `>0.99`. */
export function pValue(p: number | null | undefined): string {
  if (p === null || p === undefined || !Number.isFinite(p)) return MISSING;
  if (p < 0.001) return "<0.001";
  if (p > 0.995) return ">0.99";
  return p < 0.1 ? p.toFixed(3) : p.toFixed(2);
}

/** A p value in a sentence: `p < 0.001`, `p = 0.03`. */
export function pSentence(p: number | null | undefined): string {
  const text = pValue(p);
  return /^[<>]/.test(text) ? `p\u00a0${text[0]}\u00a0${text.slice(1)}` : `p\u00a0=\u00a0${text}`;
}

/** A whole number with thin spaces between thousands. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/** A share of a total in whole per cent: `12 (29 %)`. */
export function share(part: number, total: number): string {
  return total > 0 ? `${count(part)} (${Math.round((100 * part) / total)} %)` : count(part);
}

/** `one`, `one and two`, `one, two and three`. */
export function list(items: readonly string[]): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items[items.length - 1]}`;
}

/** A name as part of a file name: lower case letters, digits and hyphens. */
export function slug(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "") || "unnamed"
  );
}
