/** Reverse-mode differentiation, from graph to graph. */
import type { GraphBuilder, Value } from "./builder.ts";
import { GRADIENT_RULES, type GradientRule, NOT_DIFFERENTIABLE } from "./gradient-rules.ts";
import type { OperationNode } from "./graph.ts";
import { GraphError } from "./graph-error.ts";
import type { Primitive } from "./primitives.ts";
import { elementCount } from "./shape-rules.ts";

/**
 * Adds to a graph the gradients of a loss by reverse accumulation (Griewank & Walther 2008, Evaluating Derivatives, ch. 3).
 *
 * @param builder the graph that holds the loss; it is added to
 * @param loss a value of one element
 * @param wrt the values to differentiate by, usually states
 * @returns one gradient per value of `wrt`, of its shape; zeros where the loss does not depend on it
 * @throws {GraphError} `graph-shape` for a loss of several elements, `graph-not-differentiable` where the path from
 *   a value to the loss holds a primitive without a derivative.
 */
export function appendGradients(builder: GraphBuilder, loss: Value, wrt: readonly Value[]): Value[] {
  if (elementCount(loss.shape) !== 1) {
    throw new GraphError("graph-shape", `a loss of shape [${loss.shape.join(", ")}]; expected one element`);
  }
  const matters = reachableFrom(builder, wrt, loss.id);
  const gradients = new Map<number, Value>([[loss.id, builder.fill(loss.shape, 1)]]);
  for (let id = loss.id; id >= 0; id--) {
    const gradient = gradients.get(id);
    const result = builder.valueOf(id);
    const node = builder.nodeOf(result);
    if (gradient === undefined || node.kind === "input") continue;
    const operands = node.operands.map((operand) => builder.valueOf(operand));
    const wanted = operands.map((operand) => matters[operand.id]);
    if (!wanted.includes(true)) continue;
    const parts = ruleOf(node)({ builder, attributes: node.attributes, operands, result, gradient });
    parts.forEach((part, i) => {
      if (part === undefined || !wanted[i]) return;
      const earlier = gradients.get(operands[i].id);
      gradients.set(operands[i].id, earlier === undefined ? part : builder.add(earlier, part));
    });
  }
  return wrt.map((value) => gradients.get(value.id) ?? builder.fill(value.shape, 0));
}

/** For each value up to `last`, whether it depends on one of the sources. */
function reachableFrom(builder: GraphBuilder, sources: readonly Value[], last: number): boolean[] {
  const matters: boolean[] = [];
  const isSource = new Set(sources.map(({ id }) => id));
  for (let id = 0; id <= last; id++) {
    const node = builder.nodeOf(builder.valueOf(id));
    matters.push(
      isSource.has(id) || (node.kind === "operation" && node.operands.some((operand) => matters[operand])),
    );
  }
  return matters;
}

function ruleOf(node: OperationNode): GradientRule<Primitive> {
  const rule = GRADIENT_RULES[node.primitive];
  if (rule === NOT_DIFFERENTIABLE) {
    throw new GraphError("graph-not-differentiable", `${node.primitive} has no gradient rule`);
  }
  return rule as GradientRule<Primitive>;
}
