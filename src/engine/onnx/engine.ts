/** Runs graphs with ONNX Runtime, which npm installs everywhere. */
import { availableParallelism } from "node:os";
import type { InferenceSession } from "onnxruntime-node";
import { UsageError } from "../../domain/errors.ts";
import type { Graph, InputNode } from "../../graph/graph.ts";
import type { DType, Shape } from "../../graph/primitives.ts";
import { elementCount } from "../../graph/shape-rules.ts";
import { verify } from "../../graph/verify.ts";
import type { CompileOptions, Engine, Executable, StateMap, TensorData } from "../engine.ts";
import { lowerToRun } from "./lower-graph.ts";
import type { LoweringTarget } from "./lowering-call.ts";
import { findTarget } from "./probe.ts";
import { SessionThread } from "./session.ts";

/** Settings of the engine. */
export interface OnnxEngineOptions {
  /** Threads of each executable, where `compile` does not say; by default all processors. */
  readonly threads?: number;
  /** Execution provider of ONNX Runtime, by default `cpu`. */
  readonly provider?: "cpu" | "cuda" | "coreml" | "webgpu";
}

/** An engine over onnxruntime-node, in fp32. */
export function createOnnxEngine(options: OnnxEngineOptions = {}): Engine {
  const provider = options.provider ?? "cpu";
  let target: Promise<LoweringTarget> | undefined;
  return {
    name: "onnx",
    precision: "fp32",
    async compile(graph, { threads = options.threads ?? availableParallelism() }: CompileOptions = {}) {
      target ??= findTarget(provider);
      return await OnnxExecutable.create(graph, await target, { threads, provider });
    },
  };
}

class OnnxExecutable implements Executable {
  readonly graph: Graph;
  readonly #thread: SessionThread;
  readonly #inputs: ReadonlyMap<string, InputNode>;
  readonly #states: ReadonlyMap<string, InputNode>;

  static async create(
    graph: Graph,
    target: LoweringTarget,
    { threads, provider }: { readonly threads: number; readonly provider: string },
  ): Promise<OnnxExecutable> {
    verify(graph);
    const { bytes, outputs, updates } = lowerToRun(graph, target);
    const sessionOptions: InferenceSession.SessionOptions = {
      executionProviders: [provider],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
      // The runtime's plan of all buffers as one block costs as much memory again as the step, and no less time.
      enableMemPattern: false,
      // Threads that wait by spinning take the processor from the caller, which prepares the next patches meanwhile.
      extra: { session: { intra_op: { allow_spinning: "0" } } },
      logSeverityLevel: 3,
    };
    const inputs: Record<string, { shape: Shape; dtype: DType }> = {};
    const states: Record<string, Shape> = {};
    for (const { name, shape, dtype, initial } of inputNodes(graph)) {
      if (initial === undefined) inputs[name] = { shape, dtype };
      else states[name] = shape;
    }
    const setup = { model: bytes, options: sessionOptions, inputs, states, outputs, updates };
    return new OnnxExecutable(graph, await SessionThread.start(setup));
  }

  private constructor(graph: Graph, thread: SessionThread) {
    this.graph = graph;
    this.#thread = thread;
    const nodes = inputNodes(graph);
    const named = (wanted: (node: InputNode) => boolean) =>
      new Map(nodes.filter(wanted).map((node) => [node.name, node]));
    this.#inputs = named(({ initial }) => initial === undefined);
    this.#states = named(({ initial }) => initial !== undefined);
  }

  async setState(values: StateMap): Promise<void> {
    for (const [name, value] of values) checkSize("engine-state", "state", name, value, this.#states);
    await this.#thread.call("setState", values);
  }

  async getState(): Promise<Map<string, Float32Array>> {
    return new Map(Object.entries(await this.#thread.call("getState", undefined)));
  }

  async run(inputs: Readonly<Record<string, TensorData>>): Promise<Record<string, Float32Array>> {
    for (const [name, value] of Object.entries(inputs))
      checkSize("engine-input", "input", name, value, this.#inputs);
    for (const name of this.#inputs.keys()) {
      if (inputs[name] === undefined) {
        throw new UsageError("engine-input", {
          found: `no value for input ${name}`,
          expected: "every data input",
        });
      }
    }
    return await this.#thread.call("run", inputs);
  }

  async dispose(): Promise<void> {
    await this.#thread.dispose();
  }
}

function inputNodes(graph: Graph): InputNode[] {
  return graph.nodes.filter((node) => node.kind === "input");
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
