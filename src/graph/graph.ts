/**
 * A graph: nodes in single static assignment, in topological order, with static shapes. It is plain data, so
 * that it can be printed, hashed, transformed and sent to another thread.
 */
import type { Attributes, DType, Primitive, Shape } from "./primitives.ts";

/** The index of the node that makes the value. */
export type ValueId = number;

export interface InputNode {
  readonly kind: "input";
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Absent for data that is fed at each run; present for state, which the executable keeps between runs. */
  readonly initial?: Initialiser;
}

export interface OperationNode<P extends Primitive = Primitive> {
  readonly kind: "operation";
  readonly primitive: P;
  readonly attributes: Attributes[P];
  readonly operands: readonly ValueId[];
  readonly shape: Shape;
  readonly dtype: DType;
}

export type GraphNode = InputNode | OperationNode;

/** How a state tensor begins. */
export type Initialiser =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "normal"; readonly standardDeviation: number }
  | { readonly kind: "uniform"; readonly bound: number };

export interface Graph {
  readonly name: string;
  readonly nodes: readonly GraphNode[];
  /** Values handed back at each run. */
  readonly outputs: Readonly<Record<string, ValueId>>;
  /** State (by name) that takes a new value at the end of each run; shapes agree. */
  readonly updates: Readonly<Record<string, ValueId>>;
}
