/** ONNX nodes for instance normalisation and its gradients. */
import type { Shape } from "../../graph/primitives.ts";
import { elementCount } from "../../graph/shape-rules.ts";
import type { LoweredValue, Lowering } from "./lowering-call.ts";
import type { OnnxModelWriter } from "./model-writer.ts";

/** x [N, C, …] as [N, C, voxels], which the reductions and broadcasts of the runtime take in one pass. */
function flat(writer: OnnxModelWriter, { name, shape }: LoweredValue): string {
  return writer.node("Reshape", [name, writer.integers([shape[0], shape[1], -1])]);
}

function voxels(shape: Shape): number {
  return elementCount(shape.slice(2));
}

/** Part i of a [2, N, C] tensor as [N, C, 1]. */
function part(writer: OnnxModelWriter, { name, shape }: LoweredValue, i: number): string {
  const one = writer.node("Gather", [name, writer.integers([i], [])], { axis: 0 });
  return writer.node("Reshape", [one, writer.integers([shape[1], shape[2], 1])]);
}

/** A [C] tensor as [1, C, 1]. */
function perChannel(writer: OnnxModelWriter, { name }: LoweredValue): string {
  return writer.node("Reshape", [name, writer.integers([1, -1, 1])]);
}

/** Two [N, C, 1] tensors as [2, N, C]. */
function pair(writer: OnnxModelWriter, a: string, b: string, shape: Shape): string {
  const [, n, c] = shape;
  const rows = [a, b].map((name) => writer.node("Reshape", [name, writer.integers([1, n, c])]));
  return writer.node("Concat", rows, { axis: 0 });
}

function overVoxels(writer: OnnxModelWriter, opType: "ReduceMean" | "ReduceSum", x: string): string {
  return writer.node(opType, [x, writer.integers([2])], { keepdims: 1 });
}

export const lowerMoments: Lowering<"moments"> = ({ writer, attributes: { eps }, operands: [x], shape }) => {
  const values = flat(writer, x);
  const mean = overVoxels(writer, "ReduceMean", values);
  const centred = writer.node("Sub", [values, mean]);
  const variance = overVoxels(writer, "ReduceMean", writer.node("Mul", [centred, centred]));
  const deviation = writer.node("Sqrt", [writer.node("Add", [variance, writer.floats([eps], [])])]);
  return pair(writer, mean, writer.node("Reciprocal", [deviation]), shape);
};

export const lowerNormalise: Lowering<"normalise"> = ({ writer, operands, shape }) => {
  const [x, moments, scale, shift] = operands;
  const slope = writer.node("Mul", [part(writer, moments, 1), perChannel(writer, scale)]);
  const centred = writer.node("Sub", [flat(writer, x), part(writer, moments, 0)]);
  const scaled = writer.node("Mul", [centred, slope]);
  const shifted = writer.node("Add", [scaled, perChannel(writer, shift)]);
  return writer.node("Reshape", [shifted, writer.integers(shape)]);
};

export const lowerNormaliseSums: Lowering<"normaliseSums"> = ({ writer, operands, shape }) => {
  const [x, moments, dy] = operands;
  const gradient = flat(writer, dy);
  const centred = writer.node("Sub", [flat(writer, x), part(writer, moments, 0)]);
  const product = overVoxels(writer, "ReduceSum", writer.node("Mul", [gradient, centred]));
  const along = writer.node("Mul", [product, part(writer, moments, 1)]);
  return pair(writer, overVoxels(writer, "ReduceSum", gradient), along, shape);
};

/** dx = rstd·scale·(dy − Σdy/M − x̂·Σ(dy·x̂)/M), over M voxels (Ioffe & Szegedy 2015, section 3, per sample). */
export const lowerNormaliseInputGrad: Lowering<"normaliseInputGrad"> = ({ writer, operands, shape }) => {
  const [x, moments, scale, sums, dy] = operands;
  const rstd = part(writer, moments, 1);
  const slope = writer.node("Mul", [rstd, perChannel(writer, scale)]);
  const share = writer.node("Mul", [slope, writer.floats([1 / voxels(x.shape)], [])]);
  const offset = writer.node("Mul", [share, part(writer, sums, 0)]);
  const tilt = writer.node("Mul", [writer.node("Mul", [share, rstd]), part(writer, sums, 1)]);
  const centred = writer.node("Sub", [flat(writer, x), part(writer, moments, 0)]);
  const direct = writer.node("Sub", [writer.node("Mul", [flat(writer, dy), slope]), offset]);
  const dx = writer.node("Sub", [direct, writer.node("Mul", [centred, tilt])]);
  return writer.node("Reshape", [dx, writer.integers(shape)]);
};
