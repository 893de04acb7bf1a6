/** A mask from any file: an image of labels, or the segments of a DICOM segmentation, which may overlap. */
import { DataError } from "../../domain/errors.ts";
import { createGrid, type Grid, toWorld, voxelCount } from "../../domain/grid.ts";
import type { Issue } from "../../domain/issues.ts";
import { type LabelMap, requireSameGrid } from "../../domain/volume.ts";
import { resample } from "../../imaging/resampling.ts";
import { volumeMl } from "../../imaging/shape.ts";
import {
  describeSegmentation,
  isDicomSegmentation,
  readDicomSegmentation,
  type Segment,
} from "../../io/dicom/segmentation.ts";
import { isFolder } from "../../io/folders.ts";
import { isImageFile, readLabelMap } from "../../io/images.ts";

/** Share of a voxel, or probability, from which it counts as inside. */
const INSIDE = 0.5;

export interface Mask {
  readonly grid: Grid;
  /** The labels that occur, above 0 and rising: values of an image, numbers of segments. */
  readonly labels: readonly number[];
  /** The voxels of one label, or of `any`, as 1. */
  readonly of: (label: number | "any") => LabelMap;
  readonly issues: readonly Issue[];
}

export interface MaskOptions {
  /** The grid that the mask is wanted on; its own where left out. */
  readonly grid?: Grid;
  /** What the mask is, for errors. */
  readonly what?: string;
  /** Numbers of the segments that are meant; all where left out. Images have none. */
  readonly segments?: readonly number[];
}

/**
 * Reads a mask. Segments of probability or occupancy count from one half. A segmentation that was drawn on another grid than the wanted one is
 * resampled by physical coordinates, linearly, and cut at one half; the issue states its volume before and after.
 *
 * @throws {DataError} `grid-mismatch` for an image on another grid, `segmentation-outside` for a segmentation of which nothing lies on the
 *   grid, and as {@link readLabelMap} and {@link readDicomSegmentation} but for frames beside the grid.
 */
export async function readMask(file: string, options: MaskOptions = {}): Promise<Mask> {
  if (await isSegmentationFile(file)) return readSegments(file, options);
  const { grid, what = "the mask" } = options;
  const image = await readLabelMap(file);
  if (grid !== undefined) requireSameGrid({ grid, data: image.data }, image, what, file);
  return { ...maskOfLabels(image), issues: image.issues };
}

/**
 * Whether a file is a DICOM segmentation, whatever its name, if that is not one of other image files.
 *
 * @throws {DataError} `dicom-damaged`, `file-missing`.
 */
export async function isSegmentationFile(file: string): Promise<boolean> {
  const other = isImageFile(file) && !file.toLowerCase().endsWith(".dcm");
  return !other && !(await isFolder(file)) && (await isDicomSegmentation(file));
}

/** A label map as a mask. */
export function maskOfLabels({ grid, data }: LabelMap): Mask {
  const present = new Uint8Array(256);
  for (let i = 0; i < data.length; i++) present[data[i]] = 1;
  const labels = Array.from(present.keys()).filter((value) => value > 0 && present[value] === 1);
  const of: Mask["of"] = (label) => ({
    grid,
    data: data.map(label === "any" ? (value) => (value > 0 ? 1 : 0) : (value) => (value === label ? 1 : 0)),
  });
  return { grid, labels, of, issues: [] };
}

async function readSegments(file: string, { grid, segments: numbers }: MaskOptions): Promise<Mask> {
  const only = numbers === undefined ? {} : { segments: numbers };
  try {
    const { segments, grid: own } = await readDicomSegmentation(file, {
      ...only,
      ...(grid === undefined ? {} : { grid }),
    });
    return maskOfSegments(own, segments);
  } catch (error) {
    if (grid === undefined || !(error instanceof DataError && error.code === "segmentation-off-grid"))
      throw error;
    const { grid: own } = await describeSegmentation(file);
    const drawn = await readDicomSegmentation(file, { ...only, grid: withEmptySlices(own) });
    return resampled(drawn.segments, drawn.grid, grid, file);
  }
}

/** One slice more at either end: frames are left out where they would be empty, so that beyond the outermost there is nothing. */
function withEmptySlices(grid: Grid): Grid {
  const [slices, rows, columns] = grid.shape;
  return createGrid({ ...grid, shape: [slices + 2, rows, columns], origin: toWorld(grid, [-1, 0, 0]) });
}

function resampled(segments: readonly Segment[], own: Grid, grid: Grid, file: string): Mask {
  const before = volumeMl(maskOfSegments(own, segments).of("any"));
  const moved = segments.map((segment) => ({ ...segment, volume: resample(segment.volume, grid) }));
  const mask = maskOfSegments(grid, moved);
  const after = volumeMl(mask.of("any"));
  if (before > 0 && after === 0) {
    throw new DataError("segmentation-outside", {
      file,
      found: `a segmentation of ${before.toFixed(3)} ml of which nothing lies on the image`,
      expected: "a segmentation of this image",
    });
  }
  const message = `The segmentation was drawn on another grid than the image and was resampled onto it: ${before.toFixed(3)} ml before, ${after.toFixed(3)} ml after. Check that it belongs to this image.`;
  return { ...mask, issues: [{ code: "segmentation-resampled", severity: "warning", message, file }] };
}

function maskOfSegments(
  grid: Grid,
  segments: readonly (Pick<Segment, "number"> & { readonly volume: { readonly data: ArrayLike<number> } })[],
): Mask {
  const occurring = segments.filter(({ volume }) => someInside(volume.data));
  const of: Mask["of"] = (label) => {
    const data = new Uint8Array(voxelCount(grid));
    for (const { number, volume } of segments) {
      if (label !== "any" && number !== label) continue;
      for (let i = 0; i < data.length; i++) if (volume.data[i] >= INSIDE) data[i] = 1;
    }
    return { grid, data };
  };
  const labels = occurring.map(({ number }) => number).sort((a, b) => a - b);
  return { grid, labels, of, issues: [] };
}

function someInside(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (values[i] >= INSIDE) return true;
  return false;
}
