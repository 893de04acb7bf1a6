import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createGrid, type Triple, voxelCount } from "../domain/grid.ts";
import type { LabelMap } from "../domain/volume.ts";
import { connectedComponents, fillHoles, largestComponent, removeSmallComponents } from "./components.ts";
import { type Connectivity, countNeighbours, neighbourOffsets } from "./neighbourhood.ts";

const golden = JSON.parse(
  readFileSync(new URL("../../tests/golden/imaging/masks.json", import.meta.url), "utf8"),
);

function mask(shape: Triple, spacingMm: Triple, value: (voxel: number) => number): LabelMap {
  const grid = createGrid({
    shape,
    spacingMm,
    direction: [
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
    ],
    origin: [0, 0, 0],
  });
  return { grid, data: Uint8Array.from({ length: voxelCount(grid) }, (_, i) => value(i)) };
}

const scatter = (below: number) =>
  mask(golden.shape, golden.spacingMm, (i) => ((31 * i * i + 17 * i) % 257 < below ? 1 : 0));

describe("connectedComponents", () => {
  it.each([6, 18, 26] as const)("finds the same parts as scipy (connectivity %i)", (connectivity) => {
    const { components } = connectedComponents(scatter(70), connectivity);
    expect(components.map(({ voxels }) => voxels)).toEqual(golden.componentsOfDense[connectivity]);
  });

  it.each([6, 18, 26] as const)(
    "agrees with a flood fill from every voxel (connectivity %i)",
    (connectivity) => {
      const some = scatter(60);
      const { map } = connectedComponents(some, connectivity);
      expect(partition(map.data)).toEqual(partition(floodFill(some, connectivity)));
    },
  );

  it("orders by size, then by first voxel, and states volume and first voxel", () => {
    const row = mask([1, 2, 8], [2, 5, 10], (i) => [1, 0, 0, 1, 1, 0, 0, 1][i] ?? 0);
    const { components, map } = connectedComponents(row);
    expect([...map.data.subarray(0, 8)]).toEqual([2, 0, 0, 1, 1, 0, 0, 3]);
    expect(components).toEqual([
      { label: 1, voxels: 2, ml: 0.2, first: [0, 0, 3] },
      { label: 2, voxels: 1, ml: 0.1, first: [0, 0, 0] },
      { label: 3, voxels: 1, ml: 0.1, first: [0, 0, 7] },
    ]);
  });
});

describe("keeping components", () => {
  it("keeps classes and drops what is small", () => {
    const row = mask([1, 1, 8], [10, 10, 10], (i) => [5, 0, 2, 3, 0, 0, 1, 0][i]);
    expect([...largestComponent(row).data]).toEqual([0, 0, 2, 3, 0, 0, 0, 0]);
    expect([...removeSmallComponents(row, 2).data]).toEqual([0, 0, 2, 3, 0, 0, 0, 0]);
    expect([...removeSmallComponents(row, 1).data]).toEqual([...row.data]);
  });

  it("leaves an empty mask empty", () => {
    const empty = mask([2, 2, 2], [1, 1, 1], () => 0);
    expect([...largestComponent(empty).data]).toEqual([...empty.data]);
  });
});

describe("fillHoles", () => {
  it("fills as many voxels as scipy", () => {
    const before = scatter(170);
    const filled = fillHoles(before).data.reduce((sum, v) => sum + v, 0);
    expect(filled).toBeGreaterThan(before.data.reduce((sum, v) => sum + v, 0));
    expect(filled).toBe(golden.filledVoxelsOfScatter);
  });
});

describe("countNeighbours", () => {
  it("counts what touches, without wrapping around the border", () => {
    const full = new Uint8Array(2 * 3 * 4).fill(1);
    const counts = countNeighbours(full, [2, 3, 4], 26);
    expect(counts[0]).toBe(7);
    expect(counts[5]).toBe(17);
    expect(Math.max(...countNeighbours(full, [2, 3, 4], 6))).toBe(5);
  });
});

function floodFill({ grid: { shape }, data }: LabelMap, connectivity: Connectivity): Int32Array {
  const labels = new Int32Array(data.length);
  let next = 1;
  for (let seed = 0; seed < data.length; seed++) {
    if (data[seed] === 0 || labels[seed] !== 0) continue;
    const stack = [seed];
    labels[seed] = next;
    while (stack.length > 0) {
      const voxel = stack.pop() as number;
      const at = [
        Math.floor(voxel / (shape[1] * shape[2])),
        Math.floor(voxel / shape[2]) % shape[1],
        voxel % shape[2],
      ];
      for (const offset of neighbourOffsets(connectivity)) {
        const [a, b, c] = at.map((value, axis) => value + offset[axis]);
        if (a < 0 || b < 0 || c < 0 || a >= shape[0] || b >= shape[1] || c >= shape[2]) continue;
        const other = (a * shape[1] + b) * shape[2] + c;
        if (data[other] === 0 || labels[other] !== 0) continue;
        labels[other] = next;
        stack.push(other);
      }
    }
    next++;
  }
  return labels;
}

/** Labels renamed in the order in which they appear. */
function partition(labels: Int32Array): number[] {
  const names = new Map([[0, 0]]);
  return Array.from(labels, (label) => {
    if (!names.has(label)) names.set(label, names.size);
    return names.get(label) as number;
  });
}
