/** DICOM segmentation objects (PS3.3, A.51 and C.8.20) → one volume per segment. */
import { DataError } from "../../domain/errors.ts";
import { type Grid, type Triple, toVoxel, voxelCount } from "../../domain/grid.ts";
import { createVolume, type Volume } from "../../domain/volume.ts";
import { dot } from "../affine.ts";
import { readBytes } from "../files.ts";
import { type DataSet, isDicom, parseDicom } from "./data-set.ts";
import { type DicomSource, isSegmentation, required, sourceOf } from "./instance.ts";
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

/** How far, in voxels, a frame may lie beside the voxels of the grid. */
const LARGEST_OFFSET = 0.05;

/**
 * Reads a segmentation (binary, fractional or label map), putting each frame where its position says, in whatever order frames come and
 * however few of the slices, or of a slice, they cover.
 *
 * @param wanted grid of the image that was segmented; the smallest that holds all frames where left out.
 * @throws {DataError} `dicom-not-segmentation`, `segmentation-type`, `segmentation-off-grid` naming the frame,
 *   `segmentation-geometry`, `segmentation-frame-twice`, `dicom-attribute`, `dicom-pixels`, `dicom-compression`, `dicom-damaged`, `file-missing`.
 */
export async function readDicomSegmentation(file: string, wanted?: Grid): Promise<DicomSegmentation> {
  const data = await segmentationIn(file);
  if (data === undefined) {
    throw new DataError("dicom-not-segmentation", {
      file,
      found: "another object than a segmentation",
      expected: "a DICOM SEG file",
    });
  }
  const pixels = segmentationPixels(data);
  const frames = framesOf(data, pixels);
  const grid = wanted ?? gridOfFrames(frames, pixels, file);
  const segments = new Map(
    data.items("SegmentSequence").flatMap((item) => {
      const number = required(item, "SegmentNumber", 1)[0];
      // Label maps may describe what is outside all segments, too (PS3.3, C.8.20.2).
      if (number === 0) return [];
      const values = new (pixels.fractional ? Float32Array : Uint8Array)(voxelCount(grid));
      const label = item.text("SegmentLabel") ?? "";
      return [[number, { number, label, values, slices: new Set<string>() }] as const];
    }),
  );
  for (const [i, frame] of frames.entries()) {
    const place = placeOf(frame, grid, pixels, i, file);
    const value = await pixels.frame(i);
    const shown = frame.segment === undefined ? [...segments.keys()] : [frame.segment];
    for (const number of shown) {
      const segment = segments.get(number);
      if (segment === undefined)
        throw frameError("segmentation-off-grid", file, i, `in an undeclared segment ${number}`);
      const key = place.join(" ");
      if (segment.slices.has(key))
        throw frameError("segmentation-frame-twice", file, i, "at a place that has one");
      segment.slices.add(key);
      copyFrame(pixels, value, number, segment.values, grid, place);
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
 * Whether a file is a segmentation object.
 *
 * @throws {DataError} `dicom-damaged`, `file-missing`.
 */
export async function isDicomSegmentation(file: string): Promise<boolean> {
  return (await segmentationIn(file)) !== undefined;
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
  const fits =
    dot(direction[2], grid.direction[2]) > 0.999 &&
    dot(direction[1], grid.direction[1]) > 0.999 &&
    pixelSpacing.every((mm, i) => Math.abs(mm - grid.spacingMm[i + 1]) < 1e-3 * mm) &&
    at.every((value, axis) => Math.abs(value - rounded[axis]) <= LARGEST_OFFSET) &&
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
