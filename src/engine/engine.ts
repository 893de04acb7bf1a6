/** What runs a graph. Implementations: `onnx/` and `native/`; one conformance suite serves all. */
import type { Graph } from "../graph/graph.ts";

export type TensorData = Float32Array | Int32Array;
/** State tensors (parameters, optimiser moments, code books) by name. */
export type StateMap = ReadonlyMap<string, Float32Array>;

export interface CompileOptions {
  /** Threads of the engine; by default all processors. */
  readonly threads?: number;
}

export interface Engine {
  readonly name: "native" | "onnx";
  /** What the arithmetic is done in. */
  readonly precision: "fp32" | "bf16";
  /**
   * Bytes that an executable of the graph will hold: state, inputs, outputs and all intermediate values. Nothing of the kind is
   * allocated. Exact for `native`; for `onnx` an estimate, which errs on the high side. What the caller holds beside it (images, copies of
   * the state for checkpoints, the process itself: about 200 MB) is not in it.
   */
  plannedBytes(graph: Graph, options?: CompileOptions): Promise<number>;
  /** Prepares a graph to run. State begins unset: call `setState` before `run`. */
  compile(graph: Graph, options?: CompileOptions): Promise<Executable>;
}

export interface ExecutableTimings {
  readonly totalSeconds: number;
  /** Seconds within convolutions and their gradients. */
  readonly convolutionSeconds: number;
}

export interface Executable {
  readonly graph: Graph;
  /**
   * Replaces state tensors; those not named keep their values. Values are copied.
   * @throws {UsageError} `engine-state` for an unknown name or a wrong length.
   */
  setState(values: StateMap): Promise<void>;
  /** A copy of all state tensors. */
  getState(): Promise<Map<string, Float32Array>>;
  /**
   * Runs once, off the event loop: reads the data inputs, returns the outputs, then applies the updates.
   * @throws {UsageError} `engine-input` for a missing, unknown or wrongly sized input.
   */
  run(inputs: Readonly<Record<string, TensorData>>): Promise<Record<string, Float32Array>>;
  /** How the time of all runs so far was spent; absent where the engine cannot tell. */
  timings?(): Promise<ExecutableTimings>;
  /**
   * Frees the executable at once. Runs that wait are refused, and one under way is stopped between two of its steps (`native`) or
   * given up (`onnx`, whose thread ends after it): all of these reject with a WorkError `engine-closed`, as does every later call.
   */
  dispose(): Promise<void>;
}
