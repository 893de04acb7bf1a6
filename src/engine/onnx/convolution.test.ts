import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, it } from "vitest";
import { RandomStream, randomKey } from "../../domain/random.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import type { Spatial } from "../../graph/primitives.ts";
import { convolutionOutputSize, elementCount } from "../../graph/shape-rules.ts";
import { lowerToRun } from "./lower-graph.ts";
import { PORTABLE } from "./lowering-call.ts";

const stream = new RandomStream(randomKey(11));
const triple = (draw: (axis: number) => number): Spatial => [draw(0), draw(1), draw(2)];
const cases = Array.from({ length: 12 }, () => {
  const kernel = triple(() => 1 + stream.integer(4));
  return {
    kernel,
    stride: triple(() => 1 + stream.integer(3)),
    padding: triple((axis) => stream.integer(kernel[axis] + 1)),
    size: triple((axis) => kernel[axis] + stream.integer(5)),
  };
});

it.each(cases)(
  "the input gradient without ConvTranspose is the same, $size by $kernel, stride $stride, padding $padding",
  async (shapes) => {
    const { kernel, stride, padding, size } = shapes;
    const out = convolutionOutputSize(size, kernel, stride, padding);
    const b = new GraphBuilder("gradient");
    const dy = b.input("dy", [2, 3, ...out]);
    const w = b.input("w", [3, 2, ...kernel]);
    b.output("dx", b.convInputGrad(dy, w, { stride, padding, inputSize: size }));
    const graph = b.finish();
    const feeds = Object.fromEntries(
      [dy, w].map(({ shape }, i) => {
        const values = Float32Array.from({ length: elementCount(shape) }, () => stream.normal());
        return [["dy", "w"][i], new Tensor("float32", values, shape)];
      }),
    );
    const [expected, found] = await Promise.all(
      [true, false].map(async (transposedConvolution) => {
        const { bytes, outputs } = lowerToRun(graph, { ...PORTABLE, transposedConvolution });
        const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
        const { data } = (await session.run(feeds))[outputs.dx];
        await session.release();
        return data as Float32Array;
      }),
    );
    expect(found).toHaveLength(expected.length);
    found.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 4);
    });
  },
);
