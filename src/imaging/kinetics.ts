/** Maps of contrast kinetics, voxel by voxel. */
import { requireSameGrid, type Volume } from "../domain/volume.ts";

/**
 * Percent enhancement, 100·(post − pre)/pre, in per cent (Hylton et al. 2012, Radiology 263:663). Where `pre` is 0 or
 * negative the ratio has no meaning and the map is 0.
 *
 * @throws {DataError} `grid-mismatch` where the two phases lie on different grids.
 */
export function percentEnhancement(pre: Volume, post: Volume): Volume<Float32Array> {
  requireSameGrid(pre, post, "the post-contrast phase");
  const map = new Float32Array(pre.data.length);
  for (let i = 0; i < map.length; i++) {
    const base = pre.data[i];
    if (base > 0) map[i] = (100 * (post.data[i] - base)) / base;
  }
  return { grid: pre.grid, data: map };
}

/**
 * Signal enhancement ratio, (early − pre)/(late − pre), a plain ratio (Hylton et al. 2012, Radiology 263:663): above 1 the
 * contrast agent washes out, below 1 it still comes in. Where late equals pre the ratio has no meaning and the map is 0; where
 * late lies below pre the formula's negative value stands.
 *
 * @param minimumPercentEnhancement the map is 0 where early percent enhancement is less (in per cent); not applied by default.
 * @throws {DataError} `grid-mismatch` where phases lie on different grids.
 */
export function signalEnhancementRatio(
  pre: Volume,
  early: Volume,
  late: Volume,
  { minimumPercentEnhancement }: { readonly minimumPercentEnhancement?: number } = {},
): Volume<Float32Array> {
  requireSameGrid(pre, early, "the early phase");
  requireSameGrid(pre, late, "the late phase");
  const map = new Float32Array(pre.data.length);
  for (let i = 0; i < map.length; i++) {
    const base = pre.data[i];
    const rise = early.data[i] - base;
    const lateRise = late.data[i] - base;
    if (lateRise === 0) continue;
    if (minimumPercentEnhancement !== undefined) {
      if (!(base > 0 && (100 * rise) / base >= minimumPercentEnhancement)) continue;
    }
    map[i] = rise / lateRise;
  }
  return { grid: pre.grid, data: map };
}

/**
 * Subtraction image, post − pre, in the units of the signal.
 *
 * @throws {DataError} `grid-mismatch` where the two phases lie on different grids.
 */
export function subtraction(post: Volume, pre: Volume): Volume<Float32Array> {
  requireSameGrid(pre, post, "the post-contrast phase");
  const map = new Float32Array(pre.data.length);
  for (let i = 0; i < map.length; i++) map[i] = post.data[i] - pre.data[i];
  return { grid: pre.grid, data: map };
}
