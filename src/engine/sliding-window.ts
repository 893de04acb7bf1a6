/** Prediction for an image of any size by overlapping windows (Isensee et al. 2021, Nature Methods 18:203). */
import { UsageError, WorkError } from "../domain/errors.ts";
import type { Triple } from "../domain/grid.ts";
import type { Shape } from "../graph/primitives.ts";
import type { Executable } from "./engine.ts";
import { gaussianImportance, mirrorings, windowStarts } from "./sliding-window-geometry.ts";

/** What one window saw at the bottleneck; not mirrored. */
export interface WindowActivation {
  /** Index of the executable. */
  readonly fold: number;
  /** Image voxel of the window's first voxel; negative where the image was padded. */
  readonly start: Triple;
  readonly patchSize: Triple;
  /** [channels, d, h, w], d·h·w being the patch divided by the network's total stride. A copy. */
  readonly bottleneck: Float32Array;
  readonly shape: Shape;
  /** The outputs asked for by {@link SlidingWindowOptions.captures}, by name; copies. */
  readonly captured: Readonly<Record<string, CapturedOutput>>;
}

/** One window's part of an output. */
export interface CapturedOutput {
  /** Without the axis of the batch: [channels, d, h, w] or whatever the output is. */
  readonly shape: Shape;
  readonly data: Float32Array;
}

export interface SlidingWindowOptions {
  /** Normalised channels, column fastest, all of one shape. */
  readonly image: { readonly channels: readonly Float32Array[]; readonly shape: Triple };
  /** Compiled inference graphs with equal shapes, one per fold: their logits are averaged. */
  readonly executables: readonly Executable[];
  /** Largest step between windows as a share of the patch; by default 0.5. */
  readonly stepShare?: number;
  /** Axes along which windows are also seen mirrored, logits being averaged; by default none. */
  readonly mirrorAxes?: readonly number[];
  readonly onWindow?: (activation: WindowActivation) => void;
  /** Further outputs of the graph that `onWindow` is given; by default none. */
  readonly captures?: readonly string[];
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the work between two windows, with the signal's reason thrown. */
  readonly signal?: AbortSignal;
}

export interface SegmentationPrediction {
  readonly classes: number;
  /** [classes, D, H, W]: softmax of the averaged logits. */
  readonly probabilities: Float32Array;
  /** [D, H, W]: the most probable class, the lowest of equals. */
  readonly labels: Uint8Array;
}

/** One pass of one window through the network. */
interface Pass {
  readonly start: Triple;
  readonly mirrored: readonly number[];
}

/**
 * Predicts class probabilities. Images smaller than the patch are padded with zeros on both sides. The result does not depend on the
 * batch size of the executables.
 *
 * @throws {UsageError} `window-image` where the image does not fit the network or there is no output to capture, `window-step` for a
 *   bad step
 * @throws {WorkError} `prediction-not-finite` where the network returns numbers that are not finite
 */
export async function predictSlidingWindow(options: SlidingWindowOptions): Promise<SegmentationPrediction> {
  const { image, executables, stepShare = 0.5, mirrorAxes = [], signal } = options;
  const network = networkShapes(options);
  const passes: Pass[] = windowStarts(image.shape, network.patchSize, stepShare).flatMap((start) =>
    mirrorings(mirrorAxes).map((mirrored) => ({ start, mirrored })),
  );
  const sums = createSums(image.shape, network);
  const total = passes.length * executables.length;
  let done = 0;
  for (const [fold, executable] of executables.entries()) {
    for (let first = 0; first < passes.length; first += network.batchSize) {
      signal?.throwIfAborted();
      const batch = passes.slice(first, first + network.batchSize);
      const outputs = await executable.run({ image: gather(image, network, batch) });
      batch.forEach((pass, sample) => {
        addLogits(sums, outputs.logits, sample, pass);
        if (pass.mirrored.length > 0 || options.onWindow === undefined) return;
        const ofSample = (name: string) => {
          const length = outputs[name].length / network.batchSize;
          return outputs[name].slice(sample * length, (sample + 1) * length);
        };
        const captured = Object.entries(network.captureShapes).map(
          ([name, shape]): [string, CapturedOutput] => [name, { shape, data: ofSample(name) }],
        );
        options.onWindow({
          fold,
          start: pass.start,
          patchSize: network.patchSize,
          bottleneck: ofSample("bottleneck"),
          shape: network.bottleneckShape,
          captured: Object.fromEntries(captured),
        });
      });
      done += batch.length;
      options.onProgress?.(done, total);
    }
  }
  return classify(sums);
}

/** What the passes have added up to. */
interface Sums {
  readonly network: NetworkShapes;
  readonly imageShape: Triple;
  /** One value per voxel of the patch. */
  readonly importance: Float32Array;
  /** [classes, D, H, W]: Σ importance · logit. */
  readonly logits: Float32Array;
  /** [D, H, W]: Σ importance. */
  readonly weights: Float32Array;
}

interface NetworkShapes {
  readonly batchSize: number;
  readonly patchSize: Triple;
  readonly classes: number;
  readonly bottleneckShape: Shape;
  readonly captureShapes: Readonly<Record<string, Shape>>;
}

function createSums(imageShape: Triple, network: NetworkShapes): Sums {
  const voxels = imageShape[0] * imageShape[1] * imageShape[2];
  return {
    network,
    imageShape,
    importance: gaussianImportance(network.patchSize),
    logits: new Float32Array(network.classes * voxels),
    weights: new Float32Array(voxels),
  };
}

/** [N, C, ...patch]: what the windows of a batch see, zeros beyond the image and for samples that the last batch lacks. */
function gather(
  image: SlidingWindowOptions["image"],
  network: NetworkShapes,
  batch: readonly Pass[],
): Float32Array {
  const { batchSize, patchSize } = network;
  const voxels = patchSize[0] * patchSize[1] * patchSize[2];
  const input = new Float32Array(batchSize * image.channels.length * voxels);
  batch.forEach((pass, sample) => {
    image.channels.forEach((channel, c) => {
      const target = input.subarray((sample * image.channels.length + c) * voxels);
      forEachRow(image.shape, patchSize, pass, (inImage, inPatch, count, stride) => {
        for (let i = 0; i < count; i++) target[inPatch + i * stride] = channel[inImage + i];
      });
    });
  });
  return input;
}

/** Adds one sample of `batchLogits` [N, classes, ...patch], turned back and weighted. */
function addLogits(sums: Sums, batchLogits: Float32Array, sample: number, pass: Pass): void {
  const { importance, logits, weights, imageShape, network } = sums;
  for (let c = 0; c < network.classes; c++) {
    const source = batchLogits.subarray((sample * network.classes + c) * importance.length);
    const target = logits.subarray(c * weights.length);
    forEachRow(imageShape, network.patchSize, pass, (inImage, inPatch, count, stride) => {
      for (let i = 0; i < count; i++) {
        const at = inPatch + i * stride;
        target[inImage + i] += importance[at] * source[at];
        if (c === 0) weights[inImage + i] += importance[at];
      }
    });
  }
}

function networkShapes({ image, executables, onWindow, captures = [] }: SlidingWindowOptions): NetworkShapes {
  const refuse = (found: string, expected: string): never => {
    throw new UsageError("window-image", { found, expected });
  };
  if (executables.length === 0) return refuse("no network", "at least one");
  const [first] = executables;
  const { graph } = first;
  const input = graph.nodes.find((node) => node.kind === "input" && node.name === "image");
  const output = graph.nodes[graph.outputs.logits];
  const bottleneck = graph.nodes[graph.outputs.bottleneck];
  if (input === undefined || output === undefined || (bottleneck === undefined && onWindow !== undefined)) {
    return refuse(`graph ${graph.name}`, "an input image and outputs logits and bottleneck");
  }
  const [batchSize, channels, ...patch] = input.shape;
  if (channels !== image.channels.length) {
    return refuse(`${image.channels.length} channels`, `the ${channels} that the network was trained with`);
  }
  const voxels = image.shape[0] * image.shape[1] * image.shape[2];
  const odd = image.channels.find((channel) => channel.length !== voxels);
  if (odd !== undefined) return refuse(`a channel of ${odd.length} values`, `${voxels} values`);
  const absent = captures.find((name) => graph.outputs[name] === undefined);
  if (absent !== undefined) return refuse(`graph ${graph.name}`, `an output ${absent}`);
  return {
    batchSize,
    patchSize: patch as unknown as Triple,
    classes: output.shape[1],
    bottleneckShape: bottleneck === undefined ? [] : bottleneck.shape.slice(1),
    captureShapes: Object.fromEntries(
      captures.map((name) => [name, graph.nodes[graph.outputs[name]].shape.slice(1)]),
    ),
  };
}

/**
 * Calls back for each row of voxels that a window and the image share: the index of its first voxel in the image and in the
 * (mirrored) patch, the number of voxels, and the step in the patch, 1 or −1.
 */
function forEachRow(
  imageShape: Triple,
  patchSize: Triple,
  { start, mirrored }: Pass,
  row: (inImage: number, inPatch: number, count: number, stride: number) => void,
): void {
  const from = start.map((first) => Math.max(0, first));
  const to = start.map((first, axis) => Math.min(imageShape[axis], first + patchSize[axis]));
  const inPatch = (axis: number, index: number) => {
    const offset = index - start[axis];
    return mirrored.includes(axis) ? patchSize[axis] - 1 - offset : offset;
  };
  const stride = mirrored.includes(2) ? -1 : 1;
  const column = inPatch(2, from[2]);
  for (let z = from[0]; z < to[0]; z++) {
    const slice = inPatch(0, z) * patchSize[1];
    for (let y = from[1]; y < to[1]; y++) {
      row(
        (z * imageShape[1] + y) * imageShape[2] + from[2],
        (slice + inPatch(1, y)) * patchSize[2] + column,
        to[2] - from[2],
        stride,
      );
    }
  }
}

/** Turns the weighted sums of logits, in place, into probabilities. */
function classify({ logits, weights, network: { classes } }: Sums): SegmentationPrediction {
  const voxels = weights.length;
  const labels = new Uint8Array(voxels);
  for (let i = 0; i < voxels; i++) {
    let best = 0;
    for (let c = 0; c < classes; c++) {
      logits[c * voxels + i] /= weights[i];
      if (logits[c * voxels + i] > logits[best * voxels + i]) best = c;
    }
    const largest = logits[best * voxels + i];
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      const exponential = Math.exp(logits[c * voxels + i] - largest);
      logits[c * voxels + i] = exponential;
      sum += exponential;
    }
    if (!Number.isFinite(sum)) {
      throw new WorkError("prediction-not-finite", {
        found: `logits that are not finite at voxel ${i}`,
        expected: "finite numbers",
        remedy: "Check the image for values that are not finite, and the training for divergence.",
      });
    }
    for (let c = 0; c < classes; c++) logits[c * voxels + i] /= sum;
    labels[i] = best;
  }
  return { classes, probabilities: logits, labels };
}
