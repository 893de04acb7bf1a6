/** A small U-Net trained by the onnx engine: it learns, the same way each time, and goes on from a checkpoint as if never stopped. */
import { expect, it } from "vitest";
import { deriveKey, RandomStream, randomKey } from "../../src/domain/random.ts";
import { decodeCheckpoint, encodeCheckpoint, stateFor, stateShapes } from "../../src/engine/checkpoint.ts";
import { createOnnxEngine } from "../../src/engine/onnx/engine.ts";
import { withSgd } from "../../src/engine/optimiser.ts";
import { polynomialSchedule } from "../../src/engine/schedule.ts";
import { predictSlidingWindow } from "../../src/engine/sliding-window.ts";
import { initialState } from "../../src/engine/state.ts";
import {
  type BatchSource,
  startOfTraining,
  type TrainingCheckpoint,
  train,
} from "../../src/engine/trainer.ts";
import { supervisionLabels } from "../../src/networks/supervision-labels.ts";
import { createUNet } from "../../src/networks/unet.ts";

const SHAPE = [8, 12, 8] as const;
const VOXELS = 8 * 12 * 8;
const STEPS = 30;
const key = randomKey(4);
const network = createUNet({
  inputChannels: 1,
  classes: 2,
  patchSize: SHAPE,
  strides: [
    [1, 1, 1],
    [2, 2, 2],
    [1, 2, 1],
  ],
  kernels: Array(3).fill([3, 3, 3]),
  features: [4, 6, 8],
  blocksPerStage: [1, 1, 1],
  blocksPerStageDecoder: [1, 1],
});

/** A bright ball in noise, and its mask. */
function ball(stream: RandomStream): { image: Float32Array; labels: Uint8Array } {
  const centre = SHAPE.map((size) => stream.uniform(2, size - 3));
  const image = new Float32Array(VOXELS);
  const labels = new Uint8Array(VOXELS);
  for (let i = 0; i < VOXELS; i++) {
    const place = [Math.floor(i / 96), Math.floor(i / 8) % 12, i % 8];
    const inside = Math.hypot(...place.map((at, axis) => at - centre[axis])) < 2.5;
    labels[i] = inside ? 1 : 0;
    image[i] = stream.normal(inside ? 2 : 0, 0.5);
  }
  return { image, labels };
}

const batches: BatchSource = async (step) => {
  const samples = [0, 1].map((n) => ball(new RandomStream(deriveKey(key, "sample", step, n))));
  const image = new Float32Array(2 * VOXELS);
  samples.forEach((sample, n) => {
    image.set(sample.image, n * VOXELS);
  });
  const pyramids = samples.map(({ labels }) => supervisionLabels(labels, SHAPE, network.supervisionStrides));
  const labels = network.supervisionStrides.map((_, i) => [
    `labels${i}`,
    Int32Array.from(pyramids.flatMap((pyramid) => [...pyramid[i]])),
  ]);
  return { image, ...Object.fromEntries(labels) };
};

const graph = withSgd(network.training({ batchSize: 2, batchDice: true }), {
  momentum: 0.9,
  nesterov: true,
  weightDecay: 3e-5,
  clipNorm: 12,
});

async function trainFrom(from: TrainingCheckpoint, kept: TrainingCheckpoint[] = []) {
  const executable = await createOnnxEngine({ threads: 2 }).compile(graph);
  try {
    return await train({
      executable,
      batches,
      steps: STEPS,
      schedule: polynomialSchedule({ initialRate: 0.02, steps: STEPS }),
      from,
      checkpointEvery: 10,
      onCheckpoint: (checkpoint) => void kept.push(checkpoint),
    });
  } finally {
    await executable.dispose();
  }
}

it("learns to segment, the same bits each time, also from a checkpoint that went through a file", async () => {
  const kept: TrainingCheckpoint[] = [];
  const start = startOfTraining(initialState(graph, key));
  const { checkpoint } = await trainFrom(start, kept);
  const again = await trainFrom(start);
  expect(again.checkpoint).toEqual(checkpoint);

  const { state, ...progress } = kept[1];
  const file = decodeCheckpoint(encodeCheckpoint(state, stateShapes(graph), progress));
  const resumed = await trainFrom({ ...(file.metadata as typeof progress), state: file.state });
  expect(resumed.checkpoint).toEqual(checkpoint);

  const inference = await createOnnxEngine({ threads: 2 }).compile(network.inference({ batchSize: 1 }));
  await inference.setState(stateFor(inference.graph, checkpoint.state));
  const { image, labels } = ball(new RandomStream(deriveKey(key, "unseen")));
  const predicted = await predictSlidingWindow({
    image: { channels: [image], shape: SHAPE },
    executables: [inference],
    mirrorAxes: [0, 1, 2],
  });
  await inference.dispose();
  let both = 0;
  let either = 0;
  labels.forEach((label, i) => {
    both += label * predicted.labels[i];
    either += label + predicted.labels[i];
  });
  expect((2 * both) / either).toBeGreaterThan(0.8);
});
