/** The vector-quantised network, run by the onnx engine, against PyTorch, and its codebook against NumPy. */
import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { NetworkPlan } from "../../src/networks/encoder-decoder.ts";
import { type QuantiserOptions, quantise, trainQuantiser } from "../../src/networks/quantiser.ts";
import { createVqNetwork, VQ_DEFAULTS, type VqOptions } from "../../src/networks/vq.ts";
import { ENGINES } from "../conformance/engines.ts";
import golden from "../golden/networks/vq.json" with { type: "json" };
import { expectDigest, lcg, run, size, withGradients } from "./golden-network.ts";

describe.each(golden.cases)("the network with $options", (each) => {
  const { batchSize } = each;
  const plan = each.plan as unknown as NetworkPlan;
  const options = { ...VQ_DEFAULTS, ...each.options } as VqOptions;
  const network = createVqNetwork(plan, options);

  it("makes PyTorch's logits, quantised bottleneck, codes and histogram, which the interface names", async () => {
    const outputs = await run(network.inference({ batchSize }), plan.classes);
    expect(Object.keys(outputs).sort()).toEqual(
      ["logits", "bottleneck", ...network.extraOutputs.inference].sort(),
    );
    expect([...outputs.codes]).toEqual(each.codes);
    for (const [name, digest] of Object.entries(each.outputs)) expectDigest(name, outputs[name], digest);
  });

  it("has PyTorch's loss with commitment, its perplexity, and every gradient", async () => {
    const graph = withGradients(network.training({ batchSize, batchDice: true }));
    const { loss, overlap, perplexity, commitment, codeUse, ...gradients } = await run(graph, plan.classes);
    expect(overlap).toHaveLength(3 * (plan.classes - 1));
    expect(loss[0]).toBeCloseTo(each.loss, 5);
    expect(perplexity[0]).toBeCloseTo(each.perplexity, 4);
    expect(commitment[0]).toBeCloseTo(each.commitment, 5);
    expect([...codeUse]).toEqual(
      Array.from({ length: options.codes }, (_, k) => each.codes.filter((code) => code === k).length),
    );
    expect(Object.keys(gradients).sort()).toEqual(Object.keys(each.gradients).sort());
    for (const [name, digest] of Object.entries(each.gradients)) expectDigest(name, gradients[name], digest);
  });
});

/** A quantiser alone, whose only work is its updates. */
function quantiserGraph(shape: readonly number[], options: QuantiserOptions) {
  const b = new GraphBuilder("quantiser");
  const z = b.input("z", shape);
  const quantised = quantise(b, "q", z, options);
  b.output("codes", quantised.codes);
  b.output("penalty", trainQuantiser(b, "q", z, quantised, options).penalty);
  return b.finish();
}

const initial = (name: string, count: number, scale: (u: number) => number) =>
  Float32Array.from(lcg(name, count), scale);

describe.each(ENGINES)("the codebook on the $name engine", (engine) => {
  it.each(golden.updates)(
    "follows NumPy's over several steps with $options",
    async ({ shape, steps, ...each }) => {
      const options: QuantiserOptions = { ...VQ_DEFAULTS, ...each.options };
      const { codes, dimensions, revivalShare } = options;
      const executable = await engine.compile(quantiserGraph(shape, options));
      const draw = initial("draw", codes, (u) => 0.5 * u);
      await executable.setState(
        new Map([
          ["q.codebook", initial("book", codes * dimensions, (u) => u)],
          ["q.use", initial("use", codes, (u) => 1 + Math.fround(0.2 * u))],
          ...(revivalShare > 0 ? [["q.draw", draw] as const] : []),
        ]),
      );
      for (const [step, expected] of steps.entries()) {
        await executable.run({ z: Float32Array.from(lcg(`z${step}`, size(shape))) });
        const state = await executable.getState();
        state.get("q.codebook")?.forEach((value, i) => {
          expect(value, `step ${step}, codebook ${i}`).toBeCloseTo(expected.codebook[i], 5);
        });
        state.get("q.use")?.forEach((value, k) => {
          expect(value, `step ${step}, use ${k}`).toBeCloseTo(expected.use[k], 5);
        });
      }
      await executable.dispose();
      expect(steps.some(({ revived }) => revived.length > 0)).toBe(revivalShare > 0);
    },
  );

  it.each(["moving-average", "gradient"] as const)(
    "begins as locations of the first batch, by %s",
    async (codebook) => {
      const options = { ...VQ_DEFAULTS, codes: 4, dimensions: 2, codebook };
      const shape = [1, 2, 2, 2, 2];
      const executable = await engine.compile(quantiserGraph(shape, options));
      await executable.setState(
        new Map([
          ["q.codebook", initial("book", 8, (u) => u)],
          ["q.use", new Float32Array(4)],
          ["q.draw", Float32Array.of(-0.5, -0.2, 0.1, 0.5)],
          ...(codebook === "gradient" ? [["q.shift", new Float32Array(8)] as const] : []),
        ]),
      );
      const z = Float32Array.from(lcg("z", 16), (u) => 5 * u);
      await executable.run({ z });
      const state = await executable.getState();
      await executable.dispose();
      const book = state.get("q.codebook") ?? [];
      const shift = state.get("q.shift");
      // Draws −0.5, −0.2, 0.1 and 0.5 point at eighths 0, 2.4, 4.8 and 8, the last being held inside.
      [0, 2, 4, 7].forEach((location, k) => {
        for (const d of [0, 1]) {
          expect(book[2 * k + d] + (shift?.[2 * k + d] ?? 0)).toBeCloseTo(z[8 * d + location], 5);
        }
      });
    },
  );

  it("gives the first of equal codes", async () => {
    const options = { ...VQ_DEFAULTS, codes: 3, dimensions: 1, revivalShare: 0 };
    const executable = await engine.compile(quantiserGraph([1, 1, 1, 1, 2], options));
    await executable.setState(
      new Map([
        ["q.codebook", Float32Array.of(-1, 1, 1)],
        ["q.use", Float32Array.of(1, 1, 1)],
      ]),
    );
    const { codes } = await executable.run({ z: Float32Array.of(0.9, 0) });
    await executable.dispose();
    expect([...codes]).toEqual([1, 0]);
  });
});
