/** Runs graphs with the C++ add-on over oneDNN, the fastest engine on a processor. */
import { availableParallelism } from "node:os";
import { WorkError } from "../../domain/errors.ts";
import type { Graph } from "../../graph/graph.ts";
import { verify } from "../../graph/verify.ts";
import { executableClosed } from "../closed.ts";
import type { CompileOptions, Engine, Executable, StateMap, TensorData } from "../engine.ts";
import { checkInputs, checkStates, type GraphInputs, inputsOf } from "../inputs.ts";
import {
  loadAddon,
  type NativeAddon,
  type NativeProgram,
  type NativeSettings,
  type NativeTimings,
} from "./addon.ts";

export interface NativeEngineOptions {
  /** Threads of each executable, where `compile` does not say; by default all processors. */
  readonly threads?: number;
  /** By default bf16 where the processor multiplies such numbers, else fp32. */
  readonly precision?: Engine["precision"];
}

/**
 * The native engine, or why this machine has none and what to do.
 *
 * In bf16, activations between convolutions and normalisations are stored as bf16; sums, statistics, losses, parameters and the
 * optimiser stay in fp32.
 */
export function loadNative(
  options: NativeEngineOptions = {},
): { readonly engine: Engine } | { readonly reason: string } {
  const loaded = loadAddon();
  if ("reason" in loaded) return loaded;
  const { addon, description } = loaded;
  const precision = options.precision ?? (description.hasBf16 ? "bf16" : "fp32");
  if (precision === "bf16" && !description.hasBf16)
    return { reason: "this processor has no bf16 arithmetic (AVX512-BF16 or AMX); use fp32" };
  const settings = ({ threads = options.threads ?? availableParallelism() }: CompileOptions = {}) => ({
    threads,
    isHalf: precision === "bf16",
  });
  return {
    engine: {
      name: "native",
      precision,
      async plannedBytes(graph, wanted) {
        verify(graph);
        return await addon.plannedBytes(graph, settings(wanted)).catch(failed);
      },
      compile: (graph, wanted) => NativeExecutable.create(addon, graph, settings(wanted)),
    },
  };
}

class NativeExecutable implements Executable {
  readonly graph: Graph;
  readonly #ports: GraphInputs;
  readonly #program: NativeProgram;
  #isDisposed = false;

  static async create(addon: NativeAddon, graph: Graph, settings: NativeSettings): Promise<NativeExecutable> {
    verify(graph);
    const program = await addon.compile(graph, settings).catch(failed);
    return new NativeExecutable(graph, program);
  }

  private constructor(graph: Graph, program: NativeProgram) {
    this.graph = graph;
    this.#ports = inputsOf(graph);
    this.#program = program;
  }

  async setState(values: StateMap): Promise<void> {
    checkStates(values, this.#ports);
    await this.#call((program) => program.setState(Object.fromEntries(values)));
  }

  async getState(): Promise<Map<string, Float32Array>> {
    return new Map(Object.entries(await this.#call((program) => program.getState())));
  }

  async run(inputs: Readonly<Record<string, TensorData>>): Promise<Record<string, Float32Array>> {
    checkInputs(inputs, this.#ports);
    return await this.#call((program) => program.run(inputs));
  }

  async timings(): Promise<NativeTimings> {
    return await this.#call((program) => program.timings());
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    await this.#program.dispose();
  }

  async #call<T>(request: (program: NativeProgram) => Promise<T>): Promise<T> {
    if (this.#isDisposed) throw executableClosed();
    try {
      return await request(this.#program);
    } catch (error) {
      if (this.#isDisposed) throw executableClosed();
      return failed(error as Error);
    }
  }
}

function failed(error: Error): never {
  throw new WorkError("engine-runtime", {
    found: `the native engine: ${error.message}`,
    remedy: "Check with `residua doctor` that the engine works and that memory suffices.",
  });
}
