/** Colours of models: the same in every figure, told apart in colour blindness, on white and on dark paper. */

/**
 * After Okabe & Ito (2008), with sky blue, orange and yellow darkened so that every colour keeps a contrast of 3:1
 * (WCAG 2.2, 1.4.11) on white and on the report's dark background.
 */
export const PALETTE = [
  "#0072b2",
  "#d55e00",
  "#008f68",
  "#b8629a",
  "#a67c00",
  "#5b6ad0",
  "#9a6240",
  "#3a8fa3",
] as const;

/** Ink of axes and text, and the colour of the reference model: black on white, white on dark. */
export const INK = "currentColor";

/** How one model is drawn. */
export interface ModelStyle {
  readonly colour: string;
  /** SVG dash pattern, so that line figures can be read without colour; `undefined` is a full line. */
  readonly dash?: string;
}

export type ModelStyles = ReadonlyMap<string, ModelStyle>;

const DASHES = [undefined, "7 3", "2 3", "9 3 2 3", "5 2"] as const;

/** One style per model, in the order given; the reference, where named, is drawn in ink. */
export function modelStyles(models: readonly string[], reference?: string): ModelStyles {
  const styles = new Map<string, ModelStyle>();
  let next = 0;
  for (const model of models) {
    if (model === reference) {
      styles.set(model, { colour: INK });
      continue;
    }
    const dash = DASHES[next % DASHES.length];
    styles.set(model, { colour: PALETTE[next % PALETTE.length], ...(dash === undefined ? {} : { dash }) });
    next++;
  }
  return styles;
}

/** The style of a model; a model without one (never planned for) is drawn in ink. */
export function styleOf(styles: ModelStyles, model: string): ModelStyle {
  return styles.get(model) ?? { colour: INK };
}
