/** Connected components of masks, and the holes in them. */
import { type Grid, type VoxelIndex, voxelVolumeMm3 } from "../domain/grid.ts";
import type { LabelMap, Volume } from "../domain/volume.ts";
import { type Connectivity, neighbourOffsets } from "./neighbourhood.ts";

interface Component {
  /** Its value in the component map, from 1. */
  readonly label: number;
  readonly voxels: number;
  readonly ml: number;
  /** Its first voxel in the order of the array. */
  readonly first: VoxelIndex;
}

export interface Components {
  /** 0 outside the mask, else the label of the voxel's component. */
  readonly map: Volume<Int32Array>;
  /** From the largest to the smallest; of equal ones the one that starts first comes first. Component i has label i + 1. */
  readonly components: readonly Component[];
}

/**
 * Labels the connected parts of the non-zero voxels of a mask, whatever their classes, by union–find (Rosenfeld & Pfaltz 1966).
 *
 * @param connectivity default 26.
 */
export function connectedComponents(mask: LabelMap, connectivity: Connectivity = 26): Components {
  const { grid, data } = mask;
  const provisional = new Int32Array(data.length);
  const parents = unite(data, provisional, grid, connectivity);

  const counts = new Int32Array(parents.length);
  const firsts = new Int32Array(parents.length);
  for (let i = 0; i < provisional.length; i++) {
    if (provisional[i] === 0) continue;
    const root = findRoot(parents, provisional[i]);
    provisional[i] = root;
    if (counts[root] === 0) firsts[root] = i;
    counts[root]++;
  }
  const roots = Array.from(counts.keys()).filter((root) => counts[root] > 0);
  roots.sort((a, b) => counts[b] - counts[a] || firsts[a] - firsts[b]);
  const labels = new Int32Array(parents.length);
  roots.forEach((root, i) => {
    labels[root] = i + 1;
  });
  for (let i = 0; i < provisional.length; i++) provisional[i] = labels[provisional[i]];

  const [, rows, columns] = grid.shape;
  const components = roots.map((root, i) => ({
    label: i + 1,
    voxels: counts[root],
    ml: (counts[root] * voxelVolumeMm3(grid)) / 1000,
    first: [
      Math.floor(firsts[root] / (rows * columns)),
      Math.floor(firsts[root] / columns) % rows,
      firsts[root] % columns,
    ] as VoxelIndex,
  }));
  return { map: { grid, data: provisional }, components };
}

/** Gives every voxel a provisional label (from 1) and returns the forest that joins labels of one component. */
function unite(
  data: Uint8Array,
  provisional: Int32Array,
  { shape: [slices, rows, columns] }: Grid,
  connectivity: Connectivity,
): number[] {
  // Only neighbours that come earlier in the array are already labelled.
  const earlier = neighbourOffsets(connectivity).filter(
    ([i, j, k]) => i < 0 || (i === 0 && (j < 0 || (j === 0 && k < 0))),
  );
  const parents = [0];
  for (let i = 0, voxel = 0; i < slices; i++) {
    for (let j = 0; j < rows; j++) {
      for (let k = 0; k < columns; k++, voxel++) {
        if (data[voxel] === 0) continue;
        let label = 0;
        for (const [di, dj, dk] of earlier) {
          const b = j + dj;
          const c = k + dk;
          if (i + di < 0 || b < 0 || b >= rows || c < 0 || c >= columns) continue;
          const other = provisional[voxel + (di * rows + dj) * columns + dk];
          if (other === 0 || other === label) continue;
          label = label === 0 ? findRoot(parents, other) : join(parents, label, other);
        }
        if (label === 0) {
          label = parents.length;
          parents.push(label);
        }
        provisional[voxel] = label;
      }
    }
  }
  return parents;
}

function findRoot(parents: number[], label: number): number {
  let root = label;
  while (parents[root] !== root) {
    parents[root] = parents[parents[root]];
    root = parents[root];
  }
  return root;
}

function join(parents: number[], a: number, b: number): number {
  const rootA = findRoot(parents, a);
  const rootB = findRoot(parents, b);
  const root = Math.min(rootA, rootB);
  parents[Math.max(rootA, rootB)] = root;
  return root;
}

/** The mask with its largest component only (classes kept); an empty mask stays empty. */
export function largestComponent(mask: LabelMap, connectivity: Connectivity = 26): LabelMap {
  return keepComponents(mask, connectivity, ({ label }) => label === 1);
}

/** The mask without components below `minimumMl` (in ml; classes kept). */
export function removeSmallComponents(
  mask: LabelMap,
  minimumMl: number,
  connectivity: Connectivity = 26,
): LabelMap {
  if (minimumMl <= 0) return mask;
  return keepComponents(mask, connectivity, ({ ml }) => ml >= minimumMl);
}

function keepComponents(
  mask: LabelMap,
  connectivity: Connectivity,
  keeps: (component: Component) => boolean,
): LabelMap {
  const { map, components } = connectedComponents(mask, connectivity);
  const kept = Uint8Array.from([0, ...components.map((component) => (keeps(component) ? 1 : 0))]);
  return { grid: mask.grid, data: mask.data.map((value, i) => (kept[map.data[i]] === 1 ? value : 0)) };
}

/**
 * Fills the holes of a mask: background from which no path over faces leads to the border of the image.
 *
 * @param value the class given to filled voxels; default 1.
 */
export function fillHoles(mask: LabelMap, value = 1): LabelMap {
  const { grid, data } = mask;
  const [slices, rows, columns] = grid.shape;
  const plane = rows * columns;
  const outside = new Uint8Array(data.length);
  const queue: number[] = [];
  const visit = (voxel: number) => {
    if (data[voxel] !== 0 || outside[voxel] !== 0) return;
    outside[voxel] = 1;
    queue.push(voxel);
  };
  for (let i = 0, voxel = 0; i < slices; i++) {
    for (let j = 0; j < rows; j++) {
      for (let k = 0; k < columns; k++, voxel++) {
        const border =
          i === 0 || j === 0 || k === 0 || i === slices - 1 || j === rows - 1 || k === columns - 1;
        if (border) visit(voxel);
      }
    }
  }
  while (queue.length > 0) {
    const voxel = queue.pop() as number;
    const k = voxel % columns;
    const j = Math.floor(voxel / columns) % rows;
    if (k > 0) visit(voxel - 1);
    if (k < columns - 1) visit(voxel + 1);
    if (j > 0) visit(voxel - columns);
    if (j < rows - 1) visit(voxel + columns);
    if (voxel >= plane) visit(voxel - plane);
    if (voxel < data.length - plane) visit(voxel + plane);
  }
  return { grid, data: data.map((old, i) => (old === 0 && outside[i] === 0 ? value : old)) };
}
