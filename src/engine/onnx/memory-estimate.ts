/** What ONNX Runtime will need for a graph, from the lifetimes of its values. */
import type { Graph, GraphNode } from "../../graph/graph.ts";
import type { Primitive } from "../../graph/primitives.ts";
import { elementCount } from "../../graph/shape-rules.ts";

const BYTES_PER_NUMBER = 4;
/** Copies of its operand and its result that the lowering of a convolution holds: by slice, padded, in blocks. */
const CONVOLUTION_COPIES = 3;
const CONVOLUTIONS: ReadonlySet<Primitive> = new Set<Primitive>(["conv", "convInputGrad", "convWeightGrad"]);
/**
 * The runtime's allocator keeps what it once took and loses some between blocks. Five trainings and inferences of U-Nets (16 to 320
 * features, patches of 40x56x40 to 64³) took 2.1 to 2.3 times what this counts, and some 100 MiB for the session itself.
 */
const ALLOCATOR_FACTOR = 2.5;
const SESSION_BYTES = 100 * 2 ** 20;

/**
 * An estimate on the high side of the bytes that a session for a graph takes: all states, those that are updated twice (see
 * docs/decisions/0041), and the most that values alive at once and the copies of a convolution take when nodes are computed in the
 * graph's order.
 */
export function estimateBytes(graph: Graph): number {
  const { nodes, outputs, updates } = graph;
  const bytes = nodes.map(({ shape }) => BYTES_PER_NUMBER * elementCount(shape));
  const lastUse = nodes.map((_, id) => id);
  nodes.forEach((node, id) => {
    if (node.kind === "operation") for (const operand of node.operands) lastUse[operand] = id;
  });
  for (const id of [...Object.values(outputs), ...Object.values(updates)]) lastUse[id] = nodes.length;
  const ending = nodes.map((): number[] => []);
  lastUse.forEach((end, id) => {
    ending[end]?.push(id);
  });

  let kept = 0;
  let alive = 0;
  let peak = 0;
  nodes.forEach((node, id) => {
    if (node.kind === "input") kept += bytes[id];
    else alive += bytes[id];
    peak = Math.max(peak, alive + copies(node, id, bytes));
    for (const end of ending[id]) if (nodes[end].kind === "operation") alive -= bytes[end];
  });
  for (const id of Object.values(updates)) kept += bytes[id];
  return Math.ceil(SESSION_BYTES + kept + ALLOCATOR_FACTOR * peak);
}

function copies(node: GraphNode, id: number, bytes: readonly number[]): number {
  if (node.kind === "input" || !CONVOLUTIONS.has(node.primitive)) return 0;
  return CONVOLUTION_COPIES * (bytes[id] + bytes[node.operands[0]]);
}
