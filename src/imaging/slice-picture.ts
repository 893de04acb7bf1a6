/** Pictures of slices and projections with outlines of masks, as plain pixels. */
import { DataError } from "../domain/errors.ts";
import type { Grid } from "../domain/grid.ts";
import { type LabelMap, requireSameGrid, type Volume, type VoxelArray } from "../domain/volume.ts";
import { type DisplayPlane, displayPlane } from "./display-plane.ts";
import { percentiles } from "./percentiles.ts";

/** Red, green and blue from 0 to 255. */
export type Colour = readonly [number, number, number];

/** Four bytes per pixel: red, green, blue, opacity; rows from the top, pixels from the left. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

interface MaskOutline {
  readonly mask: LabelMap;
  readonly colour: Colour;
  /** The class to outline; all classes together where left out. */
  readonly label?: number;
}

export interface PictureOptions {
  /** Percentiles of the shown values that become black and white. Default [1, 99.5]. */
  readonly windowPercentiles?: readonly [number, number];
  /** Side of a pixel in mm. Default the lesser spacing of the two axes shown. */
  readonly pixelMm?: number;
  /** Drawn in turn, so that later ones cover earlier ones. */
  readonly outlines?: readonly MaskOutline[];
}

/**
 * A slice across an array axis, turned as {@link displayPlane} says, with square pixels: grey values interpolated linearly, one-pixel
 * outlines of masks inside their border.
 *
 * @param axis 0 slice, 1 row, 2 column. @param index of the slice along that axis.
 * @throws {DataError} `slice-outside` where there is no such slice, `grid-mismatch` where a mask lies on another grid.
 */
export function slicePicture(
  volume: Volume,
  axis: number,
  index: number,
  options: PictureOptions = {},
): Raster {
  const size = volume.grid.shape[axis];
  if (!(Number.isInteger(index) && index >= 0 && index < size)) {
    throw new DataError("slice-outside", {
      found: `slice ${index} across axis ${axis}`,
      expected: `a whole number from 0 to ${size - 1}`,
    });
  }
  return picture(volume, axis, options, (data, line) => data[line.from + index * line.stride]);
}

/**
 * The greatest value along an array axis at each place (maximum-intensity projection), shown like {@link slicePicture}; masks are
 * projected too.
 *
 * @throws {DataError} `grid-mismatch` where a mask lies on another grid.
 */
export function maximumIntensityProjection(
  volume: Volume,
  axis: number,
  options: PictureOptions = {},
): Raster {
  return picture(volume, axis, options, (data, { from, stride, size }) => {
    let greatest = data[from];
    for (let i = 1; i < size; i++) greatest = Math.max(greatest, data[from + i * stride]);
    return greatest;
  });
}

/** The voxels behind one place of the picture. */
interface Line {
  readonly from: number;
  readonly stride: number;
  readonly size: number;
}

type Collapse = (data: VoxelArray, line: Line) => number;

function picture(volume: Volume, axis: number, options: PictureOptions, collapse: Collapse): Raster {
  const { windowPercentiles = [1, 99.5], outlines = [] } = options;
  const { grid } = volume;
  const view = displayPlane(grid, axis);
  const spacing = { right: grid.spacingMm[view.right.axis], down: grid.spacingMm[view.down.axis] };
  const pixelMm = options.pixelMm ?? Math.min(spacing.right, spacing.down);
  const plane = flatten(volume.data, grid, axis, view, collapse);
  const width = Math.max(1, Math.round((plane.columns * spacing.right) / pixelMm));
  const height = Math.max(1, Math.round((plane.rows * spacing.down) / pixelMm));
  const [black, white] = percentiles(plane.values, windowPercentiles);
  const scale = 255 / Math.max(white - black, Number.MIN_VALUE);

  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = {
        column: (x + 0.5) * (plane.columns / width) - 0.5,
        row: (y + 0.5) * (plane.rows / height) - 0.5,
      };
      const grey = white > black ? (interpolate(plane, at.row, at.column) - black) * scale : 0;
      data.set([grey, grey, grey, 255], (y * width + x) * 4);
    }
  }
  for (const outline of outlines) {
    requireSameGrid(volume, outline.mask, "the mask to outline");
    drawOutline(data, width, height, flatten(selected(outline), grid, axis, view, collapse), outline.colour);
  }
  return { width, height, data };
}

function selected({ mask, label }: MaskOutline): Uint8Array {
  return mask.data.map((value) => ((label === undefined ? value !== 0 : value === label) ? 1 : 0));
}

interface PlaneValues {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** One value per place of the picture, in display order. */
function flatten(
  data: VoxelArray,
  { shape }: Grid,
  axis: number,
  { right, down }: DisplayPlane,
  collapse: Collapse,
): PlaneValues {
  const strides = [shape[1] * shape[2], shape[2], 1];
  const rows = shape[down.axis];
  const columns = shape[right.axis];
  const values = new Float32Array(rows * columns);
  for (let y = 0; y < rows; y++) {
    const row = (down.reversed ? rows - 1 - y : y) * strides[down.axis];
    for (let x = 0; x < columns; x++) {
      const from = row + (right.reversed ? columns - 1 - x : x) * strides[right.axis];
      values[y * columns + x] = collapse(data, { from, stride: strides[axis], size: shape[axis] });
    }
  }
  return { values, rows, columns };
}

function interpolate({ values, rows, columns }: PlaneValues, row: number, column: number): number {
  const y = Math.max(0, Math.min(row, rows - 1));
  const x = Math.max(0, Math.min(column, columns - 1));
  const top = Math.floor(y);
  const left = Math.floor(x);
  const bottom = Math.min(top + 1, rows - 1);
  const rightmost = Math.min(left + 1, columns - 1);
  const u = x - left;
  const upper = values[top * columns + left] * (1 - u) + values[top * columns + rightmost] * u;
  const lower = values[bottom * columns + left] * (1 - u) + values[bottom * columns + rightmost] * u;
  return upper + (lower - upper) * (y - top);
}

/** Colours the pixels of the mask that have a neighbour outside it. */
function drawOutline(
  data: Uint8ClampedArray,
  width: number,
  height: number,
  { values, rows, columns }: PlaneValues,
  colour: Colour,
): void {
  const inside = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * rows) / height);
    for (let x = 0; x < width; x++) {
      inside[y * width + x] = values[row * columns + Math.floor(((x + 0.5) * columns) / width)];
    }
  }
  const isInside = (x: number, y: number) =>
    x >= 0 && x < width && y >= 0 && y < height && inside[y * width + x] !== 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!isInside(x, y)) continue;
      const enclosed = isInside(x - 1, y) && isInside(x + 1, y) && isInside(x, y - 1) && isInside(x, y + 1);
      if (!enclosed) data.set(colour, (y * width + x) * 4);
    }
  }
}
