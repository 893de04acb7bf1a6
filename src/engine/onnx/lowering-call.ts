/** What the lowerings of the primitives have in common. */
import type { Attributes, Primitive, Shape } from "../../graph/primitives.ts";
import type { OnnxModelWriter } from "./model-writer.ts";

/** A value of the graph in the ONNX model. */
export interface LoweredValue {
  readonly name: string;
  readonly shape: Shape;
}

/** What a lowering works with. */
export interface LoweringCall<P extends Primitive> {
  readonly writer: OnnxModelWriter;
  readonly attributes: Attributes[P];
  readonly operands: readonly LoweredValue[];
  readonly shape: Shape;
}

/** Adds nodes to the model and returns the name of the result. */
export type Lowering<P extends Primitive> = (call: LoweringCall<P>) => string;
