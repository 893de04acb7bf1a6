/** `residua doctor`: what this machine has, and what to do about what is missing. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import type { Engine } from "../engine/engine.ts";
import { providersHere } from "../engine/onnx/providers.ts";
import { availableMemoryBytes } from "./available-memory.ts";
import { createEngine, nativeProblem } from "./engines.ts";
import { VERSIONS, type Versions } from "./versions.ts";

export interface EngineHealth {
  readonly name: string;
  readonly available: boolean;
  readonly precision: string | null;
  /** Why it is not available, and what to do; null where it is. */
  readonly problem: string | null;
}

export interface Health {
  readonly versions: Versions;
  readonly processor: {
    readonly model: string;
    readonly cores: number;
    readonly features: readonly string[];
  };
  /** `free`: what this process may still take; see `availableMemoryBytes`. */
  readonly memoryMiB: { readonly total: number; readonly free: number };
  readonly engines: readonly EngineHealth[];
  /** Execution providers that the installed ONNX Runtime was built with; whether one finds its device shows when it is used. */
  readonly providers: readonly string[];
}

/** Instruction sets that make networks fast. */
const FEATURES = ["avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_tile"] as const;

/** Looks, and runs a one-node graph on each engine, the preferred one first. */
export async function examine(): Promise<Health> {
  return {
    versions: VERSIONS,
    processor: {
      model: cpus()[0]?.model ?? "unknown",
      cores: availableParallelism(),
      features: processorFeatures(),
    },
    memoryMiB: {
      total: Math.round(totalmem() / 2 ** 20),
      free: Math.round(availableMemoryBytes() / 2 ** 20),
    },
    engines: [await nativeHealth(), await engineHealth(createEngine({ name: "onnx" }), "npm ci")],
    providers: providersHere(),
  };
}

async function nativeHealth(): Promise<EngineHealth> {
  const problem = nativeProblem();
  if (problem !== null) return { name: "native", available: false, precision: null, problem };
  return await engineHealth(createEngine({ name: "native" }), "sh scripts/build-native.sh");
}

/** @param repair the command that makes the engine anew */
async function engineHealth(engine: Engine, repair: string): Promise<EngineHealth> {
  try {
    const executable = await engine.compile({
      name: "doctor",
      nodes: [
        { kind: "input", name: "x", shape: [1], dtype: "f32" },
        { kind: "operation", primitive: "exp", attributes: {}, operands: [0], shape: [1], dtype: "f32" },
      ],
      outputs: { y: 1 },
      updates: {},
    });
    const { y } = await executable.run({ x: Float32Array.of(0) });
    await executable.dispose();
    if (y[0] !== 1) throw new Error(`exp(0) came out as ${y[0]}`);
    return { name: engine.name, available: true, precision: engine.precision, problem: null };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      name: engine.name,
      available: false,
      precision: null,
      problem: `${reason}. Make it anew: ${repair}.`,
    };
  }
}

/** From the kernel's list; empty where the system has none. */
function processorFeatures(): string[] {
  try {
    const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "";
    const known = new Set(flags.trim().split(/\s+/));
    return FEATURES.filter((feature) => known.has(feature));
  } catch {
    return [];
  }
}
