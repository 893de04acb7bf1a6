import { describe, expect, it } from "vitest";
import { randomKey } from "../../domain/random.ts";
import { noiseLattice, planeWaves, sampleLattice, wavesAt } from "./smooth-noise.ts";
import type { Axes } from "./tissues.ts";

const axis = (count: number, from: number, step: number) =>
  Float64Array.from({ length: count }, (_, i) => from + i * step);

describe("lattice noise", () => {
  it("equals the sum over all lattice points of value times cubic B-spline weights", () => {
    const lattice = noiseLattice(randomKey(1), [20, 30, 25]);
    const axes: Axes = [axis(2, -31, 17), axis(3, -50, 41), axis(2, 44, -63)];
    const field = sampleLattice(lattice, axes);
    const weight = (x: number) => {
      const a = Math.abs(x);
      if (a < 1) return 2 / 3 - a * a + a ** 3 / 2;
      return a < 2 ? (2 - a) ** 3 / 6 : 0;
    };
    const along = (dimension: number, position: number) =>
      Array.from({ length: lattice.shape[dimension] }, (_, i) =>
        weight((position - lattice.originMm[dimension]) / lattice.spacingMm[dimension] - i),
      );
    axes[0].forEach((s, i) => {
      axes[1].forEach((r, j) => {
        axes[2].forEach((c, k) => {
          let sum = 0;
          along(0, s).forEach((ws, a) => {
            along(1, r).forEach((wr, b) => {
              along(2, c).forEach((wc, d) => {
                const [, rows, columns] = lattice.shape;
                sum += ws * wr * wc * lattice.values[(a * rows + b) * columns + d];
              });
            });
          });
          expect(field[(i * 3 + j) * 2 + k]).toBeCloseTo(sum, 4);
        });
      });
    });
  });

  it("has mean 0 and unit variance", () => {
    const axes: Axes = [axis(50, -70, 2.8), axis(50, -70, 2.8), axis(50, -70, 2.8)];
    const field = sampleLattice(noiseLattice(randomKey(2), [6, 6, 6]), axes);
    const mean = field.reduce((sum, value) => sum + value, 0) / field.length;
    const variance = field.reduce((sum, value) => sum + (value - mean) ** 2, 0) / field.length;
    expect(Math.abs(mean)).toBeLessThan(0.06);
    expect(Math.abs(variance - 1)).toBeLessThan(0.08);
  });

  it("is the same field on a finer grid", () => {
    const lattice = noiseLattice(randomKey(3), [10, 10, 10]);
    const coarse = sampleLattice(lattice, [axis(3, -4, 2), axis(3, -4, 2), axis(3, -4, 2)]);
    const fine = sampleLattice(lattice, [axis(5, -4, 1), axis(5, -4, 1), axis(5, -4, 1)]);
    expect(fine[(2 * 5 + 4) * 5 + 2]).toBeCloseTo(coarse[(1 * 3 + 2) * 3 + 1], 6);
  });
});

describe("plane waves", () => {
  it("have unit variance over space", () => {
    const waves = planeWaves(randomKey(5), 1);
    let squares = 0;
    for (let i = 0; i < 20_000; i++) squares += wavesAt(waves, i * 0.37, i * 1.13, i * 0.71) ** 2;
    expect(squares / 20_000).toBeCloseTo(1, 1);
  });
});
