import { describe, expect, it } from "vitest";
import { createGrid, type Triple, voxelCount } from "../../domain/grid.ts";
import type { WindowActivation } from "../../engine/sliding-window.ts";
import { coarseMap, mapOnImage, networkMaps } from "./network-maps.ts";
import { cropCase, prepareCase } from "./prepare.ts";

const direction = [
  [0, 0, 1],
  [0, 1, 0],
  [1, 0, 0],
] as const;
/** An image of 4x8x8 voxels whose first two rows are empty, so that they are cut away. */
const grid = createGrid({ shape: [4, 8, 8], spacingMm: [2, 1, 1], direction, origin: [0, 0, 0] });
const image = Float32Array.from({ length: voxelCount(grid) }, (_, i) =>
  Math.floor(i / 8) % 8 < 2 ? 0 : 5 + (i % 7),
);
const prepared = prepareCase(cropCase({ grid, channels: [image] }, "x"), {
  normalisation: ["z-score"],
  spacingMm: [2, 1, 1],
});

const window = (fold: number, attention: number[], codes: number[]): WindowActivation => ({
  fold,
  start: [0, 0, 0],
  patchSize: [4, 6, 8] as Triple,
  bottleneck: new Float32Array(0),
  shape: [],
  captured: {
    "attention.1": { shape: [1, 2, 1, 2], data: Float32Array.from(attention) },
    codes: { shape: [1, 1, 1, 2], data: Float32Array.from(codes) },
    histogram: { shape: [9], data: new Float32Array(9) },
  },
});
const windows = [window(0, [0, 0.25, 0.5, 1], [3, 4]), window(1, [1, 0.75, 0.5, 0], [0, 3])];
const networks = [
  { codeNumbers: Int32Array.of(0, 1, 2, 7, 8) },
  { codeNumbers: Int32Array.of(4, 1, 2, 0, 3) },
];
const maps = networkMaps(prepared, windows, networks);

describe("maps of networks", () => {
  it("are the mean attention of the networks, and each network's codes by their common numbers", () => {
    expect(maps.map(({ name, stride }) => [name, stride])).toEqual([
      ["attention-level-2", [2, 6, 4]],
      ["codes-fold-0", [4, 6, 4]],
      ["codes-fold-1", [4, 6, 4]],
    ]);
    const at = (map: number, slice: number, column: number) => maps[map].volume.data[slice * 48 + column];
    expect([at(0, 0, 0), at(0, 1, 4), at(0, 2, 3), at(0, 3, 7)]).toEqual([0.5, 0.5, 0.5, 0.5]);
    expect([at(1, 0, 0), at(1, 3, 7), at(2, 0, 0), at(2, 3, 7)]).toEqual([8, 9, 5, 1]);
    expect(networkMaps(prepared, windows.slice(0, 1), networks.slice(0, 1)).map(({ name }) => name)).toEqual([
      "attention-level-2",
      "codes",
    ]);
  });

  it("lie on the grid of the image, 0 where it was empty", () => {
    const { grid: found, data } = mapOnImage(prepared, maps[1]);
    expect(found).toEqual(grid);
    expect(data).toBeInstanceOf(Uint16Array);
    expect([data[0], data[8], data[16], data[20], data[63]]).toEqual([0, 0, 8, 9, 9]);
  });

  it("are kept as coarse as the network's cells, attention in per cent, at the same place in the patient", () => {
    const [attention] = networkMaps(prepared, windows.slice(0, 1), networks.slice(0, 1));
    const kept = coarseMap(attention);
    expect(kept.grid.shape).toEqual([2, 1, 2]);
    expect([...kept.data]).toEqual([0, 25, 50, 100]);
    expect(kept.grid.spacingMm).toEqual([4, 6, 4]);
    expect(kept.grid.origin).toEqual([1.5, 2 + 2.5, 1]);
    expect([...coarseMap(maps[1]).data]).toEqual([8, 9]);
  });
});
