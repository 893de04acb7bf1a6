/** Calls that need no node, because their result is one of their operands or a constant. */
import type { Attributes, Primitive, Shape } from "./primitives.ts";
import { sameShape } from "./shape-rules.ts";

/** What is known of an operand when a call is simplified. */
export interface KnownOperand {
  readonly shape: Shape;
  /** The value of all its elements, where the operand is a `fill`. */
  readonly constant: number | undefined;
}

/** The operand (by its position) or the constant that stands for a call; `undefined` where a node is needed. */
export type Simplification = { readonly operand: number } | { readonly constant: number } | undefined;

type SimplifyRule<P extends Primitive> = (
  attributes: Attributes[P],
  operands: readonly KnownOperand[],
  shape: Shape,
) => Simplification;

/** Movements that move nothing give their operand; movements of a constant give a constant. */
function movement(_: unknown, [x]: readonly KnownOperand[], shape: Shape): Simplification {
  if (x.constant !== undefined) return { constant: x.constant };
  return sameShape(x.shape, shape) ? { operand: 0 } : undefined;
}

/** `neutral` on the allowed sides leaves the other operand, when that alone has the result's shape. */
function neutralElement(
  neutral: number,
  sides: readonly (0 | 1)[],
  combine: (a: number, b: number) => number,
) {
  return (_: unknown, operands: readonly KnownOperand[], shape: Shape): Simplification => {
    const [a, b] = operands;
    if (a.constant !== undefined && b.constant !== undefined)
      return { constant: Math.fround(combine(a.constant, b.constant)) };
    for (const side of sides) {
      const other = 1 - side;
      if (operands[side].constant === neutral && sameShape(operands[other].shape, shape))
        return { operand: other };
    }
    return undefined;
  };
}

const RULES: { readonly [P in Primitive]?: SimplifyRule<P> } = {
  add: neutralElement(0, [0, 1], (a, b) => a + b),
  subtract: neutralElement(0, [1], (a, b) => a - b),
  multiply: neutralElement(1, [0, 1], (a, b) => a * b),
  divide: neutralElement(1, [1], (a, b) => a / b),
  leakyRelu: ({ slope }) => (slope === 1 ? { operand: 0 } : undefined),
  sum: movementOfSizeOne,
  max: movementOfSizeOne,
  reshape: movement,
  broadcast: movement,
  slice: movement,
  transpose: ({ order }, [x]) => {
    if (x.constant !== undefined) return { constant: x.constant };
    return order.every((axis, i) => axis === i) ? { operand: 0 } : undefined;
  },
  pad: (_, [x], shape) => (sameShape(x.shape, shape) ? { operand: 0 } : undefined),
  concat: (_, operands) => (operands.length === 1 ? { operand: 0 } : undefined),
  sumPool: (_, [x], shape) => (sameShape(x.shape, shape) ? { operand: 0 } : undefined),
  repeat: movement,
};

function movementOfSizeOne(_: unknown, [x]: readonly KnownOperand[], shape: Shape): Simplification {
  return sameShape(x.shape, shape) ? { operand: 0 } : undefined;
}

/** How a call can be replaced, if it can; the result's values stay the same but for the sign of zero. */
export function simplify<P extends Primitive>(
  primitive: P,
  attributes: Attributes[P],
  operands: readonly KnownOperand[],
  shape: Shape,
): Simplification {
  return RULES[primitive]?.(attributes, operands, shape);
}
