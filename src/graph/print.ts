/** Graphs as text: one line per node, for people and for snapshot tests. */
import type { Graph, GraphNode, Initialiser } from "./graph.ts";
import type { Shape } from "./primitives.ts";

/**
 * The text of a graph in single static assignment:
 *
 *     graph step
 *       %0 = input image f32[2, 1, 8, 8, 8]
 *       %1 = state weight f32[4, 1, 3, 3, 3] normal(0.1)
 *       %2 = conv %0 %1 stride=[1, 1, 1] padding=[1, 1, 1] : f32[2, 4, 8, 8, 8]
 *       output features = %2
 */
export function printGraph(graph: Graph): string {
  return [
    `graph ${graph.name}`,
    ...graph.nodes.map((node, id) => `  %${id} = ${printNode(node)}`),
    ...Object.entries(graph.outputs).map(([name, id]) => `  output ${name} = %${id}`),
    ...Object.entries(graph.updates).map(([name, id]) => `  update ${name} = %${id}`),
    "",
  ].join("\n");
}

function printNode(node: GraphNode): string {
  const type = `${node.dtype}${list(node.shape)}`;
  if (node.kind === "input") {
    if (node.initial === undefined) return `input ${node.name} ${type}`;
    return `state ${node.name} ${type} ${printInitialiser(node.initial)}`;
  }
  const operands = node.operands.map((id) => ` %${id}`).join("");
  const attributes = Object.entries(node.attributes)
    .filter(([name]) => name !== "shape")
    .map(([name, value]) => ` ${name}=${Array.isArray(value) ? list(value) : value}`)
    .join("");
  return `${node.primitive}${operands}${attributes} : ${type}`;
}

function printInitialiser(initial: Initialiser): string {
  const { kind, ...settings } = initial;
  return `${kind}(${Object.values(settings).join(", ")})`;
}

function list(values: Shape): string {
  return `[${values.join(", ")}]`;
}
