/** DICOM segmentation objects (PS3.3, A.51 and C.8.20) → one volume per segment on the grid of the source image. */
import { DataError } from "../../domain/errors.ts";
import { type Grid, type Triple, toVoxel, voxelCount } from "../../domain/grid.ts";
import { createVolume, type Volume } from "../../domain/volume.ts";
import { dot } from "../affine.ts";
import { readBytes } from "../files.ts";
import type { AttributeName } from "./attributes.ts";
import { type DataSet, isDicom, parseDicom } from "./data-set.ts";
import { type DicomSource, required, SEGMENTATION_STORAGE, sourceOf } from "./instance.ts";

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
  /** Segments may overlap, so each has a volume of its own. */
  readonly segments: readonly Segment[];
}

/** How far, in voxels, a frame may lie beside the voxels of the grid. */
const LARGEST_OFFSET = 0.05;

/**
 * Reads a segmentation, putting each frame where its position says, in whatever order frames come and however few of the
 * slices, or of a slice, they cover.
 *
 * @param grid of the image that was segmented.
 * @throws {DataError} `dicom-not-segmentation`, `segmentation-type` (neither BINARY nor FRACTIONAL), `segmentation-off-grid`
 *   naming the frame, `segmentation-frame-twice`, `dicom-attribute`, `dicom-pixels`, `dicom-damaged`, `file-missing`.
 */
export async function readDicomSegmentation(file: string, grid: Grid): Promise<DicomSegmentation> {
  const bytes = await readBytes(file);
  const data = isDicom(bytes) ? parseDicom(bytes, file) : undefined;
  if (data?.text("SOPClassUID") !== SEGMENTATION_STORAGE) {
    throw new DataError("dicom-not-segmentation", {
      file,
      found: "another object than a segmentation",
      expected: "a DICOM SEG file",
    });
  }
  const frames = framePixels(data);
  const shared = data.items("SharedFunctionalGroupsSequence")[0];
  const perFrame = data.items("PerFrameFunctionalGroupsSequence");
  const segments = new Map(
    data.items("SegmentSequence").map((item) => {
      const number = required(item, "SegmentNumber", 1)[0];
      return [
        number,
        {
          number,
          label: item.text("SegmentLabel") ?? "",
          values: frames.empty(grid),
          slices: new Set<string>(),
        },
      ];
    }),
  );
  for (let frame = 0; frame < frames.count; frame++) {
    const groups = [perFrame[frame], shared].filter((group) => group !== undefined);
    const place = placeOf(groups, grid, frames, frame, file);
    const identification = macro(groups, "SegmentIdentificationSequence", file);
    const number = required(identification, "ReferencedSegmentNumber", 1)[0];
    const segment = segments.get(number);
    if (segment === undefined)
      throw frameError("segmentation-off-grid", file, frame, `in an undeclared segment ${number}`);
    const key = place.join(" ");
    if (segment.slices.has(key))
      throw frameError("segmentation-frame-twice", file, frame, "at a place that has one");
    segment.slices.add(key);
    copyFrame(frames, frame, segment.values, grid, place);
  }
  return {
    source: sourceOf(data),
    segments: [...segments.values()].map(({ number, label, values, slices }) => ({
      number,
      label,
      volume: createVolume(grid, values) as Segment["volume"],
      coveredSlices: new Set([...slices].map((key) => key.split(" ")[0])).size,
    })),
  };
}

interface Frames {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
  /** Value of a pixel counted through all frames. */
  readonly value: (pixel: number) => number;
  readonly empty: (grid: Grid) => Uint8Array | Float32Array;
}

type FrameReader = (bytes: Uint8Array, data: DataSet) => Pick<Frames, "value" | "empty"> & { bits: number };

const SEGMENTATION_TYPES: Readonly<Record<string, FrameReader>> = {
  // Bits run on through frames without padding, lowest first (PS3.5, 8.1.1 and annex D).
  BINARY: (bytes) => ({
    bits: 1,
    value: (pixel) => (bytes[pixel >> 3] >> (pixel & 7)) & 1,
    empty: (grid) => new Uint8Array(voxelCount(grid)),
  }),
  FRACTIONAL: (bytes, data) => {
    const most = required(data, "MaximumFractionalValue", 1)[0];
    return {
      bits: 8,
      value: (pixel) => bytes[pixel] / most,
      empty: (grid) => new Float32Array(voxelCount(grid)),
    };
  },
};

function framePixels(data: DataSet): Frames {
  const type = data.text("SegmentationType") ?? "none";
  const reader = SEGMENTATION_TYPES[type];
  const bitsAllocated = required(data, "BitsAllocated", 1)[0];
  const element = data.element("PixelData");
  const bytes = element?.bytes ?? new Uint8Array(0);
  const frames = reader?.(bytes, data);
  if (frames === undefined || frames.bits !== bitsAllocated) {
    throw new DataError("segmentation-type", {
      file: data.file,
      found: `a segmentation of type ${type} with ${bitsAllocated} bits per pixel`,
      expected: "BINARY with 1 bit or FRACTIONAL with 8 bits",
      remedy: "Export the segmentation again as one of these.",
    });
  }
  const rows = required(data, "Rows", 1)[0];
  const columns = required(data, "Columns", 1)[0];
  const count = data.number("NumberOfFrames") ?? 1;
  const needed = Math.ceil((count * rows * columns * frames.bits) / 8);
  if (bytes.length < needed) {
    throw new DataError("dicom-pixels", {
      file: data.file,
      found: element?.fragments === undefined ? `${bytes.length} bytes of pixels` : "compressed pixels",
      expected: `${needed} uncompressed bytes`,
      remedy: "Export the segmentation again, uncompressed.",
    });
  }
  return { count, rows, columns, value: frames.value, empty: frames.empty };
}

/** Slice, row and column of the grid where a frame's first pixel lies. */
function placeOf(
  groups: readonly DataSet[],
  grid: Grid,
  frames: Frames,
  frame: number,
  file: string,
): Triple {
  const position = required(macro(groups, "PlanePositionSequence", file), "ImagePositionPatient", 3);
  const cosines = required(macro(groups, "PlaneOrientationSequence", file), "ImageOrientationPatient", 6);
  const spacing = required(macro(groups, "PixelMeasuresSequence", file), "PixelSpacing", 2);
  const alongRow: Triple = [cosines[0], cosines[1], cosines[2]];
  const alongColumn: Triple = [cosines[3], cosines[4], cosines[5]];
  const at = toVoxel(grid, [position[0], position[1], position[2]]);
  const rounded: Triple = [Math.round(at[0]), Math.round(at[1]), Math.round(at[2])];
  const fits =
    dot(alongRow, grid.direction[2]) > 0.999 &&
    dot(alongColumn, grid.direction[1]) > 0.999 &&
    Math.abs(spacing[0] - grid.spacingMm[1]) < 1e-3 * grid.spacingMm[1] &&
    Math.abs(spacing[1] - grid.spacingMm[2]) < 1e-3 * grid.spacingMm[2] &&
    at.every((value, axis) => Math.abs(value - rounded[axis]) <= LARGEST_OFFSET) &&
    rounded.every(
      (value, axis) => value >= 0 && value + [1, frames.rows, frames.columns][axis] <= grid.shape[axis],
    );
  if (fits) return rounded;
  throw frameError(
    "segmentation-off-grid",
    file,
    frame,
    `at voxel (${at.map((value) => value.toFixed(2)).join(", ")}) of the image, ${frames.rows}x${frames.columns} pixels of ${spacing.join("x")} mm`,
  );
}

function copyFrame(
  { rows, columns, value }: Frames,
  frame: number,
  target: Uint8Array | Float32Array,
  { shape }: Grid,
  [slice, row, column]: Triple,
): void {
  let pixel = frame * rows * columns;
  for (let r = 0; r < rows; r++) {
    let voxel = (slice * shape[1] + row + r) * shape[2] + column;
    for (let c = 0; c < columns; c++) target[voxel++] = value(pixel++);
  }
}

/** A functional group macro, per frame or shared by all (PS3.3, C.7.6.16). */
function macro(groups: readonly DataSet[], name: AttributeName, file: string): DataSet {
  for (const group of groups) {
    const item = group.items(name)[0];
    if (item !== undefined) return item;
  }
  throw new DataError("dicom-attribute", {
    file,
    found: `no ${name}`,
    expected: `${name} per frame or shared`,
    remedy: "Export the segmentation again.",
  });
}

function frameError(code: string, file: string, frame: number, found: string): DataError {
  return new DataError(code, {
    file,
    found: `frame ${frame + 1} lies ${found}`,
    expected: "frames that each lie once on the voxels of the segmented image",
    remedy: "Check that the segmentation belongs to this image.",
  });
}
