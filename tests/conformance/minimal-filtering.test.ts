/** The native engine's convolutions of 3x3x3 by minimal filtering, in both precisions, against loops over all indices. */
import { describe, expect, it } from "vitest";
import { RandomStream, randomKey } from "../../src/domain/random.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { loadNative } from "../../src/engine/native/engine.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Graph } from "../../src/graph/graph.ts";
import type { Shape, Spatial } from "../../src/graph/primitives.ts";
import { convolveDirectly, type Shapes } from "./direct-convolution.ts";
import { runOnce } from "./engines.ts";
import { relativeError } from "./golden.ts";

const ONES: Spatial = [1, 1, 1];

const convolution = (samples: number, inputs: number, outputs: number, size: Spatial): Shapes => ({
  samples,
  inputs,
  outputs,
  size,
  kernel: [3, 3, 3],
  stride: ONES,
  padding: ONES,
});

/** Odd and even sizes, one or many tiles along an axis, channels in one, odd and many vectors, several tasks of each kind. */
const cases = [
  convolution(1, 16, 16, [8, 8, 8]),
  convolution(2, 32, 48, [7, 10, 5]),
  convolution(1, 80, 16, [5, 9, 11]),
  convolution(3, 16, 32, [1, 9, 17]),
  convolution(1, 16, 64, [16, 3, 19]),
];

function randomValues(shape: Shape, stream: RandomStream): Float32Array {
  return Float32Array.from({ length: shape.reduce((product, n) => product * n, 1) }, () => stream.normal());
}

/** To the nearest bf16, ties to even. */
function rounded(values: Float32Array): Float32Array {
  const bits = new Uint32Array(values.slice().buffer);
  return new Float32Array(bits.map((b) => (b + 0x7fff + ((b >>> 16) & 1)) & 0xffff0000).buffer);
}

function family({ samples, inputs, outputs, size }: Shapes): Graph {
  const b = new GraphBuilder("family");
  const x = b.input("x", [samples, inputs, ...size]);
  const w = b.input("w", [outputs, inputs, 3, 3, 3]);
  const dy = b.input("dy", [samples, outputs, ...size]);
  b.output("y", b.conv(x, w, ONES, ONES));
  b.output("dx", b.convInputGrad(dy, w, { stride: ONES, padding: ONES, inputSize: size }));
  b.output("dw", b.convWeightGrad(x, dy, { stride: ONES, padding: ONES, kernel: [3, 3, 3] }));
  return b.finish();
}

/** Root mean square of the differences over that of what is expected. */
function spread(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let differences = 0;
  let squares = 0;
  for (let i = 0; i < expected.length; i++) {
    differences += (found[i] - expected[i]) ** 2;
    squares += expected[i] ** 2;
  }
  return Math.sqrt(differences / squares);
}

const single = loadNative({ precision: "fp32" });
const half = loadNative({ precision: "bf16" });
for (const loaded of [single, half])
  if ("reason" in loaded)
    process.stdout.write(`conformance of minimal filtering is skipped: ${loaded.reason}\n`);
const engines = [single, half].flatMap((loaded): Engine[] => ("engine" in loaded ? [loaded.engine] : []));

describe.each(engines)("minimal filtering in $precision", (engine) => {
  it.each(cases)("convolves $samples samples of $inputs → $outputs channels, $size", async (shapes) => {
    const stream = new RandomStream(randomKey(11));
    const graph = family(shapes);
    const inputs = graph.nodes.flatMap((node) =>
      node.kind === "input" ? [[node.name, randomValues(node.shape, stream)] as const] : [],
    );
    const values = Object.fromEntries(inputs) as Record<"x" | "w" | "dy", Float32Array>;
    if (engine.precision === "bf16") {
      values.x = rounded(values.x);
      values.dy = rounded(values.dy);
    }
    const expected = convolveDirectly(shapes, values);
    const found = await runOnce(engine, graph, values);
    for (const name of ["y", "dx", "dw"] as const) {
      if (engine.precision === "fp32")
        expect(relativeError(found[name], expected[name]), name).toBeLessThan(2e-6);
      // Twice the distance of neighbouring bf16 numbers, 2⁻⁸, at the most; a quarter of it would be one rounding.
      else expect(spread(found[name], expected[name]), name).toBeLessThan(2 ** -7);
    }
  });

  it("gives the same bits with any number of threads", async () => {
    const graph = family(convolution(2, 32, 64, [12, 14, 10]));
    const stream = new RandomStream(randomKey(12));
    const values = Object.fromEntries(
      graph.nodes.flatMap((node) =>
        node.kind === "input" ? [[node.name, randomValues(node.shape, stream)] as const] : [],
      ),
    );
    const results: Record<string, Float32Array>[] = [];
    for (const threads of [1, 2, 3]) {
      const executable = await engine.compile(graph, { threads });
      results.push(await executable.run(values));
      await executable.dispose();
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it("follows one convolution with another", async () => {
    const size: Spatial = [8, 9, 10];
    const b = new GraphBuilder("chain");
    const x = b.input("x", [1, 16, ...size]);
    const first = b.input("first", [32, 16, 3, 3, 3]);
    const second = b.input("second", [16, 32, 3, 3, 3]);
    b.output("y", b.conv(b.conv(x, first, ONES, ONES), second, ONES, ONES));
    const stream = new RandomStream(randomKey(13));
    const values = {
      x: randomValues(x.shape, stream),
      first: randomValues(first.shape, stream),
      second: randomValues(second.shape, stream),
    };
    const none = new Float32Array(32 * 720);
    const between = convolveDirectly(convolution(1, 16, 32, size), {
      x: values.x,
      w: values.first,
      dy: none,
    });
    const expected = convolveDirectly(convolution(1, 32, 16, size), {
      x: Float32Array.from(between.y),
      w: values.second,
      dy: none.subarray(0, 16 * 720),
    });
    const found = await runOnce(engine, b.finish(), values);
    expect(spread(found.y, expected.y)).toBeLessThan(engine.precision === "fp32" ? 1e-6 : 2 ** -6);
  });
});
