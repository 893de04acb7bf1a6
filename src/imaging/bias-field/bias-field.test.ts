import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createGrid, type Triple, voxelCount } from "../../domain/grid.ts";
import { biasField, withoutBias } from "./bias-field.ts";
import { sharpened } from "./sharpening.ts";
import { fitLattice, latticeField, ownPositions } from "./spline-lattice.ts";

interface Golden {
  readonly shape: Triple;
  readonly correlationWithTruth: number;
  readonly residualSd: number;
  readonly voxels: readonly number[];
  readonly logField: readonly number[];
}

const golden = JSON.parse(
  readFileSync(new URL("../../../tests/golden/imaging/bias-field.json", import.meta.url), "utf8"),
) as Golden;
const grid = createGrid({
  shape: golden.shape,
  spacingMm: [4, 4, 4],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [0, 0, 0],
});

/** As scripts/golden/imaging_bias_field.py makes it. */
function example() {
  const [S, R, C] = golden.shape;
  const count = voxelCount(grid);
  const data = new Float32Array(count);
  const mask = new Uint8Array(count);
  const truth = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const s = (2 * Math.floor(i / (R * C))) / (S - 1) - 1;
    const r = (2 * (Math.floor(i / C) % R)) / (R - 1) - 1;
    const c = (2 * (i % C)) / (C - 1) - 1;
    const noise = 1 + 0.04 * (((31 * i * i + 17 * i) % 251) / 250 - 0.5);
    const pattern = Math.sin(7 * s + 1) + Math.sin(6 * r) + Math.sin(8 * c - 1);
    const tissue = pattern > 0.8 ? 300 : pattern < -0.6 ? 60 : 150;
    truth[i] = 0.35 * r - 0.25 * s * s + 0.2 * c * r;
    if (s * s + r * r + c * c >= 0.95) continue;
    mask[i] = 1;
    data[i] = tissue * noise * Math.exp(truth[i]);
  }
  return { volume: { grid, data }, mask: { grid, data: mask }, truth };
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  const product = (x: readonly number[], mx: number, y: readonly number[], my: number) =>
    x.reduce((sum, value, i) => sum + (value - mx) * (y[i] - my), 0);
  return product(a, ma, b, mb) / Math.sqrt(product(a, ma, a, ma) * product(b, mb, b, mb));
}

describe("biasField", () => {
  const { volume, mask, truth } = example();
  const field = biasField(volume, mask, { levels: 3 });
  const inside = Array.from(mask.data.keys()).filter((i) => mask.data[i] === 1);
  const found = (voxels: readonly number[]) => voxels.map((i) => Math.log(field.data[i]));
  const known = inside.map((i) => truth[i]);

  it("finds a known field as well as SimpleITK's N4", () => {
    expect(correlation(found(inside), known)).toBeGreaterThan(golden.correlationWithTruth - 0.01);
    const differences = found(inside).map((value, i) => value - known[i]);
    const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
    const sd = Math.sqrt(
      differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / differences.length,
    );
    expect(sd).toBeLessThan(1.15 * golden.residualSd);
  });

  it("finds what SimpleITK finds, voxel by voxel", () => {
    expect(correlation(found(golden.voxels), golden.logField)).toBeGreaterThan(0.98);
  });

  it("makes one tissue even: its variation falls below a third", () => {
    const corrected = withoutBias(volume, field).data;
    const gland = inside.filter((i) => Math.abs(volume.data[i] / Math.exp(truth[i]) - 150) < 10);
    const variation = (values: readonly number[]) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) / mean;
    };
    expect(variation(gland.map((i) => corrected[i]))).toBeLessThan(
      variation(gland.map((i) => volume.data[i])) / 3,
    );
  });

  it("leaves an image without bias as it is", () => {
    const even = { grid, data: volume.data.map((value, i) => value / Math.exp(truth[i])) };
    const { data } = biasField(even, mask, { levels: 2 });
    expect(Math.max(...inside.map((i) => Math.abs(data[i] - 1)))).toBeLessThan(0.06);
  });
});

describe("fitLattice", () => {
  it("passes through a lone value, and leaves alone what lies two spans away", () => {
    const shape: Triple = [5, 6, 17];
    const at = (2 * 6 + 3) * 17 + 2;
    const lattice = fitLattice(shape, Uint32Array.of(at), Float64Array.of(2.5), [2, 2, 4]);
    const field = latticeField(lattice, ownPositions(shape));
    expect(field[at]).toBeCloseTo(2.5, 10);
    expect(field[at + 14]).toBe(0);
  });
});

describe("sharpened", () => {
  it("draws two blurred classes to their centres", () => {
    const values = Float64Array.from(
      { length: 4000 },
      (_, i) => (i % 2 === 0 ? 4 : 5) + 0.08 * Math.sin(i * 1.7),
    );
    const spread = (data: Float64Array) => {
      const low = Array.from(data).filter((_, i) => i % 2 === 0);
      return Math.max(...low) - Math.min(...low);
    };
    expect(spread(sharpened(values))).toBeLessThan(0.7 * spread(values));
  });
});
