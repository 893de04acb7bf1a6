/**
 * From an image as it was acquired to what a network sees: cropped to the non-zero box, normalised, resampled to the plan's spacing
 * (Isensee et al. 2021); and from a prediction back to the image's own grid.
 */
import { DataError } from "../../domain/errors.ts";
import { type Grid, type Triple, voxelCount } from "../../domain/grid.ts";
import type { LabelMap, Volume, VoxelArray } from "../../domain/volume.ts";
import { fillHoles } from "../../imaging/components.ts";
import { type Box, crop, nonZeroBox, paste } from "../../imaging/cropping.ts";
import { standardise } from "../../imaging/normalisation.ts";
import { gridWithSpacing, resample, resampleLabels } from "../../imaging/resampling.ts";
import type { Plan } from "../../networks/plan.ts";
import type { PreparedSeries } from "../preparation/prepare-series.ts";

/** An image on its own grid: channels in the plan's order, and classes (0 … classes − 1) where there is a reference. */
export interface LoadedCase {
  readonly grid: Grid;
  readonly channels: readonly Float32Array[];
  readonly labels?: Uint8Array;
  /** The image that shows the body, before contrast agent; where left out, the first channel does. */
  readonly anatomy?: VoxelArray;
  /** The dynamic series that the image is of, where it was prepared for the network. */
  readonly prepared?: PreparedSeries;
}

export interface CroppedCase extends Omit<LoadedCase, "anatomy" | "prepared"> {
  readonly sourceGrid: Grid;
  readonly box: Box;
}

/** What a network is trained on and predicts: on the plan's spacing. */
export interface PreparedCase extends Omit<LoadedCase, "anatomy" | "prepared"> {
  readonly sourceGrid: Grid;
  readonly croppedGrid: Grid;
  readonly box: Box;
  /** 1 outside the non-zero voxels, of a case with labels whose plan normalises inside them. */
  readonly outside?: Uint8Array;
}

/**
 * Cuts away the empty border that all channels share.
 *
 * @throws {DataError} `image-empty` where every voxel is zero.
 */
export function cropCase(loaded: LoadedCase, id: string): CroppedCase {
  const box = nonZeroBox(loaded.channels, loaded.grid.shape);
  if (box === undefined) {
    throw new DataError("image-empty", {
      file: id,
      found: "an image in which every voxel is 0",
      expected: "signal",
      remedy: "Export the series again.",
    });
  }
  const cut = <A extends Float32Array | Uint8Array>(data: A) => crop({ grid: loaded.grid, data }, box);
  const first = cut(loaded.channels[0]);
  return {
    grid: first.grid,
    channels: [first.data, ...loaded.channels.slice(1).map((data) => cut(data).data)],
    ...(loaded.labels === undefined ? {} : { labels: cut(loaded.labels).data }),
    sourceGrid: loaded.grid,
    box,
  };
}

/** Normalises and resamples a cropped case as the plan says. */
export function prepareCase(
  cropped: CroppedCase,
  plan: Pick<Plan, "normalisation" | "spacingMm">,
): PreparedCase {
  const grid = gridWithSpacing(cropped.grid, plan.spacingMm);
  const inside = plan.normalisation.includes("z-score-nonzero") ? nonZero(cropped) : undefined;
  const channels = cropped.channels.map((data, channel) => {
    const within = plan.normalisation[channel] === "z-score-nonzero" ? inside : undefined;
    const { volume } = standardise({ grid: cropped.grid, data }, within);
    if (sameShape(grid.shape, cropped.grid.shape)) return volume.data;
    return resample(volume, grid, { interpolation: "cubic", outside: "edge", alongCoarseAxis: "nearest" })
      .data;
  });
  return {
    grid,
    channels,
    ...(cropped.labels === undefined
      ? {}
      : { labels: prepareLabels({ grid: cropped.grid, data: cropped.labels }, grid) }),
    ...(cropped.labels === undefined || inside === undefined
      ? {}
      : { outside: prepareLabels({ grid: cropped.grid, data: inside.map((value) => 1 - value) }, grid) }),
    sourceGrid: cropped.sourceGrid,
    croppedGrid: cropped.grid,
    box: cropped.box,
  };
}

/** Below this a probability says nothing any more; its logarithm stays finite. */
const LEAST_PROBABILITY = 1e-37;

/**
 * The most probable class of each voxel of the source image. Logits are interpolated, as nnU-Net does, not probabilities: the logarithms of
 * the probabilities differ from the logits by a number that is the same for all classes of a voxel, so that the greatest is the same class.
 *
 * @param probabilities [classes, ...prepared shape].
 */
export function restoreLabels(
  prepared: PreparedCase,
  probabilities: Float32Array,
  classes: number,
): LabelMap {
  const { croppedGrid, sourceGrid, box } = prepared;
  const count = voxelCount(croppedGrid);
  const best = new Float32Array(count).fill(Number.NEGATIVE_INFINITY);
  const labels = new Uint8Array(count);
  for (let label = 0; label < classes; label++) {
    const logits = classProbabilities(prepared, probabilities, label).map((probability) =>
      Math.log(Math.max(probability, LEAST_PROBABILITY)),
    );
    const { data } = restoreToCropped(prepared, logits);
    for (let i = 0; i < count; i++) {
      if (data[i] > best[i]) {
        best[i] = data[i];
        labels[i] = label;
      }
    }
  }
  const empty = { grid: sourceGrid, data: new Uint8Array(voxelCount(sourceGrid)) };
  return paste(empty, { grid: croppedGrid, data: labels }, box.start);
}

/** The probability of one class on the prepared grid. */
export function classProbabilities(
  prepared: PreparedCase,
  probabilities: Float32Array,
  label: number,
): Float32Array {
  const count = voxelCount(prepared.grid);
  return probabilities.subarray(label * count, (label + 1) * count);
}

function restoreToCropped({ grid, croppedGrid }: PreparedCase, data: Float32Array): Volume<Float32Array> {
  if (sameShape(grid.shape, croppedGrid.shape)) return { grid: croppedGrid, data };
  return resample({ grid, data }, croppedGrid, {
    interpolation: "linear",
    outside: "edge",
    alongCoarseAxis: "nearest",
  });
}

function prepareLabels(labels: LabelMap, grid: Grid): Uint8Array {
  return sameShape(labels.grid.shape, grid.shape)
    ? labels.data
    : resampleLabels(labels, grid, { alongCoarseAxis: "nearest" }).data;
}

/** 1 where any channel has signal, and in the holes of it (`create_nonzero_mask` of nnU-Net). */
function nonZero({ grid, channels }: CroppedCase): Uint8Array {
  const signal = Uint8Array.from(channels[0], (_, voxel) =>
    channels.some((data) => data[voxel] !== 0) ? 1 : 0,
  );
  return fillHoles({ grid, data: signal }).data;
}

function sameShape(a: Triple, b: Triple): boolean {
  return a.every((size, axis) => size === b[axis]);
}
