/** Attention U-Net and its up-sampling, run by the onnx engine, against PyTorch. */
import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { appendGradients } from "../../src/graph/gradients.ts";
import type { Spatial } from "../../src/graph/primitives.ts";
import { createAttentionUNet } from "../../src/networks/attention-unet.ts";
import type { NetworkPlan } from "../../src/networks/encoder-decoder.ts";
import { trilinearUpsample } from "../../src/networks/trilinear.ts";
import { ENGINES, runOnce } from "../conformance/engines.ts";
import golden from "../golden/networks/attention-unet.json" with { type: "json" };
import { expectDigest, lcg, run, size, states, withGradients } from "./golden-network.ts";

describe.each(ENGINES)("the $name engine", (engine) => {
  it.each(golden.upsampling)(
    "up-samples $shape by $factor as PyTorch does, and the gradient too",
    async (each) => {
      const b = new GraphBuilder("upsampling");
      const x = b.input("x", each.shape);
      const y = trilinearUpsample(b, x, each.factor as unknown as Spatial);
      const cotangent = b.input("cotangent", y.shape);
      b.output("y", y);
      b.output("gradient", appendGradients(b, b.sum(b.multiply(y, cotangent)), [x])[0]);
      const values = (name: string, shape: readonly number[]) => Float32Array.from(lcg(name, size(shape)));
      const outputs = await runOnce(engine, b.finish(), {
        x: values("x", x.shape),
        cotangent: values("cotangent", y.shape),
      });
      expectDigest("y", outputs.y, each.y);
      expectDigest("gradient", outputs.gradient, each.gradient);
    },
  );
});

describe.each(golden.cases)("an Attention U-Net with gates at levels $gatedLevels", (each) => {
  const { batchSize } = each;
  const plan = each.plan as unknown as NetworkPlan;
  const network = createAttentionUNet(plan, { gatedLevels: each.gatedLevels });

  it("makes PyTorch's logits, bottleneck and attention maps, which the interface names", async () => {
    const outputs = await run(network.inference({ batchSize }), plan.classes);
    expect(Object.keys(outputs).sort()).toEqual(Object.keys(each.outputs).sort());
    expect(["logits", "bottleneck", ...network.extraOutputs.inference].sort()).toEqual(
      Object.keys(outputs).sort(),
    );
    for (const [name, digest] of Object.entries(each.outputs)) expectDigest(name, outputs[name], digest);
    for (const name of network.extraOutputs.inference) {
      expect(outputs[name].every((value) => value > 0 && value < 1)).toBe(true);
    }
  });

  it("has PyTorch's loss and every gradient of it", async () => {
    const graph = withGradients(network.training({ batchSize, batchDice: true }));
    const { loss, overlap, ...gradients } = await run(graph, plan.classes);
    expect(loss[0]).toBeCloseTo(each.loss, 5);
    expect(overlap).toHaveLength(3 * (plan.classes - 1));
    expect(Object.keys(gradients).sort()).toEqual(Object.keys(each.gradients).sort());
    for (const [name, digest] of Object.entries(each.gradients)) expectDigest(name, gradients[name], digest);
  });
});

describe("the gates", () => {
  const plan = golden.cases[0].plan as unknown as NetworkPlan;
  const gated = (network: ReturnType<typeof createAttentionUNet>) => [
    ...new Set(
      states(network.training({ batchSize: 1, batchDice: true })).flatMap(
        ({ name }) => /^gate\.\d/.exec(name) ?? [],
      ),
    ),
  ];

  it("are at levels 2 to 4 as far as there are skips, so the finest skip stays open", () => {
    expect(gated(createAttentionUNet(plan)).sort()).toEqual(["gate.1", "gate.2"]);
  });

  it("are on the coarsest skip where the network has none of the levels", () => {
    const two = {
      ...plan,
      strides: plan.strides.slice(0, 2),
      kernels: plan.kernels.slice(0, 2),
      features: [4, 5],
      blocksPerStage: [1, 1],
      blocksPerStageDecoder: [1],
    };
    expect(gated(createAttentionUNet(two))).toEqual(["gate.0"]);
  });
});
