/**
 * From the fingerprint of a data set to the plan of a network: the rules of nnU-Net v2 (Isensee et al. 2021, Nature Methods
 * 18:203; `ExperimentPlanner` and `ResEncUNetPlanner` of nnunetv2 2.8.1), configuration `3d_fullres`.
 */
import { UsageError } from "../domain/errors.ts";
import type { Triple } from "../domain/grid.ts";
import { type Fingerprint, percentile } from "./fingerprint.ts";
import {
  blocksOf,
  type EncoderKind,
  featuresOf,
  type PlannerName,
  type PlanPreset,
  PRESETS,
} from "./presets.ts";
import { type Topology, topologyOf } from "./topology.ts";

/**
 * `z-score`: (x − mean) / standard deviation over the whole image; `z-score-nonzero`: over its non-zero voxels, zeros left at 0.
 */
export type Normalisation = "z-score" | "z-score-nonzero";

/** What a network and its data preparation are built from. Triples are (slice, row, column). */
export interface Plan {
  /** The planner whose sizes these are. */
  readonly preset: PlannerName;
  /** Plain where it is absent. */
  readonly encoder?: EncoderKind;
  readonly inputChannels: number;
  /** Classes with the background. */
  readonly classes: number;
  /** Spacing that images are resampled to. */
  readonly spacingMm: Triple;
  /** Median size of the images at that spacing, in voxels. */
  readonly medianShape: Triple;
  /** Divisible by the product of the strides. Smaller images are padded. */
  readonly patchSize: Triple;
  readonly batchSize: number;
  /** Per stage: stride of its first convolution. */
  readonly strides: readonly Triple[];
  /** Per stage. */
  readonly kernels: readonly Triple[];
  /** Per stage: channels. */
  readonly features: readonly number[];
  /** Per stage: convolutions of the encoder, or residual blocks of two. */
  readonly blocksPerStage: readonly number[];
  /** Per resolution of the decoder, finest first: convolutions. */
  readonly blocksPerStageDecoder: readonly number[];
  /** Per channel. */
  readonly normalisation: readonly Normalisation[];
  /** Sum of the sizes of all convolution outputs for one sample: the planner's measure of memory. */
  readonly memoryEstimate: number;
}

export interface PlanOptions {
  readonly preset?: PlannerName;
  /** Classes with the background. */
  readonly classes: number;
  /** By default, the channels that the fingerprint has intensities for, else 1. */
  readonly inputChannels?: number;
  /** Replaces the spacing that follows from the fingerprint: coarser for speed, (slice, row, column), in mm. */
  readonly spacingMm?: Triple;
  /** Replaces the patch that would be planned; padded up so that it can be halved. (slice, row, column), in voxels. */
  readonly patchSize?: Triple;
  /** Replaces the batch that would be planned. */
  readonly batchSize?: number;
  /** Replaces numbers of the preset. */
  readonly overrides?: Partial<PlanPreset>;
}

/** An axis is coarse where its spacing is more than this many times that of the others. */
const ANISOTROPY = 3;
/** Below this median size after cropping / before, images are normalised inside their non-zero voxels. */
const CROPPED_SHARE = 0.75;
const MIN_BATCH = 2;

/**
 * Plans a network.
 *
 * @throws {UsageError} `plan-classes` for fewer than two classes, `plan-flat` where the median image has a single slice or is too
 *   small to be pooled even once.
 */
export function planNetwork(fingerprint: Fingerprint, options: PlanOptions): Plan {
  const preset = { ...PRESETS[options.preset ?? "nnunet"], ...options.overrides };
  if (!(Number.isInteger(options.classes) && options.classes >= 2)) {
    throw new UsageError("plan-classes", {
      found: `${options.classes} classes`,
      expected: "at least the background and one foreground class",
    });
  }
  const spacing = options.spacingMm ?? targetSpacing(fingerprint);
  const cases = fingerprint.shapesAfterCrop.length;
  const resampled = fingerprint.shapesAfterCrop.map((shape, i) =>
    shape.map((size, axis) => roundHalfEven((fingerprint.spacingsMm[i][axis] / spacing[axis]) * size)),
  );
  const medianShape = perAxis((axis) =>
    percentile(
      resampled.map((shape) => shape[axis]),
      50,
    ),
  );
  if (Math.min(...medianShape) < 2) {
    throw new UsageError("plan-flat", {
      found: `a median size of ${medianShape.join("x")} voxels`,
      expected: "volumes with several slices",
    });
  }

  // nnU-Net plans with the coarsest axis first; only ties depend on it. We hand back the order of the data.
  const coarsest = spacing.indexOf(Math.max(...spacing));
  const forward = [coarsest, ...[0, 1, 2].filter((axis) => axis !== coarsest)];
  const toPlan = (values: Triple): Triple => perAxis((axis) => values[forward[axis]]);
  const toData = (values: Triple): Triple => perAxis((axis) => values[forward.indexOf(axis)]);

  const { topology, estimate } =
    options.patchSize === undefined
      ? fitPatch(toPlan(spacing), toPlan(medianShape), options.classes, preset)
      : givenPatch(toPlan(spacing), toPlan(options.patchSize), options.classes, preset);
  if (topology.strides.length < 2) {
    throw new UsageError("plan-flat", {
      found:
        options.patchSize === undefined
          ? `a median size of ${medianShape.join("x")} voxels of ${spacing.join("x")} mm`
          : `a patch of ${options.patchSize.join("x")} voxels of ${spacing.join("x")} mm`,
      expected: "images that can be halved at least once: 12 voxels along the axis with the finest spacing",
      remedy: "Give larger images, or crop less.",
    });
  }
  const voxels = product(topology.patchSize);
  const batchForMemory = roundHalfEven((preset.memoryReference / estimate) * MIN_BATCH);
  const batchForData = roundHalfEven((product(medianShape) * cases * preset.maxDataShare) / voxels);
  const stages = topology.strides.length;
  const inputChannels = options.inputChannels ?? Math.max(1, fingerprint.foregroundIntensities.length);
  const normalisation =
    fingerprint.medianRelativeSizeAfterCrop < CROPPED_SHARE ? "z-score-nonzero" : "z-score";
  return {
    preset: options.preset ?? "nnunet",
    encoder: preset.encoder,
    inputChannels,
    classes: options.classes,
    spacingMm: spacing,
    medianShape,
    patchSize: toData(topology.patchSize),
    batchSize:
      options.batchSize ??
      Math.min(preset.maxBatch, Math.max(MIN_BATCH, Math.min(batchForMemory, batchForData))),
    strides: topology.strides.map(toData),
    kernels: topology.kernels.map(toData),
    features: featuresOf(stages, preset),
    ...blocksOf(stages, preset.encoder),
    normalisation: Array<Normalisation>(inputChannels).fill(normalisation),
    memoryEstimate: estimate,
  };
}

/** One line that describes a plan to a person. */
export function describePlan({ preset, patchSize, batchSize, spacingMm, features }: Plan): string {
  const spacing = spacingMm.map((mm) => Number(mm.toFixed(3))).join("x");
  return `plan ${preset}: patch ${patchSize.join("x")} at ${spacing} mm, batch ${batchSize}, features ${features.join(", ")}`;
}

/** Median spacing per axis; the 10th percentile for an axis much coarser and with far fewer voxels than the others. */
function targetSpacing({ spacingsMm, shapesAfterCrop }: Fingerprint): Triple {
  const of = (triples: readonly Triple[], axis: number, percent: number) =>
    percentile(
      triples.map((triple) => triple[axis]),
      percent,
    );
  const median = perAxis((axis) => of(spacingsMm, axis, 50));
  const size = perAxis((axis) => of(shapesAfterCrop, axis, 50));
  const worst = median.indexOf(Math.max(...median));
  const others = [0, 1, 2].filter((axis) => axis !== worst);
  const coarsestOther = Math.max(...others.map((axis) => median[axis]));
  const coarse = median[worst] > ANISOTROPY * coarsestOther;
  const short = size[worst] * ANISOTROPY < Math.min(...others.map((axis) => size[axis]));
  if (!(coarse && short)) return median;
  const finer = of(spacingsMm, worst, 10);
  // The coarse axis must stay the coarsest, by a hair.
  const chosen = finer < coarsestOther ? coarsestOther + 1e-5 : finer;
  return perAxis((axis) => (axis === worst ? chosen : median[axis]));
}

function givenPatch(
  spacing: Triple,
  patchSize: Triple,
  classes: number,
  preset: PlanPreset,
): { topology: Topology; estimate: number } {
  const topology = topologyOf(spacing, patchSize);
  return { topology, estimate: memoryEstimate(topology, classes, preset) };
}

/** The largest patch of the images' proportions whose network fits the memory reference. */
function fitPatch(
  spacing: Triple,
  medianShape: Triple,
  classes: number,
  preset: PlanPreset,
): { topology: Topology; estimate: number } {
  const inverse = perAxis((axis) => 1 / spacing[axis]);
  const scale = (256 ** 3 / product(inverse)) ** (1 / 3);
  let topology = topologyOf(
    spacing,
    perAxis((axis) => Math.min(roundHalfEven(inverse[axis] * scale), medianShape[axis])),
  );
  let estimate = memoryEstimate(topology, classes, preset);
  while (estimate > preset.memoryReference) {
    const smaller = smallerPatches(spacing, medianShape, topology);
    if (smaller.length === 0) break;
    [topology] = smaller;
    estimate = memoryEstimate(topology, classes, preset);
  }
  return { topology, estimate };
}

/**
 * The patches with one axis made shorter, that axis first which is longest relative to the images. nnU-Net takes the first without
 * more ado; here one that cannot be halved any more, which would leave a network of a single stage, is passed over.
 */
function smallerPatches(spacing: Triple, medianShape: Triple, { patchSize, divisor }: Topology): Topology[] {
  const ratio = (axis: number) => patchSize[axis] / medianShape[axis];
  return [2, 1, 0]
    .sort((a, b) => ratio(b) - ratio(a))
    .map((axis) => {
      const without = (step: number) => perAxis((i) => patchSize[i] - (i === axis ? step : 0));
      // The step is the divisor of the patch that is one divisor smaller: 256 goes to 224 (divisor 32), not to 192 (divisor 64).
      const step = topologyOf(spacing, without(divisor[axis])).divisor[axis];
      return topologyOf(spacing, without(step));
    })
    .filter(({ strides }) => strides.length > 1);
}

/** Sum of the sizes of all convolution outputs of the network for one sample (`compute_conv_feature_map_size`). */
function memoryEstimate(topology: Topology, classes: number, preset: PlanPreset): number {
  const stages = topology.strides.length;
  const features = featuresOf(stages, preset);
  const blocks = blocksOf(stages, preset.encoder);
  let size: Triple = topology.patchSize;
  // The stem of a residual encoder.
  let total = preset.encoder === "residual" ? features[0] * product(size) : 0;
  topology.strides.forEach((stride, stage) => {
    size = perAxis((axis) => size[axis] / stride[axis]);
    const voxels = product(size);
    total += encoderOutputs(blocks.blocksPerStage[stage], stage, preset) * features[stage] * voxels;
    // In the decoder: the transposed convolution and the convolutions after it.
    if (stage < stages - 1) total += (1 + blocks.blocksPerStageDecoder[stage]) * features[stage] * voxels;
    if (stage === 0) total += classes * voxels;
  });
  return total;
}

/** Convolution outputs of a stage; the skip of a residual stage's first block counts, as it changes size in all stages but the first. */
function encoderOutputs(blocks: number, stage: number, { encoder }: PlanPreset): number {
  if (encoder === "plain") return blocks;
  return 2 * blocks + (stage > 0 ? 1 : 0);
}

/** Python's `round`, which nnU-Net uses: halves go to the even neighbour. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function perAxis(value: (axis: number) => number): Triple {
  return [value(0), value(1), value(2)];
}

function product(values: Triple): number {
  return values[0] * values[1] * values[2];
}
