/** Checks that a graph is what the other parts take it to be. */
import type { Graph, GraphNode } from "./graph.ts";
import { GraphError } from "./graph-error.ts";
import { resultType, sameShape } from "./shape-rules.ts";

/**
 * Verifies order (operands before their users), shapes and element types (made again from the shape rules), unique input
 * names, outputs and updates.
 *
 * @returns the graph itself
 * @throws {GraphError} `graph-invalid`, or the error of the shape rule that does not hold.
 */
export function verify(graph: Graph): Graph {
  const names = new Set<string>();
  graph.nodes.forEach((node, id) => {
    if (node.kind === "input") {
      if (names.has(node.name)) refuse(graph, `two inputs named ${node.name}`);
      names.add(node.name);
      if (node.initial !== undefined && node.dtype !== "f32") refuse(graph, `state ${node.name} is not f32`);
    } else verifyOperation(graph, node, id);
  });
  for (const [name, id] of Object.entries(graph.outputs)) valueAt(graph, id, `output ${name}`);
  for (const [name, id] of Object.entries(graph.updates)) verifyUpdate(graph, name, id);
  return graph;
}

function verifyOperation(graph: Graph, node: GraphNode & { kind: "operation" }, id: number): void {
  const operands = node.operands.map((operand) => {
    if (!(operand >= 0 && operand < id)) refuse(graph, `node ${id} uses ${operand}, which is not before it`);
    return graph.nodes[operand];
  });
  const { shape, dtype } = resultType(node.primitive, node.attributes, operands);
  if (!sameShape(shape, node.shape) || dtype !== node.dtype) {
    refuse(
      graph,
      `node ${id} (${node.primitive}) says ${node.dtype}[${node.shape}] but makes ${dtype}[${shape}]`,
    );
  }
}

function verifyUpdate(graph: Graph, name: string, id: number): void {
  const state = graph.nodes.find((node) => node.kind === "input" && node.name === name);
  if (state?.kind !== "input" || state.initial === undefined) refuse(graph, `an update of ${name}, no state`);
  const value = valueAt(graph, id, `update ${name}`);
  if (!sameShape(value.shape, state.shape) || value.dtype !== state.dtype)
    refuse(
      graph,
      `update ${name} is ${value.dtype}[${value.shape}], the state ${state.dtype}[${state.shape}]`,
    );
}

function valueAt(graph: Graph, id: number, what: string): GraphNode {
  return graph.nodes[id] ?? refuse(graph, `${what} is value ${id} of ${graph.nodes.length}`);
}

function refuse(graph: Graph, found: string): never {
  throw new GraphError("graph-invalid", `graph ${graph.name}: ${found}`);
}
