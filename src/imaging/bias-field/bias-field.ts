/** The smooth factor by which coils and field make the same tissue brighter here than there. */
import { type Grid, toVoxel, toWorld } from "../../domain/grid.ts";
import { type LabelMap, requireSameGrid, type Volume } from "../../domain/volume.ts";
import { blockMeans } from "../block-means.ts";
import { sharpened } from "./sharpening.ts";
import { fitLattice, latticeField, ownPositions, type SplineLattice } from "./spline-lattice.ts";

export interface BiasFieldOptions {
  /** Levels, each with twice the spans of the one before; default 4. */
  readonly levels?: number;
  /** Spans of the first level, per axis; default 1. */
  readonly spans?: number;
  /** Most iterations of a level; default 50. */
  readonly iterations?: number;
  /** A level ends where the field's change varies by less; default 0.001. */
  readonly convergence?: number;
  /** Width in mm of the voxels on which the field is sought; default 4. */
  readonly workingMm?: number;
}

/**
 * Estimates the bias field by N4 (Tustison 2010, IEEE Trans Med Imaging 29:1310): in turn, the histogram of the corrected logarithm is sharpened, and
 * what separates signal from sharpened signal is fitted by a lattice of B-splines, finer from level to level.
 *
 * @param mask where there is tissue; voxels that are not positive do not count.
 * @returns the field on the grid of the image, its mean logarithm in the mask 0: divide by it to correct.
 * @throws {DataError} `grid-mismatch`.
 */
export function biasField(
  volume: Volume,
  mask: LabelMap,
  options: BiasFieldOptions = {},
): Volume<Float32Array> {
  const { levels = 4, spans = 1, iterations = 50, convergence = 0.001, workingMm = 4 } = options;
  requireSameGrid(volume, mask, "the mask");
  const coarse = blockMeans(volume, workingMm, (signal) => signal);
  const inside = blockMeans(mask, workingMm, (value) => (value === 0 ? 0 : 1)).data;
  const { shape } = coarse.grid;
  const voxels = Uint32Array.from(coarse.data.keys()).filter((i) => inside[i] > 0.5 && coarse.data[i] > 0);
  const logarithms = Float64Array.from(voxels, (voxel) => Math.log(coarse.data[voxel]));
  const positions = ownPositions(shape);
  const lattices: SplineLattice[] = [];
  let field = new Float64Array(voxels.length);
  for (let level = 0; level < levels; level++) {
    const count = spans * 2 ** level;
    let lattice: SplineLattice | undefined;
    for (let iteration = 0; iteration < iterations; iteration++) {
      const corrected = logarithms.map((value, i) => value - field[i]);
      const expected = sharpened(corrected);
      const fitted = fitLattice(
        shape,
        voxels,
        corrected.map((value, i) => value - expected[i]),
        [count, count, count],
      );
      lattice = lattice === undefined ? fitted : sum(lattice, fitted);
      const step = latticeField(fitted, positions);
      const changes = Float64Array.from(voxels, (voxel) => step[voxel]);
      field = field.map((value, i) => value + changes[i]);
      if (variation(changes) < convergence) break;
    }
    if (lattice !== undefined) lattices.push(lattice);
  }
  return fieldOn(volume.grid, coarse.grid, lattices, field);
}

function sum({ spans, values }: SplineLattice, added: SplineLattice): SplineLattice {
  return { spans, values: values.map((value, i) => value + added.values[i]) };
}

/** Coefficient of variation of the factor by which the field changes. */
function variation(changes: Float64Array): number {
  const factors = changes.map(Math.exp);
  const mean = factors.reduce((total, value) => total + value, 0) / factors.length;
  const square = factors.reduce((total, value) => total + (value - mean) ** 2, 0) / (factors.length - 1);
  return Math.sqrt(square) / mean;
}

function fieldOn(
  grid: Grid,
  coarse: Grid,
  lattices: readonly SplineLattice[],
  found: Float64Array,
): Volume<Float32Array> {
  const positions = grid.shape.map((size, axis) => {
    const at = (index: number) => {
      const voxel: [number, number, number] = [0, 0, 0];
      voxel[axis] = index;
      return toVoxel(coarse, toWorld(grid, voxel))[axis] / Math.max(1, coarse.shape[axis] - 1);
    };
    return Float64Array.from({ length: size }, (_, index) => at(index));
  });
  const data = new Float32Array(grid.shape[0] * grid.shape[1] * grid.shape[2]);
  for (const lattice of lattices) {
    const part = latticeField(lattice, positions);
    for (let i = 0; i < data.length; i++) data[i] += part[i];
  }
  const mean = found.reduce((total, value) => total + value, 0) / Math.max(1, found.length);
  for (let i = 0; i < data.length; i++) data[i] = Math.exp(data[i] - mean);
  return { grid, data };
}

/** The image divided by the field. */
export function withoutBias(volume: Volume, field: Volume): Volume<Float32Array> {
  requireSameGrid(volume, field, "the bias field");
  return {
    grid: volume.grid,
    data: Float32Array.from(volume.data, (value: number, i) => value / field.data[i]),
  };
}
