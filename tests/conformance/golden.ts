/** Golden values of tests/golden/graph as typed arrays. */
import { readFileSync } from "node:fs";
import type { TensorData } from "../../src/engine/engine.ts";
import type { Attributes, DType, Primitive, Shape } from "../../src/graph/primitives.ts";

export interface StoredTensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly base64: string;
}

export interface PrimitiveCase {
  readonly primitive: Primitive;
  readonly attributes: Attributes[Primitive];
  readonly operands: readonly StoredTensor[];
  readonly result: StoredTensor;
  readonly cotangent?: StoredTensor;
  /** One per f32 operand. */
  readonly gradients?: readonly StoredTensor[];
}

export interface Trajectory {
  readonly clipNorm: number;
  readonly inputs: Readonly<Record<"x" | "target", StoredTensor>>;
  readonly start: Readonly<Record<"weight" | "bias", StoredTensor>>;
  readonly steps: readonly {
    readonly learningRate: number;
    readonly loss: number;
    readonly gradientNorm: number;
    readonly weight: StoredTensor;
    readonly bias: StoredTensor;
  }[];
}

export interface UNetStep {
  readonly image: StoredTensor;
  readonly labels: StoredTensor;
  readonly parameters: Readonly<Record<string, StoredTensor>>;
  readonly logits: StoredTensor;
  readonly loss: number;
  readonly gradients: Readonly<Record<string, StoredTensor>>;
}

export function readGolden<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../golden/graph/${name}`, import.meta.url), "utf8"));
}

export function valuesOf({ dtype, base64 }: StoredTensor): TensorData {
  const bytes = new Uint8Array(Buffer.from(base64, "base64"));
  return dtype === "i32" ? new Int32Array(bytes.buffer) : new Float32Array(bytes.buffer);
}

export function floatsOf(tensor: StoredTensor): Float32Array {
  return valuesOf(tensor) as Float32Array;
}

/** Largest difference relative to the largest expected magnitude (absolute where all is below 1e-6). */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let largest = 1e-6;
  for (let i = 0; i < expected.length; i++) {
    const distance = Math.abs(found[i] - expected[i]);
    // A NaN anywhere is an infinite error, which a maximum alone would hide.
    difference = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : Math.max(difference, distance);
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return difference / largest;
}
