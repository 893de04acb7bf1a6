/** The convolution family on random shapes, on every engine, against loops over all indices. */
import { describe, expect, it } from "vitest";
import { RandomStream, randomKey } from "../../src/domain/random.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Spatial } from "../../src/graph/primitives.ts";
import { convolutionOutputSize } from "../../src/graph/shape-rules.ts";
import { ENGINES, runOnce } from "./engines.ts";
import { relativeError } from "./golden.ts";

interface Shapes {
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

function randomShapes(stream: RandomStream): Shapes {
  const triple = (draw: (axis: number) => number) => [draw(0), draw(1), draw(2)] as const;
  const kernel = triple(() => 1 + stream.integer(4));
  const padding = triple((axis) => stream.integer(kernel[axis] + 1));
  return {
    samples: 1 + stream.integer(2),
    inputs: stream.choice([1, 3, 8, 16, 32]),
    outputs: stream.choice([2, 5, 8, 16, 32]),
    size: triple((axis) => kernel[axis] + stream.integer(5)),
    kernel,
    stride: triple(() => 1 + stream.integer(3)),
    padding,
  };
}

const stream = new RandomStream(randomKey(5));
const drawn = Array.from({ length: 16 }, () => randomShapes(stream));

describe.each(ENGINES)("the $name engine", (engine) => {
  it.each(drawn)(
    "convolves $samples samples of $inputs → $outputs channels, $size by $kernel, stride $stride, padding $padding",
    async (shapes) => {
      const { samples, inputs, outputs, size, kernel, stride, padding } = shapes;
      const out = convolutionOutputSize(size, kernel, stride, padding);
      const b = new GraphBuilder("family");
      const x = b.input("x", [samples, inputs, ...size]);
      const w = b.input("w", [outputs, inputs, ...kernel]);
      const dy = b.input("dy", [samples, outputs, ...out]);
      b.output("y", b.conv(x, w, stride, padding));
      b.output("dx", b.convInputGrad(dy, w, { stride, padding, inputSize: size }));
      b.output("dw", b.convWeightGrad(x, dy, { stride, padding, kernel }));
      const draw = ({ shape }: { shape: readonly number[] }) =>
        Float32Array.from({ length: shape.reduce((product, length) => product * length, 1) }, () =>
          stream.normal(),
        );
      const values = { x: draw(x), w: draw(w), dy: draw(dy) };
      const expected = {
        y: new Float64Array(values.dy.length),
        dx: new Float64Array(values.x.length),
        dw: new Float64Array(values.w.length),
      };
      forEachProduct(shapes, (i, k, j) => {
        expected.y[j] += values.x[i] * values.w[k];
        expected.dx[i] += values.dy[j] * values.w[k];
        expected.dw[k] += values.x[i] * values.dy[j];
      });
      const found = await runOnce(engine, b.finish(), values);
      for (const name of ["y", "dx", "dw"] as const)
        expect(relativeError(found[name], expected[name]), name).toBeLessThan(2e-6);
    },
  );
});
