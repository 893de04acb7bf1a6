/** Training patches: cutting them out of images and choosing where. */
import type { Triple } from "../domain/grid.ts";
import { deriveKey, type RandomKey, RandomStream } from "../domain/random.ts";
import { type Box, forOverlappingRows } from "./cropping.ts";

/** A preprocessed image with its classes, whole in memory. */
export interface PatchSource {
  /** One array per channel, each of `shape`. */
  readonly channels: readonly Float32Array[];
  /** Class of each voxel, of `shape`. */
  readonly labels: Uint8Array;
  /** (slice, row, column). */
  readonly shape: Triple;
}

/** What the network trains on. */
export interface Patch {
  /** [C · D · H · W]. */
  readonly channels: Float32Array;
  /** [D · H · W]. */
  readonly labels: Uint8Array;
  /** [D, H, W] in (slice, row, column) order. */
  readonly shape: Triple;
  /** C. */
  readonly channelCount: number;
}

/** What stands beyond the image: zeros, which is the mean of a standardised image, or its nearest voxel. */
export type Padding = "zero" | "edge";

/**
 * Cuts a patch out of an image. The box may reach beyond the image; `padding` fills the channels there, the classes are 0.
 *
 * @param start index of the patch's first voxel; may be negative. @param size (slice, row, column).
 */
export function extractPatch(
  source: PatchSource,
  start: Triple,
  size: Triple,
  padding: Padding = "zero",
): Patch {
  const voxels = size[0] * size[1] * size[2];
  const channels = new Float32Array(source.channels.length * voxels);
  source.channels.forEach((channel, c) => {
    copyBox(channel, source.shape, { start, size }, channels.subarray(c * voxels, (c + 1) * voxels), padding);
  });
  const labels = new Uint8Array(voxels);
  copyBox(source.labels, source.shape, { start, size }, labels, "zero");
  return { channels, labels, shape: size, channelCount: source.channels.length };
}

/** The patch as a source, sharing its memory. */
export function patchAsSource({ channels, labels, shape, channelCount }: Patch): PatchSource {
  return {
    channels: Array.from({ length: channelCount }, (_, c) =>
      channels.subarray(c * labels.length, (c + 1) * labels.length),
    ),
    labels,
    shape,
  };
}

/** Copies the voxels of a box into `result`, which holds zeros. */
function copyBox<A extends Float32Array | Uint8Array>(
  image: A,
  shape: Triple,
  box: Box,
  result: A,
  padding: Padding,
): void {
  if (padding === "zero") {
    forOverlappingRows(box, shape, (inImage, inBox, length) => {
      result.set(image.subarray(inImage, inImage + length), inBox);
    });
    return;
  }
  const { start, size } = box;
  const nearest = (at: number, axis: number) => Math.max(0, Math.min(start[axis] + at, shape[axis] - 1));
  for (let i = 0, voxel = 0; i < size[0]; i++) {
    for (let j = 0; j < size[1]; j++) {
      const row = (nearest(i, 0) * shape[1] + nearest(j, 1)) * shape[2];
      for (let k = 0; k < size[2]; k++, voxel++) result[voxel] = image[row + nearest(k, 2)];
    }
  }
}

/** For every class above 0 that occurs, positions in the array where it does. */
export type ForegroundVoxels = ReadonlyMap<number, Uint32Array>;

/**
 * Lists the voxels of each class, at most `maximumPerClass` drawn at random without replacement (nnU-Net keeps 10,000).
 */
export function foregroundVoxels(
  labels: Uint8Array,
  key: RandomKey,
  maximumPerClass = 10_000,
): ForegroundVoxels {
  const counts = new Uint32Array(256);
  for (let i = 0; i < labels.length; i++) counts[labels[i]]++;
  const result = new Map<number, Uint32Array>();
  for (let label = 1; label < 256; label++) {
    if (counts[label] === 0) continue;
    const positions = new Uint32Array(counts[label]);
    let found = 0;
    for (let i = 0; i < labels.length; i++) if (labels[i] === label) positions[found++] = i;
    const stream = new RandomStream(deriveKey(key, "foreground", label));
    result.set(label, drawWithoutReplacement(positions, maximumPerClass, stream));
  }
  return result;
}

/** At most `count` of the values in their order, each subset as likely as any other (Knuth, TAOCP 2, algorithm S). */
function drawWithoutReplacement(values: Uint32Array, count: number, stream: RandomStream): Uint32Array {
  if (values.length <= count) return values;
  const kept = new Uint32Array(count);
  let taken = 0;
  for (let i = 0; i < values.length && taken < count; i++) {
    if ((values.length - i) * stream.uniform() < count - taken) kept[taken++] = values[i];
  }
  return kept;
}

/**
 * Whether a sample of a batch must hold foreground: the last third of the batch, at least one (nnU-Net's rule, fraction 0.33).
 *
 * @param index of the sample in its batch, from 0.
 */
export function isForegroundForced(index: number, batchSize: number, fraction = 0.33): boolean {
  const free = Math.min(batchSize - 1, Math.round(batchSize * (1 - fraction)));
  return index >= free;
}

/**
 * Draws where a patch starts. Without `foreground`, or where it is empty, any position is as likely as another; with it, a class and then one of its
 * voxels are drawn and the patch is centred on that voxel. The patch stays on the image along axes where it fits, and is centred on the
 * image along axes where it is larger.
 *
 * @param shape of the image. @param size of the patch.
 */
export function samplePatchStart(
  key: RandomKey,
  shape: Triple,
  size: Triple,
  foreground?: ForegroundVoxels,
): Triple {
  const stream = new RandomStream(deriveKey(key, "patch-start"));
  const voxel = foreground === undefined ? undefined : drawVoxel(stream, foreground, shape);
  return shape.map((length, axis) => {
    const room = length - size[axis];
    if (room <= 0) return Math.floor(room / 2);
    if (voxel === undefined) return stream.integer(room + 1);
    return Math.max(0, Math.min(voxel[axis] - Math.floor(size[axis] / 2), room));
  }) as unknown as Triple;
}

function drawVoxel(
  stream: RandomStream,
  foreground: ForegroundVoxels,
  [, rows, columns]: Triple,
): Triple | undefined {
  if (foreground.size === 0) return undefined;
  const positions = stream.choice([...foreground.values()]);
  const position = positions[stream.integer(positions.length)];
  return [Math.floor(position / (rows * columns)), Math.floor(position / columns) % rows, position % columns];
}
