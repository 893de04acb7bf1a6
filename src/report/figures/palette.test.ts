import { expect, test } from "vitest";
import { STYLE } from "../style.ts";
import { INK, modelStyles, PALETTE, styleOf } from "./palette.ts";

/** Relative luminance, WCAG 2.2. */
function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

/** The colours of one theme of the style sheet. */
function theme(start: string): Record<string, string> {
  const block = STYLE.slice(STYLE.indexOf(start));
  const pairs = [...block.slice(0, block.indexOf("}")).matchAll(/--([a-z]+): (#[0-9a-f]{6})/g)];
  return Object.fromEntries(pairs.map(([, name, colour]) => [name, colour]));
}

const THEMES = { light: theme(":root"), dark: theme("@media (prefers-color-scheme: dark)") };

test.each(Object.entries(THEMES))(
  "every line colour has a contrast of 3:1 on %s paper",
  (_name, { paper }) => {
    for (const colour of PALETTE) expect(contrast(colour, paper)).toBeGreaterThanOrEqual(3);
  },
);

test.each(Object.entries(THEMES))(
  "every text colour has a contrast of 4.5:1 on %s paper and tint",
  (_name, colours) => {
    const { ink, quiet, accent, error, warning, info, paper, tint } = colours;
    for (const text of [ink, quiet, accent, error, warning, info]) {
      expect(contrast(text, paper)).toBeGreaterThanOrEqual(4.5);
      expect(contrast(text, tint)).toBeGreaterThanOrEqual(4.5);
    }
  },
);

test("the reference is drawn in ink and every other model differs in colour and, within a hue's neighbours, in dash", () => {
  const styles = modelStyles(["a", "volume", "b", "c"], "volume");
  expect(styleOf(styles, "volume")).toEqual({ colour: INK });
  const others = ["a", "b", "c"].map((model) => JSON.stringify(styleOf(styles, model)));
  expect(new Set(others).size).toBe(3);
  expect(styleOf(styles, "unheard of")).toEqual({ colour: INK });
});

test("forty models still have forty styles", () => {
  const names = Array.from({ length: 40 }, (_none, i) => `m${i}`);
  const styles = modelStyles(names);
  expect(new Set(names.map((name) => JSON.stringify(styleOf(styles, name)))).size).toBe(40);
});
