import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Triple } from "../domain/grid.ts";
import { RandomStream, randomKey } from "../domain/random.ts";
import type { Executable } from "./engine.ts";
import { predictSlidingWindow, type WindowActivation } from "./sliding-window.ts";
import { gaussianImportance, mirrorings, windowStarts } from "./sliding-window-geometry.ts";

type Forward = (patch: Float32Array, shape: readonly number[]) => Float32Array;

/** An inference graph of one channel whose forward pass is plain TypeScript; its bottleneck is the mean of the patch. */
function network(patch: Triple, batchSize: number, classes: number, forward: Forward): Executable {
  const voxels = patch[0] * patch[1] * patch[2];
  const node = (name: string, shape: number[]) => ({
    kind: "input" as const,
    name,
    dtype: "f32" as const,
    shape,
  });
  return {
    graph: {
      name: "test",
      nodes: [
        node("image", [batchSize, 1, ...patch]),
        node("logits", [batchSize, classes, ...patch]),
        node("bottleneck", [batchSize, 1, 1, 1, 1]),
      ],
      outputs: { logits: 1, bottleneck: 2 },
      updates: {},
    },
    setState: async () => undefined,
    getState: async () => new Map(),
    dispose: async () => undefined,
    run: async ({ image }) => {
      const logits = new Float32Array(batchSize * classes * voxels);
      const bottleneck = new Float32Array(batchSize);
      for (let n = 0; n < batchSize; n++) {
        const sample = (image as Float32Array).slice(n * voxels, (n + 1) * voxels);
        logits.set(forward(sample, patch), n * classes * voxels);
        bottleneck[n] = sample.reduce((a, b) => a + b) / voxels;
      }
      return { logits, bottleneck };
    },
  };
}

/** Logits 0 and 3x − 1: what a 1x1x1 convolution makes. */
const local: Forward = (patch) => {
  const logits = new Float32Array(2 * patch.length);
  patch.forEach((value, i) => {
    logits[patch.length + i] = 3 * value - 1;
  });
  return logits;
};

/** Class 1 is the value times its place in the patch: different from window to window, and when mirrored. */
const placed: Forward = (patch) => {
  const logits = new Float32Array(2 * patch.length);
  patch.forEach((value, i) => {
    logits[patch.length + i] = value * Math.sin(i);
  });
  return logits;
};

function randomImage(shape: Triple, seed: number): Float32Array {
  const stream = new RandomStream(randomKey(seed));
  return Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, () => stream.normal());
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

const shapes = fc.tuple(
  fc.integer({ min: 1, max: 13 }),
  fc.integer({ min: 1, max: 11 }),
  fc.integer({ min: 1, max: 9 }),
);

describe("windows", () => {
  it("cover every voxel, stay in the image and are at most a step apart", () => {
    fc.assert(
      fc.property(shapes, fc.double({ min: 0.1, max: 1, noNaN: true }), (shape, share) => {
        const patch: Triple = [4, 6, 3];
        const starts = windowStarts(shape, patch, share);
        for (let axis = 0; axis < 3; axis++) {
          const along = [...new Set(starts.map((start) => start[axis]))].sort((a, b) => a - b);
          if (shape[axis] <= patch[axis]) {
            expect(along).toHaveLength(1);
            expect(along[0]).toBe(0 - Math.floor((patch[axis] - shape[axis]) / 2));
            continue;
          }
          expect(along[0]).toBe(0);
          expect(along.at(-1)).toBe(shape[axis] - patch[axis]);
          along.slice(1).forEach((start, i) => {
            expect(start - along[i]).toBeLessThanOrEqual(Math.ceil(patch[axis] * share));
          });
        }
      }),
    );
  });

  it("begin where nnU-Net's own begin", () => {
    // nnunetv2 2.8.1: compute_steps_for_sliding_window((110, 64, 200), (64, 64, 56), 0.5)
    const starts = windowStarts([110, 64, 200], [64, 64, 56], 0.5);
    const along = (axis: number) => [...new Set(starts.map((start) => start[axis]))];
    expect(along(0)).toEqual([0, 23, 46]);
    expect(along(1)).toEqual([0]);
    expect(along(2)).toEqual([0, 24, 48, 72, 96, 120, 144]);
  });

  it("count by a Gaussian of an eighth of the patch, the same when mirrored", () => {
    const map = gaussianImportance([8, 6, 5]);
    const at = (z: number, y: number, x: number) => map[(z * 6 + y) * 5 + x];
    const gauss = (distance: number, size: number) => Math.exp(-((distance / (size / 8)) ** 2) / 2);
    expect(at(1, 2, 3)).toBeCloseTo(gauss(2.5, 8) * gauss(0.5, 6) * gauss(1, 5), 7);
    expect(at(1, 2, 3)).toBe(at(6, 3, 1));
    expect(Math.min(...map)).toBeGreaterThan(0);
  });

  it("are mirrored along each subset of the axes", () => {
    expect(mirrorings([0, 2])).toEqual([[], [0], [2], [0, 2]]);
  });
});

describe("a sliding-window prediction", () => {
  it("of a local network is that of the whole image at once, however windows, batches, mirrorings and folds lie", async () => {
    const batch = fc.integer({ min: 1, max: 3 });
    const axes = fc.subarray([0, 1, 2]);
    await fc.assert(
      fc.asyncProperty(
        shapes,
        batch,
        axes,
        fc.integer({ min: 1, max: 2 }),
        async (shape, batchSize, mirrorAxes, folds) => {
          const data = randomImage(shape, 5);
          const executables = Array.from({ length: folds }, () => network([4, 6, 3], batchSize, 2, local));
          const { probabilities, labels } = await predictSlidingWindow({
            image: { channels: [data], shape },
            executables,
            mirrorAxes,
          });
          data.forEach((value, i) => {
            expect(Math.abs(probabilities[data.length + i] - sigmoid(3 * value - 1))).toBeLessThan(2e-6);
            expect(probabilities[i] + probabilities[data.length + i]).toBeCloseTo(1, 6);
            expect(labels[i]).toBe(probabilities[data.length + i] > probabilities[i] ? 1 : 0);
          });
        },
      ),
      { numRuns: 25 },
    );
  });

  it("weighs windows, mirrored passes and folds as a brute-force sum over all of them does", async () => {
    const shape: Triple = [7, 5, 6];
    const patch: Triple = [4, 6, 4];
    const data = randomImage(shape, 9);
    const negated: Forward = (values, size) => placed(values, size).map((value) => -0.3 * value);
    const { probabilities } = await predictSlidingWindow({
      image: { channels: [data], shape },
      executables: [network(patch, 2, 2, placed), network(patch, 2, 2, negated)],
      mirrorAxes: [0, 2],
    });

    const sums = new Float64Array(data.length);
    const weights = new Float64Array(data.length);
    const gauss = (index: number, size: number) =>
      Math.exp(-(((index - (size - 1) / 2) / (size / 8)) ** 2) / 2);
    for (const forward of [placed, negated]) {
      for (const start of windowStarts(shape, patch, 0.5)) {
        for (const mirrored of mirrorings([0, 2])) {
          const input = new Float32Array(4 * 6 * 4);
          const places: { image: number; patch: number; weight: number }[] = [];
          for (let z = 0; z < 4; z++) {
            for (let y = 0; y < 6; y++) {
              for (let x = 0; x < 4; x++) {
                const [iz, iy, ix] = [start[0] + z, start[1] + y, start[2] + x];
                if (iz < 0 || iy < 0 || ix < 0 || iz >= 7 || iy >= 5 || ix >= 6) continue;
                const seen = [mirrored.includes(0) ? 3 - z : z, y, mirrored.includes(2) ? 3 - x : x];
                const image = (iz * 5 + iy) * 6 + ix;
                const inPatch = (seen[0] * 6 + seen[1]) * 4 + seen[2];
                input[inPatch] = data[image];
                places.push({ image, patch: inPatch, weight: gauss(z, 4) * gauss(y, 6) * gauss(x, 4) });
              }
            }
          }
          const logits = forward(input, patch);
          for (const { image, patch: inPatch, weight } of places) {
            sums[image] += weight * logits[input.length + inPatch];
            weights[image] += weight;
          }
        }
      }
    }
    sums.forEach((sum, i) => {
      expect(probabilities[data.length + i]).toBeCloseTo(sigmoid(sum / weights[i]), 5);
    });
  });

  it("hands over the outputs that are captured, and refuses one that there is not", async () => {
    const shape: Triple = [3, 4, 5];
    const image = { channels: [randomImage(shape, 6)], shape };
    const executables = [network([2, 4, 4], 2, 2, local)];
    const seen: WindowActivation[] = [];
    const onWindow = (activation: WindowActivation) => seen.push(activation);
    await predictSlidingWindow({ image, executables, captures: ["logits"], onWindow });
    expect(seen.length).toBeGreaterThan(1);
    for (const { start, captured } of seen) {
      expect(captured.logits.shape).toEqual([2, 2, 4, 4]);
      const first = image.channels[0][(start[0] * 4 + start[1]) * 5 + start[2]];
      expect(captured.logits.data[32]).toBeCloseTo(3 * first - 1, 6);
    }
    await expect(predictSlidingWindow({ image, executables, captures: ["codes"] })).rejects.toThrow(
      expect.objectContaining({ code: "window-image" }),
    );
  });

  it("hands over each fold's bottleneck of each window once, not mirrored, with its place", async () => {
    const shape: Triple = [6, 3, 3];
    const data = randomImage(shape, 2);
    const seen: WindowActivation[] = [];
    await predictSlidingWindow({
      image: { channels: [data], shape },
      executables: [network([4, 4, 3], 4, 2, local), network([4, 4, 3], 4, 2, local)],
      mirrorAxes: [1],
      onWindow: (activation) => seen.push(activation),
    });
    expect(seen.map(({ fold, start }) => [fold, ...start])).toEqual([
      [0, 0, 0, 0],
      [0, 2, 0, 0],
      [1, 0, 0, 0],
      [1, 2, 0, 0],
    ]);
    const window = data.subarray(2 * 9, 6 * 9);
    expect(seen[1].bottleneck[0]).toBeCloseTo(window.reduce((a, b) => a + b) / 48, 6);
    expect(seen[1].shape).toEqual([1, 1, 1, 1]);
  });

  it("stops with the signal's reason, and tells how far it is", async () => {
    const controller = new AbortController();
    const progress: string[] = [];
    const prediction = predictSlidingWindow({
      image: { channels: [randomImage([8, 4, 4], 1)], shape: [8, 4, 4] },
      executables: [network([4, 4, 4], 1, 2, local)],
      onProgress: (done, total) => {
        progress.push(`${done}/${total}`);
        if (done === 2) controller.abort(new Error("enough"));
      },
      signal: controller.signal,
    });
    await expect(prediction).rejects.toThrow("enough");
    expect(progress).toEqual(["1/3", "2/3"]);
  });

  it("refuses images that do not fit and logits that are not finite", async () => {
    const shape: Triple = [4, 4, 4];
    const data = randomImage(shape, 1);
    const executables = [network([4, 4, 4], 1, 2, local)];
    const predict = (channels: Float32Array[], stepShare = 0.5) =>
      predictSlidingWindow({ image: { channels, shape }, executables, stepShare });
    await expect(predict([data, data])).rejects.toThrow(/2 channels.*the 1 that/);
    await expect(predict([data.subarray(1)])).rejects.toThrow(/63 values/);
    await expect(predict([data], 0)).rejects.toMatchObject({ code: "window-step" });
    await expect(predict([data.map(() => Number.NaN)])).rejects.toMatchObject({
      code: "prediction-not-finite",
    });
  });
});
