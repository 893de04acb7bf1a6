/** Builds graphs: one method per primitive, equal calls merged, unused ones dropped. */
import type { Graph, GraphNode, Initialiser, OperationNode, ValueId } from "./graph.ts";
import { GraphError } from "./graph-error.ts";
import type { Attributes, DType, Primitive, Shape, Spatial } from "./primitives.ts";
import { elementCount, resultType, sameShape } from "./shape-rules.ts";
import { simplify } from "./simplify.ts";
import { verify } from "./verify.ts";

/** A value of a graph that is being built; it belongs to one builder. */
export interface Value {
  readonly id: ValueId;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly builder: GraphBuilder;
}

/** Operand of an element-wise call; a number stands for a scalar constant. */
export type Operand = Value | number;

const BROADCASTING = ["add", "subtract", "multiply", "divide", "maximum", "greater"] as const;
type BroadcastingPrimitive = (typeof BROADCASTING)[number];

const NO_ATTRIBUTES: Record<never, never> = {};

export class GraphBuilder {
  readonly name: string;
  readonly #values: Value[] = [];
  readonly #nodes: GraphNode[] = [];
  readonly #inputs = new Map<string, Value>();
  readonly #outputs = new Map<string, Value>();
  readonly #updates = new Map<string, Value>();
  /** Operations by what they compute, so that equal calls share one node. */
  readonly #known = new Map<string, Value>();

  constructor(name: string) {
    this.name = name;
  }

  /** A builder that starts with all that a graph holds, to add to it. */
  static from(graph: Graph, name: string = graph.name): GraphBuilder {
    const builder = new GraphBuilder(name);
    const values: Value[] = [];
    for (const node of graph.nodes) {
      values.push(
        node.kind === "input"
          ? builder.#addInput(node)
          : builder.apply(node.primitive, node.attributes, ...node.operands.map((id) => values[id])),
      );
    }
    for (const [output, id] of Object.entries(graph.outputs)) builder.output(output, values[id]);
    for (const [state, id] of Object.entries(graph.updates)) builder.update(state, values[id]);
    return builder;
  }

  /** Data that is fed at each run. Names are unique among inputs and state. */
  input(name: string, shape: Shape, dtype: DType = "f32"): Value {
    return this.#addInput({ kind: "input", name, shape, dtype });
  }

  /** A tensor that the executable keeps between runs: a parameter, a moment, a running statistic. */
  state(name: string, shape: Shape, initial: Initialiser): Value {
    return this.#addInput({ kind: "input", name, shape, dtype: "f32", initial });
  }

  /** Hands a value back at each run, under a name. */
  output(name: string, value: Value): void {
    if (this.#outputs.has(name)) throw new GraphError("graph-name", `two outputs named ${name}`);
    this.#outputs.set(name, this.#own(value));
  }

  /** Gives a state a new value at the end of each run. */
  update(state: Value | string, value: Value): void {
    const name = typeof state === "string" ? state : this.#inputName(state);
    if (this.#updates.has(name)) throw new GraphError("graph-name", `two updates of ${name}`);
    this.#updates.set(name, this.#own(value));
  }

  /** The input or state of a name. */
  inputNamed(name: string): Value {
    const value = this.#inputs.get(name);
    if (value === undefined) throw new GraphError("graph-name", `no input or state named ${name}`);
    return value;
  }

  /** The output of a name. */
  outputNamed(name: string): Value {
    const value = this.#outputs.get(name);
    if (value === undefined) throw new GraphError("graph-name", `no output named ${name}`);
    return value;
  }

  /** Names of all states, in the order in which they were made. */
  stateNames(): string[] {
    return [...this.#inputs].filter(([, { id }]) => this.#isState(id)).map(([name]) => name);
  }

  /** The node that makes a value. */
  nodeOf(value: Value): GraphNode {
    return this.#nodes[this.#own(value).id];
  }

  /** The value with an identifier. */
  valueOf(id: ValueId): Value {
    return this.#values[id];
  }

  /**
   * Calls a primitive. The methods below are shorter to write.
   *
   * @throws {GraphError} `graph-shape`, `graph-dtype` or `graph-operands` where the operands do not fit.
   */
  apply<P extends Primitive>(primitive: P, attributes: Attributes[P], ...operands: readonly Value[]): Value {
    for (const operand of operands) this.#own(operand);
    const { shape, dtype } = resultType(primitive, attributes, operands);
    const known = operands.map((operand) => ({ shape: operand.shape, constant: this.#constantOf(operand) }));
    const simpler = simplify(primitive, attributes, known, shape);
    if (simpler !== undefined) {
      if ("operand" in simpler) return operands[simpler.operand];
      return this.fill(shape, simpler.constant);
    }
    const used = isBroadcasting(primitive) ? this.#withScalarConstants(shape, operands) : operands;
    const key = callKey(primitive, attributes, used);
    const same = this.#known.get(key);
    if (same !== undefined) return same;
    const node: OperationNode<P> = {
      kind: "operation",
      primitive,
      attributes,
      operands: used.map(({ id }) => id),
      shape,
      dtype,
    };
    const value = this.#add(node as OperationNode);
    this.#known.set(key, value);
    return value;
  }

  /**
   * The graph: inputs as declared, operations that an output or update needs, verified.
   *
   * @throws {GraphError} `graph-invalid` where an update does not fit its state.
   */
  finish(): Graph {
    const needed = new Array<boolean>(this.#nodes.length).fill(false);
    for (const { id } of [...this.#outputs.values(), ...this.#updates.values()]) needed[id] = true;
    for (let id = this.#nodes.length - 1; id >= 0; id--) {
      const node = this.#nodes[id];
      if (node.kind === "input") needed[id] = true;
      else if (needed[id]) for (const operand of node.operands) needed[operand] = true;
    }
    const renumbered: number[] = [];
    const nodes: GraphNode[] = [];
    this.#nodes.forEach((node, id) => {
      if (!needed[id]) return;
      renumbered[id] = nodes.length;
      nodes.push(
        node.kind === "input"
          ? node
          : { ...node, operands: node.operands.map((operand) => renumbered[operand]) },
      );
    });
    const identifiers = (values: ReadonlyMap<string, Value>) =>
      Object.fromEntries([...values].map(([name, { id }]) => [name, renumbered[id]]));
    return verify({
      name: this.name,
      nodes,
      outputs: identifiers(this.#outputs),
      updates: identifiers(this.#updates),
    });
  }

  /** A tensor of one value, by default a scalar. */
  fill(shape: Shape, value: number): Value {
    return this.apply("fill", { shape, value: Math.fround(value) });
  }

  add(a: Operand, b: Operand): Value {
    return this.#binary("add", a, b);
  }
  subtract(a: Operand, b: Operand): Value {
    return this.#binary("subtract", a, b);
  }
  multiply(a: Operand, b: Operand): Value {
    return this.#binary("multiply", a, b);
  }
  divide(a: Operand, b: Operand): Value {
    return this.#binary("divide", a, b);
  }
  maximum(a: Operand, b: Operand): Value {
    return this.#binary("maximum", a, b);
  }
  /** 1 where a > b, else 0. */
  greater(a: Operand, b: Operand): Value {
    return this.#binary("greater", a, b);
  }
  negate(x: Value): Value {
    return this.multiply(x, -1);
  }
  reciprocal(x: Value): Value {
    return this.divide(1, x);
  }

  exp(x: Value): Value {
    return this.apply("exp", NO_ATTRIBUTES, x);
  }
  log(x: Value): Value {
    return this.apply("log", NO_ATTRIBUTES, x);
  }
  sqrt(x: Value): Value {
    return this.apply("sqrt", NO_ATTRIBUTES, x);
  }
  sigmoid(x: Value): Value {
    return this.apply("sigmoid", NO_ATTRIBUTES, x);
  }
  leakyRelu(x: Value, slope: number): Value {
    return this.apply("leakyRelu", { slope }, x);
  }
  relu(x: Value): Value {
    return this.leakyRelu(x, 0);
  }
  leakyReluGrad(y: Value, dy: Value, slope: number): Value {
    return this.apply("leakyReluGrad", { slope }, y, dy);
  }
  stopGradient(x: Value): Value {
    return this.apply("stopGradient", NO_ATTRIBUTES, x);
  }

  /** Sum over axes, by default all; reduced axes stay with size 1. */
  sum(x: Value, axes: readonly number[] = allAxes(x)): Value {
    return this.apply("sum", { axes }, x);
  }
  /** Mean over axes, by default all; reduced axes stay with size 1. */
  mean(x: Value, axes: readonly number[] = allAxes(x)): Value {
    const sum = this.sum(x, axes);
    return this.multiply(sum, elementCount(sum.shape) / elementCount(x.shape));
  }
  /** Largest value over axes, by default all; reduced axes stay with size 1. */
  max(x: Value, axes: readonly number[] = allAxes(x)): Value {
    return this.apply("max", { axes }, x);
  }

  reshape(x: Value, shape: Shape): Value {
    return this.apply("reshape", { shape }, x);
  }
  /** A value of one element as a scalar of shape []. */
  scalar(x: Value): Value {
    return this.reshape(x, []);
  }
  transpose(x: Value, order: readonly number[]): Value {
    return this.apply("transpose", { order }, x);
  }
  broadcast(x: Value, shape: Shape): Value {
    return this.apply("broadcast", { shape }, x);
  }
  slice(x: Value, start: Shape, stop: Shape): Value {
    return this.apply("slice", { start, stop }, x);
  }
  pad(x: Value, before: Shape, after: Shape): Value {
    return this.apply("pad", { before, after }, x);
  }
  concat(parts: readonly Value[], axis: number): Value {
    return this.apply("concat", { axis }, ...parts);
  }

  matmul(a: Value, b: Value): Value {
    return this.apply("matmul", NO_ATTRIBUTES, a, b);
  }
  conv(x: Value, w: Value, stride: Spatial, padding: Spatial): Value {
    return this.apply("conv", { stride, padding }, x, w);
  }
  convInputGrad(dy: Value, w: Value, attributes: Attributes["convInputGrad"]): Value {
    return this.apply("convInputGrad", attributes, dy, w);
  }
  convWeightGrad(x: Value, dy: Value, attributes: Attributes["convWeightGrad"]): Value {
    return this.apply("convWeightGrad", attributes, x, dy);
  }
  /** Transposed convolution whose kernel is its stride: x [N, O, D, …], w [O, C, …stride] → [N, C, D·stride, …]. */
  upConv(x: Value, w: Value): Value {
    const stride: Spatial = [w.shape[2], w.shape[3], w.shape[4]];
    const inputSize: Spatial = [x.shape[2] * stride[0], x.shape[3] * stride[1], x.shape[4] * stride[2]];
    return this.convInputGrad(x, w, { stride, padding: [0, 0, 0], inputSize });
  }
  sumPool(x: Value, window: Spatial): Value {
    return this.apply("sumPool", { window }, x);
  }
  /** Mean over windows without overlap. */
  meanPool(x: Value, window: Spatial): Value {
    return this.multiply(this.sumPool(x, window), 1 / elementCount(window));
  }
  repeat(x: Value, factor: Spatial): Value {
    return this.apply("repeat", { factor }, x);
  }

  moments(x: Value, eps: number): Value {
    return this.apply("moments", { eps }, x);
  }
  normalise(x: Value, moments: Value, scale: Value, shift: Value): Value {
    return this.apply("normalise", NO_ATTRIBUTES, x, moments, scale, shift);
  }
  /** Instance normalisation (Ulyanov et al. 2016) with learned scale [C] and shift [C]. */
  instanceNorm(x: Value, scale: Value, shift: Value, eps = 1e-5): Value {
    return this.normalise(x, this.moments(x, eps), scale, shift);
  }
  oneHot(labels: Value, classes: number): Value {
    return this.apply("oneHot", { classes }, labels);
  }

  #binary(primitive: BroadcastingPrimitive, a: Operand, b: Operand): Value {
    return this.apply(primitive, NO_ATTRIBUTES, this.#operand(a), this.#operand(b));
  }

  /** A constant tensor that broadcasts against an operand of the result's shape is written as a scalar. */
  #withScalarConstants(shape: Shape, operands: readonly Value[]): readonly Value[] {
    const full = operands.findIndex(
      (operand) => sameShape(operand.shape, shape) && this.#constantOf(operand) === undefined,
    );
    if (full < 0) return operands;
    return operands.map((operand) => {
      const constant = this.#constantOf(operand);
      return constant === undefined ? operand : this.fill([], constant);
    });
  }

  #operand(operand: Operand): Value {
    return typeof operand === "number" ? this.fill([], operand) : operand;
  }

  #addInput(node: GraphNode & { kind: "input" }): Value {
    if (this.#inputs.has(node.name)) throw new GraphError("graph-name", `two inputs named ${node.name}`);
    if (!node.shape.every((size) => Number.isInteger(size) && size > 0))
      throw new GraphError("graph-shape", `input ${node.name} has shape [${node.shape.join(", ")}]`);
    const value = this.#add(node);
    this.#inputs.set(node.name, value);
    return value;
  }

  #add(node: GraphNode): Value {
    const value = { id: this.#nodes.length, shape: node.shape, dtype: node.dtype, builder: this };
    this.#nodes.push(node);
    this.#values.push(value);
    return value;
  }

  #own(value: Value): Value {
    if (value.builder !== this)
      throw new GraphError("graph-foreign-value", `a value of graph ${value.builder.name} in ${this.name}`);
    return value;
  }

  #inputName(value: Value): string {
    const node = this.nodeOf(value);
    if (node.kind !== "input") throw new GraphError("graph-name", `an update of ${node.primitive}, no state`);
    return node.name;
  }

  #isState(id: ValueId): boolean {
    const node = this.#nodes[id];
    return node.kind === "input" && node.initial !== undefined;
  }

  #constantOf({ id }: Value): number | undefined {
    const node = this.#nodes[id];
    if (node.kind !== "operation" || node.primitive !== "fill") return undefined;
    return (node.attributes as Attributes["fill"]).value;
  }
}

function isBroadcasting(primitive: Primitive): boolean {
  return (BROADCASTING as readonly Primitive[]).includes(primitive);
}

function allAxes({ shape }: Value): number[] {
  return shape.map((_, axis) => axis);
}

/** Attributes are numbers and lists of numbers; negative zero and infinities are told apart. */
function callKey(primitive: Primitive, attributes: object, operands: readonly Value[]): string {
  const settings = Object.entries(attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${Object.is(value, -0) ? "-0" : value}`);
  return `${primitive} ${settings.join(" ")} (${operands.map(({ id }) => id).join()})`;
}
