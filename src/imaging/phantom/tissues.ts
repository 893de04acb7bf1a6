/** The arrays that anatomy, vessels and lesions fill. */
import { clamp } from "./draws.ts";

/**
 * Positions in mm of the voxels along each axis, evenly spaced; voxel (i, j, k) lies at (s[i], r[j], c[k]). The last axis
 * falls for a right breast.
 */
export type Axes = readonly [Float64Array, Float64Array, Float64Array];

/** Tissues of the healthy breast and chest wall. */
export const BASE_TISSUES = ["fat", "gland", "skin", "muscle", "lung", "blood"] as const;
export type BaseTissue = (typeof BASE_TISSUES)[number];

/** Volume fraction of each tissue per voxel, shape [s, r, c]; they add up to at most 1, the rest is air or lesion. */
export type TissueFractions = Readonly<Record<BaseTissue, Float32Array>>;

export function emptyFractions(size: number): TissueFractions {
  const entries = BASE_TISSUES.map((tissue) => [tissue, new Float32Array(size)]);
  return Object.fromEntries(entries) as TissueFractions;
}

/** Indices [first, last) of the positions between two values of an evenly spaced axis, rising or falling. */
export function span(axis: Float64Array, low: number, high: number): [number, number] {
  const step = axis.length > 1 ? axis[1] - axis[0] : 1;
  const a = (low - axis[0]) / step;
  const b = (high - axis[0]) / step;
  const first = clamp(Math.ceil(Math.min(a, b)), 0, axis.length);
  const last = clamp(Math.floor(Math.max(a, b)) + 1, first, axis.length);
  return [first, last];
}
