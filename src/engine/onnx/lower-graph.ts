/** Whole graphs as ONNX models. */
import { UsageError } from "../../domain/errors.ts";
import type { Graph, InputNode, OperationNode } from "../../graph/graph.ts";
import type { Primitive } from "../../graph/primitives.ts";
import { elementCount } from "../../graph/shape-rules.ts";
import type { StateMap } from "../engine.ts";
import { LOWERINGS } from "./lowering.ts";
import { type LoweredValue, type Lowering, type LoweringTarget, PORTABLE } from "./lowering-call.ts";
import { OnnxModelWriter } from "./model-writer.ts";

/** A model for ONNX Runtime whose state goes in and out at each run. */
export interface RunnableModel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** ONNX value of each output of the graph. */
  readonly outputs: Readonly<Record<string, string>>;
  /** ONNX value that each updated state takes. */
  readonly updates: Readonly<Record<string, string>>;
}

/** Lowers a graph so that inputs and states are ONNX inputs, outputs and updates ONNX outputs. */
export function lowerToRun(graph: Graph, target: LoweringTarget): RunnableModel {
  const writer = new OnnxModelWriter();
  const values = lowerNodes(writer, target, graph, ({ name, shape, dtype }) =>
    writer.input(name, shape, dtype),
  );
  // Each has a node of its own, so that no two share a buffer and none is an input or a constant.
  const declare = (id: number): string => {
    const name = writer.node("Identity", [values[id].name]);
    writer.output(name, values[id].shape, graph.nodes[id].dtype);
    return name;
  };
  const names = (ids: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, declare(id)]));
  const outputs = names(graph.outputs);
  const updates = names(graph.updates);
  return { bytes: writer.finish(graph.name), outputs, updates };
}

/**
 * A graph with its state as a portable ONNX model (standard operators only): data inputs and outputs keep their names, updates
 * are left out.
 *
 * @param state a value for each state of the graph
 * @param metadata properties written into the model
 * @throws {UsageError} `engine-state` for a state without a value or of a wrong length, `onnx-names` where an output has
 *   the name of an input.
 */
export function toOnnxModel(
  graph: Graph,
  state: StateMap,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const writer = new OnnxModelWriter();
  const inputs = new Set<string>();
  const values = lowerNodes(writer, PORTABLE, graph, ({ name, shape, dtype, initial }) => {
    inputs.add(name);
    if (initial === undefined) writer.input(name, shape, dtype);
    else writer.initializer(name, shape, stateValue(name, elementCount(shape), state));
  });
  for (const [name, id] of Object.entries(graph.outputs)) {
    if (inputs.has(name)) {
      throw new UsageError("onnx-names", {
        found: `an input and an output named ${name}`,
        expected: "different names",
      });
    }
    writer.nodeNamed(name, "Identity", [values[id].name]);
    writer.output(name, values[id].shape, graph.nodes[id].dtype);
  }
  return writer.finish(graph.name, metadata);
}

function stateValue(name: string, length: number, state: StateMap): Float32Array {
  const value = state.get(name);
  if (value?.length !== length) {
    throw new UsageError("engine-state", {
      found: value === undefined ? `no value for state ${name}` : `${value.length} values for state ${name}`,
      expected: `${length} values`,
    });
  }
  return value;
}

function lowerNodes(
  writer: OnnxModelWriter,
  target: LoweringTarget,
  graph: Graph,
  declareInput: (node: InputNode) => void,
): LoweredValue[] {
  const values: LoweredValue[] = [];
  for (const node of graph.nodes) {
    const { shape } = node;
    if (node.kind === "input") {
      declareInput(node);
      values.push({ name: node.name, shape });
    } else values.push({ name: lowerOperation(writer, target, node, values), shape });
  }
  return values;
}

function lowerOperation(
  writer: OnnxModelWriter,
  target: LoweringTarget,
  node: OperationNode,
  values: readonly LoweredValue[],
): string {
  const lowering = LOWERINGS[node.primitive] as Lowering<Primitive>;
  const operands = node.operands.map((id) => values[id]);
  return lowering({ writer, target, attributes: node.attributes, operands, shape: node.shape });
}
