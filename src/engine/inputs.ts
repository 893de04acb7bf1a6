/** Checks of what goes into an executable, the same for every engine. */
import { UsageError } from "../domain/errors.ts";
import type { Graph, InputNode } from "../graph/graph.ts";
import { elementCount } from "../graph/shape-rules.ts";
import type { StateMap, TensorData } from "./engine.ts";

/** The data inputs and the states of a graph, by name. */
export interface GraphInputs {
  readonly inputs: ReadonlyMap<string, InputNode>;
  readonly states: ReadonlyMap<string, InputNode>;
}

export function inputsOf(graph: Graph): GraphInputs {
  const nodes = graph.nodes.filter((node) => node.kind === "input");
  const named = (wanted: (node: InputNode) => boolean) =>
    new Map(nodes.filter(wanted).map((node) => [node.name, node]));
  return {
    inputs: named(({ initial }) => initial === undefined),
    states: named(({ initial }) => initial !== undefined),
  };
}

/** @throws {UsageError} `engine-state` for an unknown name or a wrong length. */
export function checkStates(values: StateMap, { states }: GraphInputs): void {
  for (const [name, value] of values) checkSize("engine-state", "state", name, value, states);
}

/** @throws {UsageError} `engine-input` for a missing, unknown or wrongly sized input. */
export function checkInputs(values: Readonly<Record<string, TensorData>>, { inputs }: GraphInputs): void {
  for (const [name, value] of Object.entries(values)) checkSize("engine-input", "input", name, value, inputs);
  for (const name of inputs.keys()) {
    if (values[name] === undefined) {
      throw new UsageError("engine-input", {
        found: `no value for input ${name}`,
        expected: "every data input",
      });
    }
  }
}

function checkSize(
  code: string,
  kind: string,
  name: string,
  value: TensorData,
  known: ReadonlyMap<string, InputNode>,
): void {
  const node = known.get(name);
  if (node === undefined) {
    throw new UsageError(code, {
      found: `unknown ${kind} ${name}`,
      expected: [...known.keys()].join(", ") || `a graph with a ${kind}`,
    });
  }
  const type = node.dtype === "f32" ? Float32Array : Int32Array;
  if (!(value instanceof type) || value.length !== elementCount(node.shape)) {
    throw new UsageError(code, {
      found: `${kind} ${name} as ${value.constructor.name} of ${value.length} values`,
      expected: `a ${type.name} of ${elementCount(node.shape)} values for [${node.shape.join(", ")}]`,
    });
  }
}
