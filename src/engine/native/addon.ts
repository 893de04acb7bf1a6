/** The C++ add-on of `native/`: its interface, and how it is found. */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Graph } from "../../graph/graph.ts";
import { SHAPE_RULES } from "../../graph/shape-rules.ts";
import type { ExecutableTimings, TensorData } from "../engine.ts";

/** A compiled graph. Calls are answered in order, off the event loop; what goes in is copied when the call is made. */
export interface NativeProgram {
  setState(values: Readonly<Record<string, Float32Array>>): Promise<void>;
  getState(): Promise<Record<string, Float32Array>>;
  run(inputs: Readonly<Record<string, TensorData>>): Promise<Record<string, Float32Array>>;
  timings(): Promise<NativeTimings>;
  dispose(): Promise<void>;
}

export interface NativeTimings extends ExecutableTimings {
  /** Planned memory of the program, state included. */
  readonly memoryBytes: number;
  /** Label and seconds of each step, longest first. */
  readonly steps: readonly (readonly [string, number])[];
}

export interface NativeDescription {
  /** Names of the primitives that it can run. */
  readonly primitives: readonly string[];
  /** Version of oneDNN. */
  readonly oneDnn: string;
  /** Whether the processor multiplies bf16 numbers and oneDNN makes use of it. */
  readonly hasBf16: boolean;
  readonly hasAmx: boolean;
}

export interface NativeSettings {
  readonly threads: number;
  readonly isHalf: boolean;
}

export interface NativeAddon {
  compile(graph: Graph, settings: NativeSettings): Promise<NativeProgram>;
  /** Memory that the program would take, state included; nothing is allocated. */
  plannedBytes(graph: Graph, settings: NativeSettings): Promise<number>;
  describe(): NativeDescription;
}

/** The add-on, or why it is not there and what to do. */
export type LoadedAddon =
  | { readonly addon: NativeAddon; readonly description: NativeDescription }
  | { readonly reason: string };

const BUILD = "sh scripts/build-native.sh";
let loaded: LoadedAddon | undefined;

/** Loads the add-on at the first call. */
export function loadAddon(): LoadedAddon {
  loaded ??= tryToLoad();
  return loaded;
}

/**
 * The OpenMP library reads it when it is loaded with the add-on. Threads that spin while they wait for each other take a busy machine's processors from those they
 * wait for: docs/decisions/0044-native-engine.md.
 */
function waitWithoutSpinning(): void {
  process.env.OMP_WAIT_POLICY ??= "passive";
}

function tryToLoad(): LoadedAddon {
  waitWithoutSpinning();
  const file = fileURLToPath(new URL("../../../native/build/residua.node", import.meta.url));
  try {
    const addon = createRequire(import.meta.url)(file) as NativeAddon;
    const description = addon.describe();
    const known = new Set(description.primitives);
    const missing = Object.keys(SHAPE_RULES).filter((primitive) => !known.has(primitive));
    if (missing.length > 0) {
      return {
        reason: `the add-on was built from other sources: it lacks ${missing.join(", ")}; run ${BUILD}`,
      };
    }
    return { addon, description };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "MODULE_NOT_FOUND") return { reason: `the add-on is not built; run ${BUILD}` };
    return { reason: `the add-on does not load (${message.split("\n")[0]}); run ${BUILD}` };
  }
}
