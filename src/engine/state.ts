/** The values with which a graph's state begins. */
import { deriveKey, type RandomKey, RandomStream } from "../domain/random.ts";
import type { Graph, Initialiser } from "../graph/graph.ts";
import { elementCount } from "../graph/shape-rules.ts";

type Fill<K extends Initialiser["kind"]> = (
  values: Float32Array,
  initial: Extract<Initialiser, { kind: K }>,
  stream: RandomStream,
) => void;

const FILLS: { readonly [K in Initialiser["kind"]]: Fill<K> } = {
  constant: (values, { value }) => {
    values.fill(value);
  },
  normal: (values, { standardDeviation }, stream) => {
    for (let i = 0; i < values.length; i++) values[i] = stream.normal(0, standardDeviation);
  },
  uniform: (values, { bound }, stream) => {
    for (let i = 0; i < values.length; i++) values[i] = stream.uniform(-bound, bound);
  },
};

/**
 * The initial value of every state of a graph. Each is drawn from a stream of its own, derived from its name, so that it does
 * not depend on the other states.
 *
 * @param key the key below which the streams are derived
 */
export function initialState(graph: Graph, key: RandomKey): Map<string, Float32Array> {
  const state = new Map<string, Float32Array>();
  for (const node of graph.nodes) {
    if (node.kind !== "input" || node.initial === undefined) continue;
    const values = new Float32Array(elementCount(node.shape));
    const fill = FILLS[node.initial.kind] as Fill<Initialiser["kind"]>;
    fill(values, node.initial, new RandomStream(deriveKey(key, "state", node.name)));
    state.set(node.name, values);
  }
  return state;
}
