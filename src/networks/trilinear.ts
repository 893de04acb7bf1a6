/** Trilinear up-sampling, made of other primitives. */
import type { GraphBuilder, Value } from "../graph/builder.ts";
import type { Shape, Spatial } from "../graph/primitives.ts";
import { elementCount } from "../graph/shape-rules.ts";

/**
 * Trilinear up-sampling by whole factors with voxels as cells: `interpolate(mode="trilinear", align_corners=False)` of PyTorch. Beyond
 * the outermost centres the value stays.
 *
 * @param x [N, C, D, H, W]
 * @returns [N, C, D·factor, H·factor, W·factor]
 */
export function trilinearUpsample(b: GraphBuilder, x: Value, factor: Spatial): Value {
  return factor.reduce((y, times, i) => linearUpsample(b, y, i + 2, times), x);
}

/** Output j of the f that belong to an input lies (j + ½)/f − ½ from its centre: between it and the neighbour on that side. */
function linearUpsample(b: GraphBuilder, x: Value, axis: number, factor: number): Value {
  if (factor === 1) return x;
  const length = x.shape[axis];
  // [everything before, length, 1, everything after]; the outputs of an input are joined along the axis of size 1.
  const before = elementCount(x.shape.slice(0, axis));
  const after = elementCount(x.shape.slice(axis + 1));
  const cells = b.reshape(x, [before, length, 1, after]);
  const part = (from: number, to: number) => b.slice(cells, [0, from, 0, 0], [before, to, 1, after]);
  const last = length - 1;
  const previous = length === 1 ? cells : b.concat([part(0, 1), part(0, last)], 1);
  const next = length === 1 ? cells : b.concat([part(1, length), part(last, length)], 1);
  const outputs = Array.from({ length: factor }, (_, j) => {
    const offset = (j + 0.5) / factor - 0.5;
    if (offset === 0) return cells;
    const own = b.multiply(cells, 1 - Math.abs(offset));
    return b.add(own, b.multiply(offset < 0 ? previous : next, Math.abs(offset)));
  });
  const shape: Shape = x.shape.map((size, i) => (i === axis ? size * factor : size));
  return b.reshape(b.concat(outputs, 2), shape);
}
