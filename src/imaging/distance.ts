/** Exact Euclidean distances in mm, and the masks that follow from them. */
import { type Grid, type Triple, voxelCount } from "../domain/grid.ts";
import type { LabelMap, Volume } from "../domain/volume.ts";
import { crop, cropGrid, expandBox, maskBox, paste } from "./cropping.ts";

/** Distances that equal a radius up to rounding count as within it. */
const RADIUS_TOLERANCE_MM = 1e-4;

/**
 * Distance in mm from each voxel's centre to the centre of the nearest non-zero voxel of a mask; 0 in the mask, Infinity everywhere
 * where the mask is empty. Exact for any spacing, in linear time (Felzenszwalb & Huttenlocher 2012, Theory Comput 8:415).
 */
export function distanceToMask(mask: LabelMap): Volume<Float32Array> {
  const distances = squaredDistances(mask.data, mask.grid);
  const data = new Float32Array(distances.length);
  for (let i = 0; i < data.length; i++) data[i] = Math.sqrt(distances[i]);
  return { grid: mask.grid, data };
}

/** Squared distances in mm² to the nearest voxel that is not zero. */
function squaredDistances(mask: Uint8Array, { shape, spacingMm }: Pick<Grid, "shape" | "spacingMm">) {
  const distances = new Float64Array(voxelCount({ shape }));
  for (let i = 0; i < distances.length; i++) distances[i] = mask[i] === 0 ? Infinity : 0;
  for (const axis of [2, 1, 0]) lowerEnvelopes(distances, shape, axis, spacingMm[axis]);
  return distances;
}

/** Replaces every line along an axis by the lower envelope of the parabolas that stand on its values. */
function lowerEnvelopes(values: Float64Array, shape: Triple, axis: number, spacingMm: number): void {
  const size = shape[axis];
  const stride = shape.slice(axis + 1).reduce((product, n) => product * n, 1);
  const squareMm2 = spacingMm * spacingMm;
  const line = new Float64Array(size);
  /** Positions of the parabolas of the envelope, and where each takes over from the one before. */
  const sites = new Int32Array(size);
  const starts = new Float64Array(size + 1);
  const height = (site: number) => line[site] / squareMm2 + site * site;

  for (let outer = 0; outer < values.length; outer += size * stride) {
    for (let from = outer; from < outer + stride; from++) {
      let count = 0;
      let flat = true;
      for (let i = 0; i < size; i++) {
        const value = values[from + i * stride];
        line[i] = value;
        if (value !== 0) flat = false;
        if (value === Infinity) continue;
        let start = -Infinity;
        while (count > 0) {
          const site = sites[count - 1];
          start = (height(i) - height(site)) / (2 * (i - site));
          if (start > starts[count - 1]) break;
          count--;
          start = -Infinity;
        }
        sites[count] = i;
        starts[count] = start;
        count++;
      }
      if (count === 0 || flat) continue;
      starts[count] = Infinity;
      for (let i = 0, at = 0; i < size; i++) {
        while (starts[at + 1] < i) at++;
        const steps = i - sites[at];
        values[from + i * stride] = steps * steps * squareMm2 + line[sites[at]];
      }
    }
  }
}

/** The voxels within `radiusMm` of the mask, itself included, as 1. */
export function dilateMm(mask: LabelMap, radiusMm: number): LabelMap {
  const box = maskBox(mask);
  const data = new Uint8Array(mask.data.length);
  if (box === undefined) return { grid: mask.grid, data };
  const near = expandBox(box, radiusMm, mask.grid);
  const distances = squaredDistances(crop(mask, near).data, cropGrid(mask.grid, near));
  const limit = (radiusMm + RADIUS_TOLERANCE_MM) ** 2;
  const grown = Uint8Array.from(distances, (mm2) => (mm2 <= limit ? 1 : 0));
  return paste({ grid: mask.grid, data }, { grid: cropGrid(mask.grid, near), data: grown }, near.start);
}

/** The voxels of the mask, as 1, that lie further than `radiusMm` from all background; the border of the image is no background. */
export function erodeMm(mask: LabelMap, radiusMm: number): LabelMap {
  const background = mask.data.map((value) => (value === 0 ? 1 : 0));
  const distances = squaredDistances(background, mask.grid);
  const limit = (radiusMm + RADIUS_TOLERANCE_MM) ** 2;
  return {
    grid: mask.grid,
    data: mask.data.map((value, i) => (value !== 0 && distances[i] > limit ? 1 : 0)),
  };
}

/** The voxels outside the mask within `radiusMm` of it, as 1. */
export function rim(mask: LabelMap, radiusMm: number): LabelMap {
  const { grid, data } = dilateMm(mask, radiusMm);
  return { grid, data: data.map((value, i) => (mask.data[i] === 0 ? value : 0)) };
}
