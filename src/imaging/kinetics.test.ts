import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createGrid, type Triple, voxelCount } from "../domain/grid.ts";
import type { Volume } from "../domain/volume.ts";
import { functionalTumourVolume } from "./functional-tumour-volume.ts";
import { percentEnhancement, signalEnhancementRatio, subtraction } from "./kinetics.ts";

function volume(shape: Triple, value: (voxel: number) => number): Volume<Float32Array> {
  const grid = createGrid({
    shape,
    spacingMm: [2, 5, 10],
    direction: [
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
    ],
    origin: [0, 0, 0],
  });
  return { grid, data: Float32Array.from({ length: voxelCount(grid) }, (_, i) => value(i)) };
}

const row = (...values: number[]) => volume([1, 1, values.length], (i) => values[i]);

describe("kinetic maps", () => {
  it("follow their formulas, and are 0 where a ratio has no meaning", () => {
    const pre = row(100, 50, 0, -3, 80, 80);
    const early = row(200, 40, 90, 6, 160, 160);
    const late = row(150, 60, 90, 6, 80, 40);
    expect([...percentEnhancement(pre, early).data]).toEqual([100, -20, 0, 0, 100, 100]);
    expect([...signalEnhancementRatio(pre, early, late).data]).toEqual([2, -1, 1, 1, 0, -2]);
    expect([...subtraction(early, pre).data]).toEqual([100, -10, 90, 9, 80, 80]);
  });

  it("leave SER 0 where early enhancement is below the least", () => {
    const ser = signalEnhancementRatio(row(100, 100, 0), row(170, 169, 50), row(170, 170, 50), {
      minimumPercentEnhancement: 70,
    });
    expect([...ser.data]).toEqual([1, 0, 0]);
  });

  it("do not change when the scanner's gain does", () => {
    const signal = fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(signal, signal, signal, (a, b, c) => {
        const [pre, early, late] = [row(...a), row(...b), row(...c)];
        const louder = (v: Volume<Float32Array>) => ({ grid: v.grid, data: v.data.map((x) => 4 * x) });
        const same = (x: Float32Array, y: Float32Array) => x.every((value, i) => value === y[i]);
        return (
          same(percentEnhancement(pre, early).data, percentEnhancement(louder(pre), louder(early)).data) &&
          same(
            signalEnhancementRatio(pre, early, late).data,
            signalEnhancementRatio(louder(pre), louder(early), louder(late)).data,
          )
        );
      }),
      { numRuns: 50, seed: 5 },
    );
  });

  it("refuse phases on different grids", () => {
    expect(() => percentEnhancement(row(1, 2), row(1, 2, 3))).toThrow(
      expect.objectContaining({ code: "grid-mismatch" }),
    );
  });
});

describe("functionalTumourVolume", () => {
  // A 3x3x3 block of tumour in a 5x5x5 image; a lone bright voxel in a corner.
  const inBlock = (i: number) =>
    [Math.floor(i / 25), Math.floor(i / 5) % 5, i % 5].every((at) => at >= 1 && at <= 3);
  const pe = volume([5, 5, 5], (i) => (i === 0 || inBlock(i) ? 70 : 69.9));

  it("counts connected voxels that reach the threshold, in ml", () => {
    const { mask, ml } = functionalTumourVolume({ pe });
    expect(mask.data.every((value, i) => value === (inBlock(i) ? 1 : 0))).toBe(true);
    expect(ml).toBeCloseTo(2.7, 12);
    // The lone voxel touches one corner of the block.
    expect(functionalTumourVolume({ pe, minimumNeighbours: 1 }).ml).toBeCloseTo(2.8, 12);
    expect(functionalTumourVolume({ pe, peThresholdPercent: 60 }).ml).toBeCloseTo(12.5, 12);
  });

  it("takes a stored ratio of nine tenths as reaching 0.9", () => {
    const ser = volume([5, 5, 5], (i) => (i % 5 === 2 ? 0.9 : 0.89));
    expect(functionalTumourVolume({ pe, ser, serThreshold: 0.9 }).ml).toBeCloseTo(0.9, 12);
  });

  it("cuts to the region without making its border lonely, and drops air and small components", () => {
    const region = { grid: pe.grid, data: Uint8Array.from(pe.data, (_, i) => (i === 31 ? 1 : 0)) };
    expect(functionalTumourVolume({ pe, region }).ml).toBeCloseTo(0.1, 12);
    expect(functionalTumourVolume({ pe, region, minimumComponentMl: 0.2 }).ml).toBe(0);
    const pre = volume([5, 5, 5], (i) => (i % 5 === 2 ? 34 : 35));
    expect(
      functionalTumourVolume({ pe, background: { pre, minimumSignal: 35 }, minimumNeighbours: 1 }).ml,
    ).toBeCloseTo(1.9, 12);
  });
});
