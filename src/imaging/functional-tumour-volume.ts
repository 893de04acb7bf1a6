/** Functional tumour volume (FTV): how much tissue enhances as tumour does. */
import { voxelVolumeMm3 } from "../domain/grid.ts";
import { type LabelMap, requireSameGrid, type Volume } from "../domain/volume.ts";
import { removeSmallComponents } from "./components.ts";
import { countNeighbours } from "./neighbourhood.ts";

export interface FunctionalTumourVolumeInput {
  /** Early percent enhancement, in per cent. */
  readonly pe: Volume;
  /** Signal enhancement ratio, a plain ratio, on the grid of `pe`; without it no SER threshold is applied. */
  readonly ser?: Volume;
  /** Where the tumour may lie (non-zero voxels); the whole image where left out. */
  readonly region?: LabelMap;
  /**
   * The phase before contrast, and the least signal in it that counts as tissue: the noise of air and lung would else pass as
   * enhancement. The threshold depends on the scanner, so that none is applied by default.
   */
  readonly background?: { readonly pre: Volume; readonly minimumSignal: number };
  /** Least early percent enhancement, in per cent. Default 70, as in I-SPY (Hylton et al. 2016, Radiology 279:44). */
  readonly peThresholdPercent?: number;
  /**
   * Least signal enhancement ratio. Default 0, which keeps every rising or falling curve; UCSF's maps also state the volume
   * for 0.9, which leaves out slow persistent enhancement.
   */
  readonly serThreshold?: number;
  /**
   * Least number of the 26 neighbours that pass the percent-enhancement threshold too. Default 4, the
   * `minimum_neighbor_count` in the headers of UCSF's maps (Breast-MRI-NACT-Pilot, TCIA).
   */
  readonly minimumNeighbours?: number;
  /** Components (26-connected) below this volume, in ml, are left out. Default 0: multifocal disease is kept. */
  readonly minimumComponentMl?: number;
}

export interface FunctionalTumourVolume {
  /** 1 where the voxel counts. */
  readonly mask: LabelMap;
  readonly ml: number;
}

/**
 * Voxels with early percent enhancement and signal enhancement ratio at or above their thresholds, connected, inside the region.
 *
 * @throws {DataError} `grid-mismatch` where an image lies on another grid than `pe`.
 */
export function functionalTumourVolume(input: FunctionalTumourVolumeInput): FunctionalTumourVolume {
  const {
    pe,
    ser,
    region,
    background,
    peThresholdPercent = 70,
    serThreshold = 0,
    minimumNeighbours = 4,
    minimumComponentMl = 0,
  } = input;
  if (ser !== undefined) requireSameGrid(pe, ser, "the SER map");
  if (region !== undefined) requireSameGrid(pe, region, "the region of interest");
  if (background !== undefined) requireSameGrid(pe, background.pre, "the phase before contrast");

  // Maps hold single precision: a ratio of exactly 0.9 is stored as 0.89999998 and must still reach 0.9.
  const leastPe = Math.fround(peThresholdPercent);
  const leastSer = Math.fround(serThreshold);
  const enhancing = new Uint8Array(pe.data.length);
  for (let i = 0; i < enhancing.length; i++) {
    const tissue = background === undefined || background.pre.data[i] >= background.minimumSignal;
    if (tissue && pe.data[i] >= leastPe) enhancing[i] = 1;
  }
  // Neighbours are counted before the region cuts: its border must not make tumour voxels lonely.
  const neighbours = countNeighbours(enhancing, pe.grid.shape, 26);
  const data = new Uint8Array(enhancing.length);
  for (let i = 0; i < data.length; i++) {
    if (enhancing[i] === 0 || neighbours[i] < minimumNeighbours) continue;
    if (region !== undefined && region.data[i] === 0) continue;
    if (ser !== undefined && !(ser.data[i] >= leastSer)) continue;
    data[i] = 1;
  }
  const mask = removeSmallComponents({ grid: pe.grid, data }, minimumComponentMl);
  return { mask, ml: (mask.data.reduce((sum, v) => sum + v, 0) * voxelVolumeMm3(pe.grid)) / 1000 };
}
