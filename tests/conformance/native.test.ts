/** What only the native engine promises, in each precision that the processor has. */
import { expect, it } from "vitest";
import { RandomStream, randomKey } from "../../src/domain/random.ts";
import type { NativeTimings } from "../../src/engine/native/addon.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { quantise } from "../../src/networks/quantiser.ts";
import { VQ_DEFAULTS } from "../../src/networks/vq.ts";
import { NATIVE_ENGINES, runOnce } from "./engines.ts";
import { relativeError } from "./golden.ts";

const hasNone = NATIVE_ENGINES.length === 0;

it.skipIf(hasNone)("takes the memory that it planned", async () => {
  const b = new GraphBuilder("two convolutions");
  const [w, v] = ["w", "v"].map((name) => b.state(name, [16, 16, 3, 3, 3], { kind: "constant", value: 0 }));
  const y = b.leakyRelu(b.conv(b.input("x", [2, 16, 20, 24, 20]), w, [1, 1, 1], [1, 1, 1]), 0.01);
  b.output("y", b.conv(y, v, [2, 2, 2], [1, 1, 1]));
  const graph = b.finish();
  for (const engine of NATIVE_ENGINES) {
    for (const threads of [1, 2]) {
      const executable = await engine.compile(graph, { threads });
      const timings = (await executable.timings?.()) as NativeTimings;
      await executable.dispose();
      expect(await engine.plannedBytes(graph, { threads })).toBe(timings.memoryBytes);
    }
  }
});

it.skipIf(hasNone)("measures the quantiser's distances, and gathers its codes, in fp32", async () => {
  const codes = 64;
  const dimensions = 16;
  const b = new GraphBuilder("quantiser after a convolution");
  const w = b.state("w", [dimensions, 8, 1, 1, 1], { kind: "constant", value: 0 });
  const z = b.conv(b.input("x", [2, 8, 6, 8, 8]), w, [1, 1, 1], [0, 0, 0]);
  const options = { ...VQ_DEFAULTS, codes, dimensions };
  const found = quantise(b, "q", z, options);
  b.output("z", z);
  b.output("codes", found.codes);
  b.output("vectors", found.vectors);
  // A convolution after it, which wants its image in bf16.
  const v = b.input("v", [4, dimensions, 1, 1, 1]);
  b.output("after", b.conv(b.add(z, b.subtract(found.vectors, z)), v, [1, 1, 1], [0, 0, 0]));
  const graph = b.finish();
  const stream = new RandomStream(randomKey(8));
  const draw = (length: number) => Float32Array.from({ length }, () => stream.normal());
  const book = draw(codes * dimensions);
  for (const engine of NATIVE_ENGINES) {
    const state = new Map([
      ["w", draw(8 * dimensions)],
      ["q.codebook", book],
    ]);
    const outputs = await runOnce(engine, graph, { x: draw(2 * 8 * 384), v: draw(4 * dimensions) }, state);
    const nearest = (rounded: boolean) =>
      Array.from({ length: 2 * 384 }, (_, m) => nearestCode(outputs.z, book, m, rounded));
    expect([...outputs.codes]).toEqual(nearest(false));
    // Distances of bf16 numbers would have given some locations another code.
    expect(nearest(true)).not.toEqual(nearest(false));
    outputs.codes.forEach((code, m) => {
      for (let d = 0; d < dimensions; d++) {
        expect(outputs.vectors[placeOf(m, d, dimensions)]).toBe(book[code * dimensions + d]);
      }
    });
  }
});

it.skipIf(hasNone)("rounds, and no more, what lies between two convolutions, whatever it is", async () => {
  const b = new GraphBuilder("between");
  const none = [0, 0, 0] as const;
  const one = [1, 1, 1] as const;
  const x = b.conv(b.input("x", [2, 4, 4, 6, 8]), b.input("w", [8, 4, 1, 1, 1]), one, none);
  const v = b.input("v", [8, 8, 1, 1, 1]);
  const between = {
    sumPool: b.sumPool(x, [2, 2, 2]),
    repeat: b.repeat(x, [2, 1, 2]),
    pad: b.apply("pad", { before: [0, 0, 1, 0, 0], after: [0, 0, 0, 2, 1] }, x),
    slice: b.slice(x, [0, 0, 1, 1, 0], [2, 8, 4, 6, 7]),
    concat: b.slice(b.concat([x, b.leakyRelu(x, 0.1)], 1), [0, 4, 0, 0, 0], [2, 12, 4, 6, 8]),
    transpose: b.transpose(x, [0, 1, 4, 2, 3]),
    add: b.add(x, b.multiply(x, b.sigmoid(x))),
  };
  for (const [name, value] of Object.entries(between)) {
    b.output(name, b.conv(value, v, one, none));
  }
  const graph = b.finish();
  const stream = new RandomStream(randomKey(9));
  const draw = (length: number) => Float32Array.from({ length }, () => stream.normal());
  const inputs = { x: draw(2 * 4 * 192), w: draw(32), v: draw(64) };
  const [exact, ...others] = await Promise.all(
    NATIVE_ENGINES.map((engine) => runOnce(engine, graph, inputs)),
  );
  for (const rounded of others) {
    for (const name of Object.keys(between))
      expect(relativeError(rounded[name], exact[name]), name).toBeLessThan(0.02);
  }
});

/** Where number d of location m of [2, D, 384 voxels] is. */
function placeOf(m: number, d: number, dimensions: number): number {
  return (Math.floor(m / 384) * dimensions + d) * 384 + (m % 384);
}

/** By definition, in double precision, or of numbers rounded to bf16. */
function nearestCode(z: Float32Array, book: Float32Array, m: number, rounded: boolean): number {
  const dimensions = 16;
  const number = (value: number) => (rounded ? toBf16(value) : value);
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let k = 0; k < book.length / dimensions; k++) {
    let distance = 0;
    for (let d = 0; d < dimensions; d++) {
      distance += (number(z[placeOf(m, d, dimensions)]) - number(book[k * dimensions + d])) ** 2;
    }
    if (distance < least) {
      least = distance;
      best = k;
    }
  }
  return best;
}

/** To the nearest number with 8 significant bits. */
function toBf16(value: number): number {
  if (value === 0) return 0;
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(value))) - 7);
  return Math.round(value / unit) * unit;
}
