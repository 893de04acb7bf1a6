/** The U-Net and its loss, run by the onnx engine, against nnU-Net's own classes on PyTorch. */
import { describe, expect, it } from "vitest";
import type { NetworkPlan } from "../../src/networks/encoder-decoder.ts";
import { createUNet } from "../../src/networks/unet.ts";
import golden from "../golden/networks/unet.json" with { type: "json" };
import { expectDigest, lcg, run, size, states, withGradients } from "./golden-network.ts";

describe.each(golden.cases.map((each, i) => ({ ...each, i })))(
  "the U-Net, case $i",
  ({ plan, batchSize, batchDice, ...expected }) => {
    const network = createUNet(plan as unknown as NetworkPlan);

    it("has the parameters of nnU-Net's, but for the head without a loss", () => {
      const [coarsest] = plan.features.slice(-2);
      const unused = plan.classes * (coarsest + 1);
      const total = states(network.training({ batchSize, batchDice })).reduce(
        (sum, { shape }) => sum + size(shape),
        0,
      );
      expect(total + unused).toBe(expected.parameters);
    });

    it("makes the logits and the bottleneck of nnU-Net's", async () => {
      const outputs = await run(network.inference({ batchSize }), plan.classes);
      expectDigest("logits", outputs.logits, expected.logits);
      expectDigest("bottleneck", outputs.bottleneck, expected.bottleneck);
      const voxels = size(plan.patchSize.map((n, axis) => n / network.bottleneck.stride[axis]));
      expect(outputs.bottleneck).toHaveLength(batchSize * network.bottleneck.channels * voxels);
    });

    it("has nnU-Net's loss and the gradients of it", async () => {
      const { loss, overlap, ...gradients } = await run(
        withGradients(network.training({ batchSize, batchDice })),
        plan.classes,
      );
      expect(loss[0]).toBeCloseTo(expected.loss, 5);
      expect(Object.keys(gradients).sort()).toEqual(Object.keys(expected.gradients).sort());
      for (const [name, digest] of Object.entries(expected.gradients)) {
        expectDigest(name, gradients[name], digest);
      }
      const labels = lcg("labels0", batchSize * size(plan.patchSize));
      for (let c = 1; c < plan.classes; c++) {
        const present = labels.filter((u) => Math.floor(((u + 1) / 2) * plan.classes) === c).length;
        expect(overlap[2 * (plan.classes - 1) + c - 1]).toBe(present);
      }
    });
  },
);
