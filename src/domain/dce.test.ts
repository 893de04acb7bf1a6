import { describe, expect, it } from "vitest";
import { choosePhases, createDceSeries } from "./dce.ts";
import type { Grid } from "./grid.ts";
import { createVolume } from "./volume.ts";

const GRID: Grid = {
  shape: [1, 1, 2],
  spacingMm: [1, 1, 1],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [0, 0, 0],
};
const phase = (grid = GRID) => createVolume(grid, new Float32Array(2));

describe("choosePhases", () => {
  it("takes the phase nearest to 150 s as early and the last as late, whatever their number", () => {
    expect(choosePhases([0, 407, 761])).toEqual({ pre: 0, early: 1, late: 2 });
    expect(choosePhases([0, 60, 120, 180, 240, 300])).toEqual({ pre: 0, early: 2, late: 5 });
    expect(choosePhases([0, 30, 100, 170, 400])).toEqual({ pre: 0, early: 3, late: 4 });
  });

  it("refuses a series in which early and late would be the same", () => {
    expect(() => choosePhases([0, 120])).toThrow(/at least two after/);
  });
});

describe("createDceSeries", () => {
  it("refuses phases on different grids and times that do not rise from 0", () => {
    expect(() => createDceSeries([phase(), phase({ ...GRID, spacingMm: [2, 1, 1] })], [0, 60])).toThrow(
      /phase 1/,
    );
    expect(() => createDceSeries([phase(), phase()], [0, 0])).toThrow(/strictly increasing/);
    expect(() => createDceSeries([phase(), phase()], [5, 60])).toThrow(/from 0/);
    expect(() => createDceSeries([phase()], [0, 60])).toThrow(/for 1 phases/);
    expect(() => createDceSeries([], [])).toThrow(/without a phase/);
  });
});
