import { describe, expect, it } from "vitest";
import { createDceSeries } from "../domain/dce.ts";
import { createGrid } from "../domain/grid.ts";
import { DCE_CHANNELS, dceInput } from "./dce-input.ts";

const grid = createGrid({
  shape: [1, 1, 2],
  spacingMm: [1, 1, 1],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [0, 0, 0],
});
const phase = (...values: number[]) => ({ grid, data: Uint16Array.from(values) });
// The phase nearest to 150 s is the third.
const series = createDceSeries(
  [phase(10, 20), phase(11, 21), phase(50, 5), phase(40, 60)],
  [0, 30, 140, 400],
);

describe("dceInput", () => {
  it("takes phases by time and differences with their sign", () => {
    const { names, channels } = dceInput(series, DCE_CHANNELS);
    expect(Object.fromEntries(names.map((name, i) => [name, [...channels[i]]]))).toEqual({
      pre: [10, 20],
      early: [50, 5],
      late: [40, 60],
      "early-pre": [40, -15],
      "late-pre": [30, 40],
      "late-early": [-10, 55],
    });
  });

  it("shows early anatomy and early enhancement unless asked otherwise", () => {
    expect(dceInput(series)).toMatchObject({ grid, names: ["early", "early-pre"] });
  });

  it("refuses a series without a late phase", () => {
    const short = createDceSeries([phase(1, 2), phase(3, 4)], [0, 120]);
    expect(() => dceInput(short)).toThrow(expect.objectContaining({ code: "series-phases" }));
  });
});
