/** What the lowerings of the primitives have in common. */
import type { Attributes, Primitive, Shape, Spatial } from "../../graph/primitives.ts";
import type { OnnxModelWriter } from "./model-writer.ts";

/** A value of the graph in the ONNX model. */
export interface LoweredValue {
  readonly name: string;
  readonly shape: Shape;
}

/** What the model may be made of. */
export interface LoweringTarget {
  /** Whether operators that only ONNX Runtime has may be used (on the processor). */
  readonly runtimeOperators: boolean;
  /**
   * Channels per block of the runtime's blocked image layout on this machine; `undefined` where there is none.
   * See `probe.ts`.
   */
  readonly channelBlock: number | undefined;
  /** Whether `ConvTranspose` runs in three dimensions; the runtime's WebGPU kernel does not. */
  readonly transposedConvolution: boolean;
}

/** Standard operators only: for export, and for other execution providers. */
export const PORTABLE: LoweringTarget = {
  runtimeOperators: false,
  channelBlock: undefined,
  transposedConvolution: true,
};

/** What a lowering works with. */
export interface LoweringCall<P extends Primitive> {
  readonly writer: OnnxModelWriter;
  readonly target: LoweringTarget;
  readonly attributes: Attributes[P];
  readonly operands: readonly LoweredValue[];
  readonly shape: Shape;
}

/** Adds nodes to the model and returns the name of the result. */
export type Lowering<P extends Primitive> = (call: LoweringCall<P>) => string;

/** Spatial sizes of an image or kernel. */
export function spatial({ shape }: Pick<LoweredValue, "shape">): Spatial {
  return [shape[2], shape[3], shape[4]];
}
