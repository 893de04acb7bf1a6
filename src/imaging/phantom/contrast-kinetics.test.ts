import { describe, expect, it } from "vitest";
import golden from "../../../tests/golden/phantom/kinetics.json" with { type: "json" };
import { exponentialConvolution, parkerPlasma, uptakeTable } from "./contrast-kinetics.ts";

describe("Parker's arterial input", () => {
  it("has the values computed from the published table", () => {
    golden.minutes.forEach((t, i) => {
      expect(parkerPlasma(t)).toBeCloseTo(golden.plasma[i], 9);
    });
  });

  it("is zero before injection", () => {
    expect(parkerPlasma(-0.5)).toBe(0);
    expect(parkerPlasma(0)).toBe(0);
  });
});

describe("convolution with an exponential", () => {
  it("equals a fine trapezoidal sum", () => {
    for (const kep of [0.01, 0.5, 3]) {
      const t = 2.37;
      const pieces = 40_000;
      let sum = 0;
      for (let i = 0; i <= pieces; i++) {
        const u = (i / pieces) * t;
        sum += (i === 0 || i === pieces ? 0.5 : 1) * parkerPlasma(u) * Math.exp(-kep * (t - u));
      }
      const [value] = exponentialConvolution(parkerPlasma, kep, [t]);
      expect(value / ((sum * t) / pieces)).toBeCloseTo(1, 3);
    }
  });

  it("has the closed form C·(1 − exp(−kep·t))/kep for a constant input", () => {
    const times = [0.004, 0.3, 2, 7];
    for (const kep of [1e-4, 0.05, 0.8, 12]) {
      const values = exponentialConvolution(() => 1.7, kep, times);
      times.forEach((t, i) => {
        expect(values[i]).toBeCloseTo((1.7 * -Math.expm1(-kep * t)) / kep, 9);
      });
    }
  });
});

describe("extended Tofts table", () => {
  it("agrees with adaptive quadrature within 0.5 %", () => {
    const table = uptakeTable(golden.minutes);
    for (const { ktrans, ve, vp, concentration } of golden.tofts) {
      golden.minutes.forEach((_, phase) => {
        const value = table.concentration(phase, Math.log(ktrans), Math.log(ktrans / ve), vp);
        const scale = Math.max(concentration[phase], 1e-3);
        expect(Math.abs(value - concentration[phase]) / scale).toBeLessThan(5e-3);
      });
    }
  });

  it("holds no contrast agent before it arrives, nor without transfer and plasma", () => {
    const table = uptakeTable([-1, 2]);
    expect(table.concentration(0, Math.log(0.3), Math.log(0.8), 0.05)).toBe(0);
    expect(table.concentration(1, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, 0)).toBe(0);
  });

  it("washes out where kep is high and goes on rising where it is low", () => {
    const table = uptakeTable([1.5, 6]);
    const change = (kep: number) =>
      table.concentration(1, 0, Math.log(kep), 0) / table.concentration(0, 0, Math.log(kep), 0);
    expect(change(1.2)).toBeLessThan(0.75);
    expect(change(0.15)).toBeGreaterThan(1.5);
  });
});
