/** Augmented training patches. The same key gives the same patch, bit for bit, whatever else is drawn. */
import type { Triple } from "../../domain/grid.ts";
import { deriveKey, type RandomKey, RandomStream } from "../../domain/random.ts";
import { extractPatch, type Patch, type PatchSource, patchAsSource } from "../patches.ts";
import { smooth } from "../smoothing.ts";
import { addNoise, changeBrightness, changeContrast, changeGamma, drawFactor } from "./intensity.ts";
import { type AugmentationOptions, NNUNET_AUGMENTATION } from "./options.ts";
import { lowerResolution } from "./resolution.ts";
import { drawAffine, mirrorPatch, samplePatch } from "./spatial.ts";

/**
 * Cuts a patch out of an image and augments it. Rotation and scaling sample the image itself, so that the patch stays filled where the
 * image goes on.
 *
 * @param start index of the patch's first voxel, as from `samplePatchStart`. @param size (slice, row, column).
 * @returns new arrays; the source is not changed.
 */
export function drawAugmentedPatch(
  source: PatchSource,
  start: Triple,
  size: Triple,
  key: RandomKey,
  options: AugmentationOptions = NNUNET_AUGMENTATION,
): Patch {
  const affine = drawAffine(streamFor(key, "spatial"), options);
  const patch =
    affine === undefined ? extractPatch(source, start, size) : samplePatch(source, start, size, affine);
  for (let c = 0; c < patch.channelCount; c++) {
    const voxels = patch.labels.length;
    augmentIntensity(patch.channels.subarray(c * voxels, (c + 1) * voxels), size, c, key, options);
  }
  const mirrorStream = streamFor(key, "mirror");
  const axes = options.mirror.axes.filter(() => mirrorStream.bernoulli(options.mirror.probability));
  return mirrorPatch(patch, axes);
}

/**
 * Augments a patch. Where `size` is smaller than the patch, its middle is returned, and the surroundings fill the corners that
 * rotation and scaling bring in.
 *
 * @returns new arrays; the patch is not changed.
 */
export function augmentPatch(
  patch: Patch,
  key: RandomKey,
  options: AugmentationOptions = NNUNET_AUGMENTATION,
  size: Triple = patch.shape,
): Patch {
  const start = patch.shape.map((n, axis) => Math.floor((n - size[axis]) / 2)) as unknown as Triple;
  return drawAugmentedPatch(patchAsSource(patch), start, size, key, options);
}

/** nnU-Net's order. Whether a change happens is drawn for the patch, its strength for each channel (noise: one strength for all). */
function augmentIntensity(
  channel: Float32Array,
  shape: Triple,
  index: number,
  key: RandomKey,
  options: AugmentationOptions,
): void {
  const happens = (name: keyof AugmentationOptions) =>
    options[name].probability > 0 && streamFor(key, name, "happens").bernoulli(options[name].probability);
  const stream = (name: string) => streamFor(key, name, index);

  if (happens("noise")) {
    const [low, high] = options.noise.deviationRange;
    addNoise(channel, streamFor(key, "noise", "deviation").uniform(low, high), stream("noise"));
  }
  if (happens("blur")) {
    const random = stream("blur");
    if (random.bernoulli(options.blur.channelProbability)) {
      const [low, high] = options.blur.sigmaRange;
      smooth(channel, shape, [
        random.uniform(low, high),
        random.uniform(low, high),
        random.uniform(low, high),
      ]);
    }
  }
  if (happens("brightness")) {
    changeBrightness(channel, drawFactor(stream("brightness"), options.brightness.range));
  }
  if (happens("contrast")) changeContrast(channel, drawFactor(stream("contrast"), options.contrast.range));
  if (happens("lowResolution")) {
    const random = stream("lowResolution");
    if (random.bernoulli(options.lowResolution.channelProbability)) {
      const [low, high] = options.lowResolution.range;
      lowerResolution(channel, shape, random.uniform(low, high), options.lowResolution.axes);
    }
  }
  if (happens("invertedGamma")) {
    changeGamma(channel, drawFactor(stream("invertedGamma"), options.invertedGamma.range), true);
  }
  if (happens("gamma")) changeGamma(channel, drawFactor(stream("gamma"), options.gamma.range), false);
}

function streamFor(key: RandomKey, ...path: (string | number)[]): RandomStream {
  return new RandomStream(deriveKey(key, "augmentation", ...path));
}
