import { describe, expect, it } from "vitest";
import type { Triple } from "../domain/grid.ts";
import { deriveKey, randomKey } from "../domain/random.ts";
import { extractPatch, foregroundVoxels, isForegroundForced, samplePatchStart } from "./patches.ts";

const shape: Triple = [3, 4, 5];
const source = {
  channels: [
    Float32Array.from({ length: 60 }, (_, i) => i + 1),
    Float32Array.from({ length: 60 }, (_, i) => -i - 1),
  ],
  labels: Uint8Array.from({ length: 60 }, (_, i) => (i === 59 ? 2 : i % 7 === 3 ? 1 : 0)),
  shape,
};

describe("extractPatch", () => {
  it("holds every voxel of the box in every channel, zeros beyond", () => {
    const size: Triple = [2, 3, 4];
    const start: Triple = [-1, 2, 3];
    const patch = extractPatch(source, start, size);
    expect(patch).toMatchObject({ shape: size, channelCount: 2 });
    for (let i = 0; i < 24; i++) {
      const [a, b, c] = [Math.floor(i / 12) - 1, (Math.floor(i / 4) % 3) + 2, (i % 4) + 3];
      const inside = a >= 0 && b < 4 && c < 5;
      const voxel = (a * 4 + b) * 5 + c;
      expect(patch.channels[i]).toBe(inside ? voxel + 1 : 0);
      expect(patch.channels[24 + i]).toBe(inside ? -voxel - 1 : 0);
      expect(patch.labels[i]).toBe(inside ? source.labels[voxel] : 0);
    }
  });

  it("can continue the edge in the channels, never in the classes", () => {
    const patch = extractPatch(source, [2, 3, 3], [2, 1, 3], "edge");
    expect([...patch.channels.subarray(0, 6)]).toEqual([59, 60, 60, 59, 60, 60]);
    expect([...patch.labels]).toEqual([0, 2, 0, 0, 0, 0]);
  });
});

describe("foregroundVoxels", () => {
  it("lists every voxel of each class, or a sample without repeats in the order of the array", () => {
    const all = foregroundVoxels(source.labels, randomKey(1));
    expect([...all.keys()]).toEqual([1, 2]);
    expect([...(all.get(1) as Uint32Array)]).toEqual([3, 10, 17, 24, 31, 38, 45, 52]);
    expect([...(all.get(2) as Uint32Array)]).toEqual([59]);
    const some = foregroundVoxels(source.labels, randomKey(1), 3).get(1) as Uint32Array;
    expect(new Set(some).size).toBe(3);
    expect(
      [...some].every((voxel, i) => source.labels[voxel] === 1 && (i === 0 || voxel > some[i - 1])),
    ).toBe(true);
  });

  it("keeps each voxel equally often", () => {
    const times = new Map<number, number>();
    const runs = 2000;
    for (let run = 0; run < runs; run++) {
      for (const voxel of foregroundVoxels(source.labels, randomKey(run), 2).get(1) as Uint32Array) {
        times.set(voxel, (times.get(voxel) ?? 0) + 1);
      }
    }
    // 2 of 8 voxels: 500 ± 4 standard deviations of a binomial count.
    expect(times.size).toBe(8);
    for (const count of times.values())
      expect(Math.abs(count - runs / 4)).toBeLessThan(4 * Math.sqrt(runs * 0.1875));
  });
});

describe("isForegroundForced", () => {
  it.each([
    [1, [true]],
    [2, [false, true]],
    [3, [false, false, true]],
    [6, [false, false, false, false, true, true]],
  ])("forces about a third of a batch of %i, at least one", (batchSize, expected) => {
    expect(expected.map((_, index) => isForegroundForced(index, batchSize))).toEqual(expected);
  });
});

describe("samplePatchStart", () => {
  const size: Triple = [2, 2, 9];
  const starts = (foreground?: ReturnType<typeof foregroundVoxels>) =>
    Array.from({ length: 300 }, (_, i) =>
      samplePatchStart(deriveKey(randomKey(4), i), shape, size, foreground),
    );

  it("reaches every position along axes with room, and centres where the patch is larger", () => {
    const found = starts();
    expect(new Set(found.map(String))).toEqual(
      new Set(["0,0,-2", "0,1,-2", "0,2,-2", "1,0,-2", "1,1,-2", "1,2,-2"]),
    );
  });

  it("always holds a foreground voxel when forced, of each class", () => {
    const held = starts(foregroundVoxels(source.labels, randomKey(1))).map(
      (start) => new Set(extractPatch(source, start, size).labels),
    );
    expect(held.every((classes) => classes.has(1) || classes.has(2))).toBe(true);
    expect(held.filter((classes) => classes.has(2)).length).toBeGreaterThan(100);
  });

  it("draws freely where there is no foreground", () => {
    expect(starts(new Map())).toEqual(starts());
  });
});
