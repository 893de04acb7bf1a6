/** DICOM segmentation objects (PS3.3, A.51 and C.8.20) → one volume per segment. */
import { DataError } from "../../domain/errors.ts";
import { type Grid, type Triple, toVoxel, voxelCount } from "../../domain/grid.ts";
import { createVolume, type Volume } from "../../domain/volume.ts";
import { dot } from "../affine.ts";
import { readBytes } from "../files.ts";
import { type DataSet, isDicom, parseDicom } from "./data-set.ts";
import { type DicomSource, isSegmentation, sourceOf } from "./instance.ts";
import { describedSegments, type SegmentDescription } from "./segment-meaning.ts";
import { type Frame, framesOf } from "./segmentation-frames.ts";
import { gridOfFrames } from "./segmentation-grid.ts";
import { type PixelValue, type SegmentationPixels, segmentationPixels } from "./segmentation-pixels.ts";

export interface Segment {
  /** From 1, as frames refer to it. */
  readonly number: number;
  readonly label: string;
  /** Binary: 0 or 1. Fractional: the probability or occupancy from 0 to 1. Voxels that no frame covers are 0. */
  readonly volume: Volume<Uint8Array> | Volume<Float32Array>;
  /** Slices of the grid that a frame of this segment covers. */
  readonly coveredSlices: number;
}

export interface DicomSegmentation {
  readonly source: DicomSource;
  readonly grid: Grid;
  /** Segments may overlap, so each has a volume of its own. */
  readonly segments: readonly Segment[];
}

/** What a segmentation says of itself, without its voxels. */
export interface SegmentationHead {
  readonly file: string;
  readonly source: DicomSource;
  /** SeriesInstanceUIDs of the images that it refers to. */
  readonly seriesUids: readonly string[];
  readonly segments: readonly SegmentDescription[];
  /** The smallest grid that holds all frames. */
  readonly grid: Grid;
}

export interface SegmentationOptions {
  /** Grid of the image that was segmented; the smallest that holds all frames where left out. */
  readonly grid?: Grid;
  /** Numbers of the segments to be read; all where left out. */
  readonly segments?: readonly number[];
}

/** How far, in voxels, a frame's first pixel may lie beside a voxel of the grid. */
const LARGEST_OFFSET = 0.05;
/** The same of its last pixel, which tilts and rounded spacings carry further away: each pixel still lies in its own voxel. */
const LARGEST_DRIFT = 0.25;

/**
 * Reads a segmentation (binary, fractional or label map), putting each frame where its position says, in whatever order frames come and
 * however few of the slices, or of a slice, they cover.
 *
 * @throws {DataError} `dicom-not-segmentation`, `segmentation-type`, `segmentation-off-grid` naming the frame,
 *   `segmentation-segment` for a frame of a segment that is not described, `segmentation-geometry`, `segmentation-frame-twice`, `dicom-attribute`, `dicom-pixels`, `dicom-compression`, `dicom-damaged`, `file-missing`.
 */
export async function readDicomSegmentation(
  file: string,
  { grid: wanted, segments: numbers }: SegmentationOptions = {},
): Promise<DicomSegmentation> {
  const data = await openSegmentation(file);
  const pixels = segmentationPixels(data);
  const frames = framesOf(data, pixels);
  const grid = wanted ?? gridOfFrames(frames, pixels, file);
  const described = describedSegments(data);
  const declared = new Set(described.map(({ number }) => number));
  const segments = new Map(
    described
      .filter(({ number }) => numbers?.includes(number) ?? true)
      .map(({ number, label }) => {
        const values = new (pixels.fractional ? Float32Array : Uint8Array)(voxelCount(grid));
        return [number, { number, label, values, slices: new Set<string>() }] as const;
      }),
  );
  for (const [i, frame] of frames.entries()) {
    if (frame.segment !== undefined && !declared.has(frame.segment)) {
      throw new DataError("segmentation-segment", {
        file,
        found: `frame ${i + 1} shows segment ${frame.segment}, which is not described`,
        expected: `one of the segments ${[...declared].join(", ")}`,
        remedy: "Export the segmentation again.",
      });
    }
    const shown = [...segments.values()].filter(
      ({ number }) => frame.segment === undefined || frame.segment === number,
    );
    if (shown.length === 0) continue;
    const place = placeOf(frame, grid, pixels, i, file);
    const value = await pixels.frame(i);
    for (const segment of shown) {
      const key = place.join(" ");
      if (segment.slices.has(key))
        throw frameError("segmentation-frame-twice", file, i, "at a place that has one");
      segment.slices.add(key);
      copyFrame(pixels, value, segment.number, segment.values, grid, place);
    }
  }
  return {
    source: sourceOf(data),
    grid,
    segments: [...segments.values()].map(({ number, label, values, slices }) => ({
      number,
      label,
      volume: createVolume(grid, values) as Segment["volume"],
      coveredSlices: new Set([...slices].map((key) => key.split(" ")[0])).size,
    })),
  };
}

/**
 * What a segmentation says of itself.
 *
 * @throws {DataError} `dicom-not-segmentation`, `segmentation-type`, `segmentation-geometry`, `dicom-attribute`, `dicom-damaged`,
 *   `file-missing`.
 */
export async function describeSegmentation(file: string): Promise<SegmentationHead> {
  const data = await openSegmentation(file);
  const pixels = segmentationPixels(data);
  return {
    file,
    source: sourceOf(data),
    seriesUids: data
      .items("ReferencedSeriesSequence")
      .flatMap((series) => series.text("SeriesInstanceUID") ?? []),
    segments: describedSegments(data),
    grid: gridOfFrames(framesOf(data, pixels), pixels, file),
  };
}

/**
 * Whether a file is a segmentation object.
 *
 * @throws {DataError} `dicom-damaged`, `file-missing`.
 */
export async function isDicomSegmentation(file: string): Promise<boolean> {
  return (await segmentationIn(file)) !== undefined;
}

async function openSegmentation(file: string): Promise<DataSet> {
  const data = await segmentationIn(file);
  if (data !== undefined) return data;
  throw new DataError("dicom-not-segmentation", {
    file,
    found: "another object than a segmentation",
    expected: "a DICOM SEG file",
  });
}

async function segmentationIn(file: string): Promise<DataSet | undefined> {
  const bytes = await readBytes(file);
  const data = isDicom(bytes) ? parseDicom(bytes, file) : undefined;
  return data !== undefined && isSegmentation(data) ? data : undefined;
}

/** Slice, row and column of the grid where a frame's first pixel lies. */
function placeOf(
  { position, direction, pixelSpacing }: Frame,
  grid: Grid,
  { rows, columns }: SegmentationPixels,
  frame: number,
  file: string,
): Triple {
  const at = toVoxel(grid, position);
  const rounded: Triple = [Math.round(at[0]), Math.round(at[1]), Math.round(at[2])];
  const [down, along] = [(rows - 1) * pixelSpacing[0], (columns - 1) * pixelSpacing[1]];
  const end = position.map((mm, i) => mm + down * direction[1][i] + along * direction[2][i]);
  const last = toVoxel(grid, [end[0], end[1], end[2]]);
  const fits =
    dot(direction[2], grid.direction[2]) > 0.999 &&
    dot(direction[1], grid.direction[1]) > 0.999 &&
    pixelSpacing.every((mm, i) => Math.abs(mm - grid.spacingMm[i + 1]) < 1e-3 * mm) &&
    at.every((value, axis) => Math.abs(value - rounded[axis]) <= LARGEST_OFFSET) &&
    last.every(
      (value, axis) => Math.abs(value - rounded[axis] - [0, rows - 1, columns - 1][axis]) <= LARGEST_DRIFT,
    ) &&
    rounded.every((value, axis) => value >= 0 && value + [1, rows, columns][axis] <= grid.shape[axis]);
  if (fits) return rounded;
  throw frameError(
    "segmentation-off-grid",
    file,
    frame,
    `at voxel (${at.map((value) => value.toFixed(2)).join(", ")}) of the image, ${rows}x${columns} pixels of ${pixelSpacing.join("x")} mm`,
  );
}

function copyFrame(
  { rows, columns }: SegmentationPixels,
  value: PixelValue,
  segment: number,
  target: Uint8Array | Float32Array,
  { shape }: Grid,
  [slice, row, column]: Triple,
): void {
  let pixel = 0;
  for (let r = 0; r < rows; r++) {
    let voxel = (slice * shape[1] + row + r) * shape[2] + column;
    for (let c = 0; c < columns; c++) target[voxel++] = value(pixel++, segment);
  }
}

function frameError(code: string, file: string, frame: number, found: string): DataError {
  return new DataError(code, {
    file,
    found: `frame ${frame + 1} lies ${found}`,
    expected: "frames that each lie once on the voxels of the segmented image",
    remedy: "Check that the segmentation belongs to this image.",
  });
}
