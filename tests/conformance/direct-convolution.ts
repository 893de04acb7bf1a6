/** Convolutions by their definition, in double precision: the slow twin of what engines do. */
import type { Spatial } from "../../src/graph/primitives.ts";
import { convolutionOutputSize } from "../../src/graph/shape-rules.ts";

export interface Shapes {
  readonly samples: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly size: Spatial;
  readonly kernel: Spatial;
  readonly stride: Spatial;
  readonly padding: Spatial;
}

/** Calls `visit` with the flat indices of every x, w and y that the definition of the convolution multiplies. */
function forEachProduct(shapes: Shapes, visit: (x: number, w: number, y: number) => void): void {
  const { samples, inputs, outputs, size, kernel, stride, padding } = shapes;
  const out = convolutionOutputSize(size, kernel, stride, padding);
  const flat = (lead: number, [depth, height, width]: Spatial, d: number, h: number, w: number) =>
    ((lead * depth + d) * height + h) * width + w;
  const voxels = function* ([depth, height, width]: Spatial): Generator<Spatial> {
    for (let d = 0; d < depth; d++)
      for (let h = 0; h < height; h++) for (let w = 0; w < width; w++) yield [d, h, w];
  };
  for (const y of voxels(out)) {
    for (const k of voxels(kernel)) {
      const x = y.map(
        (position, axis) => position * stride[axis] + k[axis] - padding[axis],
      ) as unknown as Spatial;
      if (x.some((position, axis) => position < 0 || position >= size[axis])) continue;
      for (let n = 0; n < samples; n++)
        for (let o = 0; o < outputs; o++)
          for (let c = 0; c < inputs; c++)
            visit(
              flat(n * inputs + c, size, ...x),
              flat(o * inputs + c, kernel, ...k),
              flat(n * outputs + o, out, ...y),
            );
    }
  }
}

export interface Operands {
  /** [samples, inputs, ...size] */
  readonly x: Float32Array;
  /** [outputs, inputs, ...kernel] */
  readonly w: Float32Array;
  /** The gradient of the result, [samples, outputs, ...]. */
  readonly dy: Float32Array;
}

/** The convolution of x with w, and the gradients of x and w. */
export function convolveDirectly(shapes: Shapes, { x, w, dy }: Operands) {
  const result = {
    y: new Float64Array(dy.length),
    dx: new Float64Array(x.length),
    dw: new Float64Array(w.length),
  };
  forEachProduct(shapes, (i, k, j) => {
    result.y[j] += x[i] * w[k];
    result.dx[i] += dy[j] * w[k];
    result.dw[k] += x[i] * dy[j];
  });
  return result;
}
