/** Made images with a bright cube, a plan of two stages, and trainings of a few steps on them. */
import { createGrid } from "../../src/domain/grid.ts";
import { deriveKey, RandomStream, randomKey } from "../../src/domain/random.ts";
import type { Plan } from "../../src/networks/plan.ts";
import { createEngine } from "../../src/study/engines.ts";
import { type Progress, SILENT } from "../../src/study/progress.ts";
import { type SegmentationCase, TUMOUR_LABELS } from "../../src/study/segmentation/cases.ts";
import { PreparedStore } from "../../src/study/segmentation/prepared-store.ts";
import { RECIPES } from "../../src/study/segmentation/recipe.ts";
import type { TrainModelRequest } from "../../src/study/segmentation/train-model.ts";

export const EDGE = 16;
export const PLAN: Plan = {
  preset: "compact",
  encoder: "plain",
  inputChannels: 1,
  classes: 2,
  spacingMm: [1, 1, 1],
  medianShape: [EDGE, EDGE, EDGE],
  patchSize: [8, 8, 8],
  batchSize: 2,
  strides: [
    [1, 1, 1],
    [2, 2, 2],
  ],
  kernels: [
    [3, 3, 3],
    [3, 3, 3],
  ],
  features: [4, 8],
  blocksPerStage: [1, 1],
  blocksPerStageDecoder: [1],
  normalisation: ["z-score"],
  memoryEstimate: 0,
};
const grid = createGrid({
  shape: [EDGE, EDGE, EDGE],
  spacingMm: [1, 1, 1],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [0, 0, 0],
});

/** Noise about a level of the case, with a bright cube of 3 voxels in a corner. */
export function madeCase(index: number, hasReference = true): SegmentationCase {
  const stream = new RandomStream(randomKey(index));
  const labels = Uint8Array.from({ length: EDGE ** 3 }, (_, i) => {
    const at = [Math.floor(i / EDGE ** 2), Math.floor(i / EDGE) % EDGE, i % EDGE];
    return at.every((x) => x >= 11 && x < 14) ? 1 : 0;
  });
  const channels = [Float32Array.from(labels, (label) => 50 + stream.normal(0, 5) + 60 * label)];
  return {
    id: `case-${index}`,
    patientId: `case-${index}`,
    files: [],
    hasReference,
    load: async () => ({ value: { grid, channels, labels }, issues: [] }),
  };
}

export const cases = [madeCase(1), madeCase(2), madeCase(3)];
export const STEPS = 8;

/** A training into a folder. */
export function trainingOn(folder: string, change: Partial<TrainModelRequest> = {}): TrainModelRequest {
  return {
    folder,
    kind: "nnunet",
    plan: PLAN,
    recipe: RECIPES.nnunet.compact,
    cases,
    store: new PreparedStore(PLAN),
    labels: TUMOUR_LABELS,
    channels: { source: "files", names: ["t1"] },
    fold: 0,
    steps: STEPS,
    checkpointEvery: 2,
    seed: 3,
    initialKey: deriveKey(randomKey(3), "network"),
    batchKey: deriveKey(randomKey(3), "batches"),
    engine: createEngine(),
    progress: SILENT,
    ...change,
  };
}

/** Progress that calls back after each step. */
export function watching(onStep: (done: number) => void): Progress {
  let done = 0;
  return {
    ...SILENT,
    begin: () => ({
      advance(count = 1) {
        done += count;
        onStep(done);
      },
      done() {},
    }),
  };
}
