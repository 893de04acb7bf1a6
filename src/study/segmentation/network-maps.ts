/** What networks show of their insides: attention maps of the gates, and the codes of the bottleneck. */
import type { Grid, Triple } from "../../domain/grid.ts";
import { voxelCount } from "../../domain/grid.ts";
import type { Volume } from "../../domain/volume.ts";
import type { WindowActivation } from "../../engine/sliding-window.ts";
import { averageMaps, centralMaps, type WindowMap } from "../../features/window-map.ts";
import { paste } from "../../imaging/cropping.ts";
import { gridWithSpacing, resample } from "../../imaging/resampling.ts";
import type { SegmentationNetwork } from "../../networks/network.ts";
import type { PooledNetwork } from "./deep-features.ts";
import type { PreparedCase } from "./prepare.ts";

export interface NetworkMap {
  /** `attention-level-2` (the finest level being 1), `codes`, or `codes-fold-0` where there are several networks. */
  readonly name: string;
  /** Attention from 0 to 1, or the number of the code plus 1; on the prepared grid. */
  readonly volume: Volume<Float32Array>;
  /** Voxels that one cell of the network's own map covers. */
  readonly stride: Triple;
  /** Whether values may be mixed; numbers of codes may not. */
  readonly continuous: boolean;
}

/** Outputs that hold maps, of those that a kind of network has. */
export function mapOutputs({ extraOutputs }: SegmentationNetwork): string[] {
  return extraOutputs.inference.filter((name) => name.startsWith(ATTENTION) || name === CODES);
}

const ATTENTION = "attention.";
const CODES = "codes";

/**
 * The maps of an image from its windows, which captured {@link mapOutputs}. Attention is averaged over windows and networks; codes, which
 * have no mean, are given for each network, with the common numbers.
 */
export function networkMaps(
  prepared: PreparedCase,
  windows: readonly WindowActivation[],
  networks: readonly PooledNetwork[],
): NetworkMap[] {
  const [first] = windows;
  return Object.entries(first.captured).flatMap(([output, { shape }]): NetworkMap[] => {
    if (shape.length !== 4) return [];
    const cells: Triple = [shape[1], shape[2], shape[3]];
    const stride = cells.map((size, axis) => first.patchSize[axis] / size) as unknown as Triple;
    const { grid } = prepared;
    const placed = (seen: readonly WindowActivation[], value = (code: number) => code): WindowMap[] =>
      seen.map(({ start, patchSize, captured }) => ({
        start,
        patchSize,
        cells,
        values: captured[output].data.map(value),
      }));
    if (output !== CODES) {
      const name = `attention-level-${Number(output.slice(ATTENTION.length)) + 1}`;
      const data = averageMaps(grid.shape, placed(windows));
      return [{ name, volume: { grid, data }, stride, continuous: true }];
    }
    return networks.map(({ codeNumbers }, network) => {
      const own = placed(
        windows.filter(({ fold }) => fold === network),
        (code) => (codeNumbers?.[code] ?? code) + 1,
      );
      const data = centralMaps(grid.shape, own, 0);
      const name = networks.length === 1 ? CODES : `${CODES}-fold-${network}`;
      return { name, volume: { grid, data }, stride, continuous: false };
    });
  });
}

/** A map on the grid of the image as it was acquired; 0 in the empty border that was cut away. Codes are whole numbers. */
export function mapOnImage(
  { sourceGrid, croppedGrid, box }: PreparedCase,
  { volume, continuous }: NetworkMap,
): Volume<Float32Array | Uint16Array> {
  const interpolation = continuous ? "linear" : "nearest";
  const cropped = resample(volume, croppedGrid, { interpolation, outside: "edge" });
  const empty = { grid: sourceGrid, data: new Float32Array(voxelCount(sourceGrid)) };
  const whole = paste(empty, cropped, box.start);
  return continuous ? whole : { grid: sourceGrid, data: Uint16Array.from(whole.data) };
}

/**
 * A map on a grid as coarse as the network's own cells, to be kept for every examination: attention in whole per cent, codes as they are.
 */
export function coarseMap({ volume, stride, continuous }: NetworkMap): Volume<Uint8Array | Uint16Array> {
  const spacingMm = volume.grid.spacingMm.map((mm, axis) => mm * stride[axis]) as unknown as Triple;
  const grid: Grid = gridWithSpacing(volume.grid, spacingMm);
  const interpolation = continuous ? "linear" : "nearest";
  const { data } = resample(volume, grid, { interpolation, outside: "edge" });
  return continuous
    ? { grid, data: Uint8Array.from(data, (value) => Math.round(100 * value)) }
    : { grid, data: Uint16Array.from(data) };
}
