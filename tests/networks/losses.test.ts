/** The segmentation loss, run by the onnx engine, against its definition written out. */
import { expect, it } from "vitest";
import { RandomStream, randomKey } from "../../src/domain/random.ts";
import { createOnnxEngine } from "../../src/engine/onnx/engine.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { appendGradients } from "../../src/graph/gradients.ts";
import { segmentationLoss, supervisionWeights } from "../../src/networks/losses.ts";

const SPACE = [2, 3, 2] as const;
const VOXELS = 12;
const SAMPLES = 2;
const CLASSES = 3;

async function lossOf(logits: Float32Array, labels: Int32Array, batchDice: boolean) {
  const b = new GraphBuilder("loss");
  const x = b.input("logits", [SAMPLES, CLASSES, ...SPACE]);
  const { loss, overlap } = segmentationLoss(b, x, b.input("labels", [SAMPLES, 1, ...SPACE], "i32"), {
    batchDice,
  });
  b.output("loss", loss);
  b.output("overlap", overlap);
  b.output("gradient", appendGradients(b, loss, [x])[0]);
  const executable = await createOnnxEngine({ threads: 1 }).compile(b.finish());
  const outputs = await executable.run({ logits, labels });
  await executable.dispose();
  return outputs;
}

/** Cross-entropy − Dice in double precision, straight from the definitions. */
function reference(logits: Float32Array, labels: Int32Array, batchDice: boolean): number {
  let crossEntropy = 0;
  const sums = Array.from({ length: SAMPLES }, () => Array.from({ length: CLASSES }, () => [0, 0, 0]));
  for (let n = 0; n < SAMPLES; n++) {
    for (let i = 0; i < VOXELS; i++) {
      const own = Array.from({ length: CLASSES }, (_, c) => logits[(n * CLASSES + c) * VOXELS + i]);
      const largest = Math.max(...own);
      const total = own.reduce((sum, x) => sum + Math.exp(x - largest), 0);
      const label = labels[n * VOXELS + i];
      if (label in own) crossEntropy -= (own[label] - largest - Math.log(total)) / (SAMPLES * VOXELS);
      own.forEach((x, c) => {
        const p = Math.exp(x - largest) / total;
        const y = label === c ? 1 : 0;
        [p * y, p, y].forEach((value, k) => {
          sums[n][c][k] += value;
        });
      });
    }
  }
  const dice = ([both, predicted, present]: number[]) => (2 * both + 1e-5) / (predicted + present + 1e-5);
  const foreground = [1, 2];
  const values = batchDice
    ? foreground.map((c) => dice([0, 1, 2].map((k) => sums[0][c][k] + sums[1][c][k])))
    : foreground.flatMap((c) => sums.map((sample) => dice(sample[c])));
  return crossEntropy - values.reduce((a, b) => a + b) / values.length;
}

function random(scale: number) {
  const stream = new RandomStream(randomKey(11));
  return {
    logits: Float32Array.from({ length: SAMPLES * CLASSES * VOXELS }, () => stream.normal(0, scale)),
    labels: Int32Array.from({ length: SAMPLES * VOXELS }, () => stream.integer(CLASSES)),
  };
}

it.each([true, false])("equals its definition, Dice over the batch: %s", async (batchDice) => {
  const { logits, labels } = random(2);
  const { loss } = await lossOf(logits, labels, batchDice);
  expect(loss[0]).toBeCloseTo(reference(logits, labels, batchDice), 5);
});

it("has a finite value and gradient for logits of ±100,000, and for a batch without foreground", async () => {
  const { logits, labels } = random(1e5);
  const extreme = await lossOf(logits, labels, true);
  expect(extreme.loss[0] / reference(logits, labels, true)).toBeCloseTo(1, 5);
  expect(extreme.gradient.every(Number.isFinite)).toBe(true);
  const { loss, gradient } = await lossOf(random(1).logits, labels.fill(0), false);
  expect(Number.isFinite(loss[0])).toBe(true);
  expect(gradient.every(Number.isFinite)).toBe(true);
});

it("a label that is no class costs no cross-entropy", async () => {
  const { logits, labels } = random(2);
  labels[3] = 255;
  labels[20] = -1;
  const { loss } = await lossOf(logits, labels, true);
  expect(loss[0]).toBeCloseTo(reference(logits, labels, true), 5);
});

it("weighs resolutions ½^i, the coarsest 0, adding up to 1", () => {
  expect(supervisionWeights(1)).toEqual([1]);
  expect(supervisionWeights(2)).toEqual([1, 0]);
  // nnunetv2 2.8.1: weights = 1 / 2^i, weights[-1] = 0, weights / weights.sum() for five outputs.
  supervisionWeights(5).forEach((weight, i) => {
    expect(weight).toBeCloseTo([8 / 15, 4 / 15, 2 / 15, 1 / 15, 0][i], 12);
  });
});
