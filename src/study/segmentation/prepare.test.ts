import { describe, expect, it } from "vitest";
import { createGrid, type Triple, toWorld, voxelCount } from "../../domain/grid.ts";
import { cropCase, type LoadedCase, prepareCase, restoreLabels } from "./prepare.ts";

const SHAPE: Triple = [14, 30, 26];

/** Thick oblique slices far from the origin; signal in a box off the centre, a block of tumour in it. */
function loaded(): Required<Omit<LoadedCase, "anatomy" | "prepared">> {
  const c = Math.cos(0.3);
  const s = Math.sin(0.3);
  const grid = createGrid({
    shape: SHAPE,
    spacingMm: [3, 0.8, 0.8],
    direction: [
      [0, -s, c],
      [0, c, s],
      [1, 0, 0],
    ],
    origin: [-80, 31, 12.5],
  });
  const inside = (low: Triple, high: Triple) => (i: number) => {
    const at: Triple = [Math.floor(i / (30 * 26)), Math.floor(i / 26) % 30, i % 26];
    return at.every((value, axis) => value >= low[axis] && value < high[axis]);
  };
  const body = inside([2, 5, 3], [13, 28, 25]);
  const tumour = inside([5, 11, 8], [9, 20, 18]);
  const voxels = Array.from({ length: voxelCount(grid) }, (_, i) => i);
  return {
    grid,
    channels: [Float32Array.from(voxels, (i) => (body(i) ? 50 + (i % 7) + (tumour(i) ? 80 : 0) : 0))],
    labels: Uint8Array.from(voxels, (i) => (tumour(i) ? 1 : 0)),
  };
}

/** [2, …]: probabilities that say exactly what the labels say. */
function certain(labels: Uint8Array): Float32Array {
  return Float32Array.from([...labels].map((label) => 1 - label).concat([...labels]));
}

function overlap(a: Uint8Array, b: Uint8Array): number {
  const both = a.reduce((sum, value, i) => sum + (value & b[i]), 0);
  return (2 * both) / (a.reduce((x, y) => x + y, 0) + b.reduce((x, y) => x + y, 0));
}

describe("preparing a case", () => {
  const source = loaded();
  const cropped = cropCase(source, "P1/pre");

  it("cuts to the box of signal, where the same voxels lie at the same place in the patient", () => {
    expect(cropped.box).toEqual({ start: [2, 5, 3], size: [11, 23, 22] });
    expect(toWorld(cropped.grid, [0, 0, 0])).toEqual(toWorld(source.grid, [2, 5, 3]));
    expect(cropped.channels[0][0]).toBe(source.channels[0][(2 * 30 + 5) * 26 + 3]);
  });

  it("of nothing but zeros is refused with what to do", () => {
    const empty = { ...source, channels: [new Float32Array(source.labels.length)] };
    expect(() => cropCase(empty, "P1/pre")).toThrow(/P1\/pre.*every voxel is 0.*Export/);
  });

  it("standardises by the cropped image", () => {
    const { channels } = prepareCase(cropped, { normalisation: ["z-score"], spacingMm: [3, 0.8, 0.8] });
    const mean = channels[0].reduce((sum, x) => sum + x, 0) / channels[0].length;
    const variance = channels[0].reduce((sum, x) => sum + (x - mean) ** 2, 0) / channels[0].length;
    expect(mean).toBeCloseTo(0, 4);
    expect(variance).toBeCloseTo(1, 3);
  });

  it.each<[string, Triple, number]>([
    ["its own spacing", [3, 0.8, 0.8], 1],
    ["half its spacing", [1.5, 0.4, 0.4], 1],
    ["cubes", [1, 1, 1], 0.97],
  ])("and going back to the source's grid from %s keeps the labels", (_, spacingMm, least) => {
    const prepared = prepareCase(cropped, { normalisation: ["z-score"], spacingMm });
    const restored = restoreLabels(prepared, certain(prepared.labels!), 2);
    expect(restored.grid).toEqual(source.grid);
    expect(overlap(restored.data, source.labels)).toBeGreaterThanOrEqual(least);
  });

  it("gives background outside the box, whatever the network says", () => {
    const prepared = prepareCase(cropped, { normalisation: ["z-score"], spacingMm: [2, 1, 1] });
    const all = certain(new Uint8Array(voxelCount(prepared.grid)).fill(1));
    const { data } = restoreLabels(prepared, all, 2);
    expect(data.reduce((sum, x) => sum + x, 0)).toBe(11 * 23 * 22);
    expect(data[0]).toBe(0);
  });
});
