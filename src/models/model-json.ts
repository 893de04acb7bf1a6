/** Fitted models as text and back, without loss: JSON in which a typed array is marked with its type. */

const TYPED = { Float64Array, Int32Array } as const;
type TypeName = keyof typeof TYPED;

/** The key under which a typed array's type stands; no model has a property of this name. */
const TYPE = "$array";

export function toModelJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    for (const type of Object.keys(TYPED) as TypeName[]) {
      if (part instanceof TYPED[type]) return { [TYPE]: type, values: Array.from(part) };
    }
    return part;
  });
}

/** @throws {SyntaxError} for text that is no JSON. */
export function fromModelJson(text: string): unknown {
  return JSON.parse(text, (_, part: unknown) => {
    if (typeof part !== "object" || part === null || !Object.hasOwn(part, TYPE)) return part;
    const { [TYPE]: type, values } = part as { [TYPE]: TypeName; values: readonly number[] };
    return TYPED[type].from(values);
  });
}
