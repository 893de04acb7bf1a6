/** What augmentation does and how often; the defaults are nnU-Net v2's (Isensee 2021; `get_training_transforms` of release 2.8.1). */
import type { Triple } from "../../domain/grid.ts";

export type Range = readonly [number, number];

export interface AugmentationOptions {
  /** Rotation by up to so many degrees to either side about each array axis (or about `axes` only). */
  readonly rotation: {
    readonly probability: number;
    readonly maximumDegrees: number;
    readonly axes: readonly number[];
  };
  /** One factor for all `axes`; the patch shows `factor` times as much of the image, so that above 1 objects shrink. */
  readonly scaling: {
    readonly probability: number;
    readonly range: Range;
    readonly axes: readonly number[];
  };
  /** Normal noise; its standard deviation is uniform in the range, in units of the (standardised) image. */
  readonly noise: { readonly probability: number; readonly deviationRange: Range };
  /** Gaussian blur of single channels; σ in voxels, drawn anew for each axis. */
  readonly blur: {
    readonly probability: number;
    readonly channelProbability: number;
    readonly sigmaRange: Range;
  };
  /** Multiplies each channel; below and above 1 are equally likely. */
  readonly brightness: { readonly probability: number; readonly range: Range };
  /** Multiplies each channel's deviation from its mean, within its old range; below and above 1 are equally likely. */
  readonly contrast: { readonly probability: number; readonly range: Range };
  /** Single channels: fewer samples along `axes` (nearest), then interpolated back. */
  readonly lowResolution: {
    readonly probability: number;
    readonly channelProbability: number;
    readonly range: Range;
    readonly axes: readonly number[];
  };
  /** Gamma curve on the negative image; mean and deviation of the channel are kept. */
  readonly invertedGamma: { readonly probability: number; readonly range: Range };
  /** Gamma curve; mean and deviation of the channel are kept; below and above 1 are equally likely. */
  readonly gamma: { readonly probability: number; readonly range: Range };
  /** Reversal of each of the `axes` (0 slice, 1 row, 2 column) by itself. */
  readonly mirror: { readonly probability: number; readonly axes: readonly number[] };
}

/** nnU-Net's augmentation of patches with about equal sides. */
export const NNUNET_AUGMENTATION: AugmentationOptions = {
  rotation: { probability: 0.2, maximumDegrees: 30, axes: [0, 1, 2] },
  scaling: { probability: 0.2, range: [0.7, 1.4], axes: [0, 1, 2] },
  // nnU-Net calls the drawn number a variance but uses it as a standard deviation; this follows what it does.
  noise: { probability: 0.1, deviationRange: [0, 0.1] },
  blur: { probability: 0.2, channelProbability: 0.5, sigmaRange: [0.5, 1] },
  brightness: { probability: 0.15, range: [0.75, 1.25] },
  contrast: { probability: 0.15, range: [0.75, 1.25] },
  lowResolution: { probability: 0.25, channelProbability: 0.5, range: [0.5, 1], axes: [0, 1, 2] },
  invertedGamma: { probability: 0.1, range: [0.7, 1.5] },
  gamma: { probability: 0.3, range: [0.7, 1.5] },
  mirror: { probability: 0.5, axes: [0, 1, 2] },
};

/** nnU-Net's augmentation of patches with few thick slices: rotation, scaling and low resolution stay within the slice. */
function inPlaneAugmentation(sliceAxis: number): AugmentationOptions {
  const axes = [0, 1, 2].filter((axis) => axis !== sliceAxis);
  return {
    ...NNUNET_AUGMENTATION,
    rotation: { probability: 0.2, maximumDegrees: 180, axes: [sliceAxis] },
    scaling: { ...NNUNET_AUGMENTATION.scaling, axes },
    lowResolution: { ...NNUNET_AUGMENTATION.lowResolution, axes },
  };
}

export const NNUNET_IN_PLANE_AUGMENTATION = inPlaneAugmentation(0);

/** Reversal of axes only. */
export const MIRROR_AUGMENTATION: AugmentationOptions = {
  ...NNUNET_AUGMENTATION,
  rotation: { ...NNUNET_AUGMENTATION.rotation, probability: 0 },
  scaling: { ...NNUNET_AUGMENTATION.scaling, probability: 0 },
  noise: { ...NNUNET_AUGMENTATION.noise, probability: 0 },
  blur: { ...NNUNET_AUGMENTATION.blur, probability: 0 },
  brightness: { ...NNUNET_AUGMENTATION.brightness, probability: 0 },
  contrast: { ...NNUNET_AUGMENTATION.contrast, probability: 0 },
  lowResolution: { ...NNUNET_AUGMENTATION.lowResolution, probability: 0 },
  invertedGamma: { ...NNUNET_AUGMENTATION.invertedGamma, probability: 0 },
  gamma: { ...NNUNET_AUGMENTATION.gamma, probability: 0 },
};

/** The patch as it is. */
export const NO_AUGMENTATION: AugmentationOptions = {
  ...MIRROR_AUGMENTATION,
  mirror: { ...MIRROR_AUGMENTATION.mirror, probability: 0 },
};

/**
 * nnU-Net's choice for a patch size: in-plane where the longest side is more than three times that of the slices.
 *
 * @param sliceAxis the axis of the coarsest spacing
 */
export function nnunetAugmentation(patchSize: Triple, sliceAxis = 0): AugmentationOptions {
  if (Math.max(...patchSize) / patchSize[sliceAxis] <= 3) return NNUNET_AUGMENTATION;
  return sliceAxis === 0 ? NNUNET_IN_PLANE_AUGMENTATION : inPlaneAugmentation(sliceAxis);
}
