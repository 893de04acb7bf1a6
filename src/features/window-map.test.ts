import { describe, expect, it } from "vitest";
import type { Triple } from "../domain/grid.ts";
import { RandomStream, randomKey } from "../domain/random.ts";
import { averageMaps, centralMaps, type WindowMap } from "./window-map.ts";

const imageShape: Triple = [3, 5, 8];

/** The slow twin: for each voxel, all windows' values with their weights. */
function seenAt(windows: readonly WindowMap[], voxel: Triple) {
  return windows.flatMap(({ start, patchSize, cells, values }) => {
    const inside = voxel.map((at, axis) => at - start[axis]);
    if (inside.some((at, axis) => at < 0 || at >= patchSize[axis])) return [];
    const [s, r, c] = inside.map((at, axis) => Math.floor((at * cells[axis]) / patchSize[axis]));
    const distance = inside.reduce(
      (sum, at, axis) => sum + ((at - (patchSize[axis] - 1) / 2) / (patchSize[axis] / 8)) ** 2,
      0,
    );
    return [
      { value: values[(s * cells[1] + r) * cells[2] + c], weight: Math.fround(Math.exp(-distance / 2)) },
    ];
  });
}

function windows(): WindowMap[] {
  const draw = new RandomStream(randomKey(1));
  const starts: Triple[] = [
    [0, 0, 0],
    [-1, 1, 2],
    [1, -1, 4],
  ];
  return starts.map((start) => ({
    start,
    patchSize: [4, 4, 6],
    cells: [2, 4, 2],
    values: Float32Array.from({ length: 16 }, () => draw.uniform()),
  }));
}

function eachVoxel(visit: (voxel: Triple, index: number) => void) {
  for (let s = 0, i = 0; s < 3; s++)
    for (let r = 0; r < 5; r++) for (let c = 0; c < 8; c++) visit([s, r, c], i++);
}

describe("maps of windows", () => {
  it("are averaged with the weights of the windows' places, and 0 where no window lies", () => {
    const seen = windows();
    const map = averageMaps(imageShape, seen);
    let empty = 0;
    eachVoxel((voxel, index) => {
      const all = seenAt(seen, voxel);
      const weight = all.reduce((sum, entry) => sum + entry.weight, 0);
      const expected = all.reduce((sum, entry) => sum + entry.weight * entry.value, 0) / weight;
      if (all.length === 0) empty++;
      expect(map[index]).toBeCloseTo(all.length === 0 ? 0 : expected, 5);
    });
    expect(empty).toBeGreaterThan(0);
  });

  it("have the most central window's value where values have no mean", () => {
    const seen = windows();
    const map = centralMaps(imageShape, seen, -1);
    eachVoxel((voxel, index) => {
      const all = seenAt(seen, voxel);
      const most = Math.max(...all.map(({ weight }) => weight));
      const central = all.find(({ weight }) => weight >= most * (1 - 1e-6));
      expect(map[index]).toBe(central?.value ?? -1);
    });
  });
});
