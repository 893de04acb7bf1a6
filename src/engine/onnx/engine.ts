/** Runs graphs with ONNX Runtime, which npm installs everywhere. */
import { availableParallelism } from "node:os";
import type { InferenceSession } from "onnxruntime-node";
import { WorkError } from "../../domain/errors.ts";
import type { Graph } from "../../graph/graph.ts";
import type { DType, Shape } from "../../graph/primitives.ts";
import { verify } from "../../graph/verify.ts";
import type { CompileOptions, Engine, Executable, StateMap, TensorData } from "../engine.ts";
import { checkInputs, checkStates, type GraphInputs, inputsOf } from "../inputs.ts";
import { lowerToRun } from "./lower-graph.ts";
import type { LoweringTarget } from "./lowering-call.ts";
import { estimateBytes } from "./memory-estimate.ts";
import { findTarget } from "./probe.ts";
import { checkProvider, type OnnxProvider, providerError } from "./providers.ts";
import { SessionThread } from "./session.ts";

/** Settings of the engine. */
export interface OnnxEngineOptions {
  /** Threads of each executable, where `compile` does not say; by default all processors. */
  readonly threads?: number;
  /** Execution provider of ONNX Runtime, by default `cpu`. */
  readonly provider?: OnnxProvider;
}

/**
 * An engine over onnxruntime-node, in fp32.
 *
 * @throws {UsageError} `engine-provider` for a provider that the installed runtime lacks; `compile` throws it where the provider finds no
 *   driver or device.
 */
export function createOnnxEngine(options: OnnxEngineOptions = {}): Engine {
  const provider = options.provider ?? "cpu";
  checkProvider(provider);
  let target: Promise<LoweringTarget> | undefined;
  return {
    name: "onnx",
    precision: "fp32",
    async plannedBytes(graph) {
      verify(graph);
      return estimateBytes(graph);
    },
    async compile(graph, { threads = options.threads ?? availableParallelism() }: CompileOptions = {}) {
      target ??= findTarget(provider);
      return await OnnxExecutable.create(graph, await target, { threads, provider });
    },
  };
}

class OnnxExecutable implements Executable {
  readonly graph: Graph;
  readonly #thread: SessionThread;
  readonly #ports: GraphInputs;

  static async create(
    graph: Graph,
    target: LoweringTarget,
    { threads, provider }: { readonly threads: number; readonly provider: OnnxProvider },
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
    const ports = inputsOf(graph);
    for (const { name, shape, dtype } of ports.inputs.values()) inputs[name] = { shape, dtype };
    for (const { name, shape } of ports.states.values()) states[name] = shape;
    const setup = { model: bytes, options: sessionOptions, inputs, states, outputs, updates };
    const thread = await SessionThread.start(setup).catch((error: unknown) => {
      // The processor is always there: what fails on it is something else.
      if (provider === "cpu" || !(error instanceof WorkError)) throw error;
      throw providerError(provider, error.details.found.replace(/^Error: /, "").split("\n")[0]);
    });
    return new OnnxExecutable(graph, ports, thread);
  }

  private constructor(graph: Graph, ports: GraphInputs, thread: SessionThread) {
    this.graph = graph;
    this.#ports = ports;
    this.#thread = thread;
  }

  async setState(values: StateMap): Promise<void> {
    checkStates(values, this.#ports);
    await this.#thread.call("setState", values);
  }

  async getState(): Promise<Map<string, Float32Array>> {
    return new Map(Object.entries(await this.#thread.call("getState", undefined)));
  }

  async run(inputs: Readonly<Record<string, TensorData>>): Promise<Record<string, Float32Array>> {
    checkInputs(inputs, this.#ports);
    return await this.#thread.call("run", inputs);
  }

  async dispose(): Promise<void> {
    await this.#thread.dispose();
  }
}
