/** The convolution family on random shapes, on every engine, against loops over all indices. */
import { describe, expect, it } from "vitest";
import { RandomStream, randomKey } from "../../src/domain/random.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { convolutionOutputSize } from "../../src/graph/shape-rules.ts";
import { convolveDirectly, type Shapes } from "./direct-convolution.ts";
import { ENGINES, runOnce } from "./engines.ts";
import { relativeError } from "./golden.ts";

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
      const expected = convolveDirectly(shapes, values);
      const found = await runOnce(engine, b.finish(), values);
      for (const name of ["y", "dx", "dw"] as const)
        expect(relativeError(found[name], expected[name]), name).toBeLessThan(2e-6);
    },
  );
});
