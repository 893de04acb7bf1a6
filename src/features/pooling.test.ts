import { describe, expect, it } from "vitest";
import type { Triple } from "../domain/grid.ts";
import { deriveKey, RandomStream, randomKey } from "../domain/random.ts";
import { createPooler, type PoolerOptions } from "./pooling.ts";

interface Window {
  readonly start: Triple;
  readonly activation: Float32Array;
}

const product = ([a, b, c]: Triple) => a * b * c;

function* positions([slices, rows, columns]: Triple): Generator<Triple> {
  for (let s = 0; s < slices; s++)
    for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) yield [s, r, c];
}

/** The slow twin: visits each voxel of each cell and keeps a list of all cells. */
function pooled(options: PoolerOptions, windows: readonly Window[], region: Float32Array, channel: number) {
  const { imageShape, windowShape, bottleneckShape } = options;
  const block = windowShape.map((size, axis) => size / bottleneckShape[axis]) as unknown as Triple;
  const cells: { value: number; weight: number; octave: number }[] = [];
  for (const { start, activation } of windows) {
    let index = channel * product(bottleneckShape);
    for (const cell of positions(bottleneckShape)) {
      let sum = 0;
      for (const inside of positions(block)) {
        const at = inside.map((offset, axis) => start[axis] + cell[axis] * block[axis] + offset);
        if (at.every((voxel, axis) => voxel >= 0 && voxel < imageShape[axis])) {
          sum += region[(at[0] * imageShape[1] + at[1]) * imageShape[2] + at[2]];
        }
      }
      const mean = sum / product(block);
      const distance = cell.reduce((total, at, axis) => {
        const fromCentre = (at + 0.5) * block[axis] - windowShape[axis] / 2;
        return total + (fromCentre / (windowShape[axis] / 8)) ** 2;
      }, 0);
      const gaussian = Math.exp(-distance / 2);
      const prominence = mean * Math.min(1, gaussian * Math.exp(6));
      cells.push({
        value: activation[index++],
        weight: mean * gaussian,
        octave: Math.floor(Math.log2(prominence)),
      });
    }
  }
  const weight = cells.reduce((sum, cell) => sum + cell.weight, 0);
  const mean = cells.reduce((sum, cell) => sum + cell.weight * cell.value, 0) / weight;
  const variance = cells.reduce((sum, cell) => sum + cell.weight * (cell.value - mean) ** 2, 0) / weight;
  const highest = Math.max(...cells.map(({ octave }) => octave));
  const core = cells.filter(({ octave }) => octave >= highest - 1);
  return { mean, deviation: Math.sqrt(variance), maximum: Math.max(...core.map(({ value }) => value)) };
}

function examination(seed: number): { options: PoolerOptions; windows: Window[] } {
  const draw = new RandomStream(deriveKey(randomKey(7), seed));
  const imageShape: Triple = [6 + draw.integer(5), 9, 14];
  const windowShape: Triple = [4, 8, 12];
  const bottleneckShape: Triple = [4, 2, 3];
  const tumour = Float32Array.from({ length: product(imageShape) }, () => 1e-4 * draw.uniform());
  for (let i = 0; i < 12; i++) tumour[draw.integer(tumour.length)] = draw.uniform();
  const options = {
    imageShape,
    windowShape,
    bottleneckShape,
    channels: 3,
    regions: { tumour, breast: new Float32Array(tumour.length).fill(1) },
  };
  // The last windows reach over the image on either side.
  const starts: Triple[] = [
    [0, 0, 0],
    [2, 0, 1],
    [1, 1, 2],
    [-2, -3, 0],
    [imageShape[0] - 3, 4, 5],
  ];
  const windows = starts.map((start) => ({
    start,
    activation: Float32Array.from({ length: 3 * 24 }, () => draw.normal(0.5, 2)),
  }));
  return { options, windows };
}

describe("pooling", () => {
  it("gives the statistics of the list of all cells, exactly", () => {
    for (let seed = 0; seed < 10; seed++) {
      const { options, windows } = examination(seed);
      const pooler = createPooler(options);
      for (const { start, activation } of windows) pooler.add(start, activation);
      const { columns, values, issues } = pooler.finish();
      expect(issues).toEqual([]);
      expect(columns).toHaveLength(18);
      for (const [name, region] of Object.entries(options.regions)) {
        for (let channel = 0; channel < 3; channel++) {
          for (const [statistic, expected] of Object.entries(pooled(options, windows, region, channel))) {
            const column = `${name}.${statistic}.c00${channel}`;
            expect(values[columns.indexOf(column)], column).toBeCloseTo(expected, 10);
          }
        }
      }
    }
  });

  it("does not depend on the order of the windows, but for rounding", () => {
    const { options, windows } = examination(3);
    const [forward, backward] = [windows, windows.toReversed()].map((ordered) => {
      const pooler = createPooler(options);
      for (const { start, activation } of ordered) pooler.add(start, activation);
      return pooler.finish().values;
    });
    forward.forEach((value, i) => {
      expect(backward[i]).toBeCloseTo(value, 12);
    });
  });

  it("of a small tumour is the cell that holds it, and of its rim the cell beside", () => {
    const image: Triple = [2, 2, 8];
    const tumour = new Float32Array(32);
    const rim = new Float32Array(32);
    tumour[2] = 1;
    rim[5] = 0.5;
    const pooler = createPooler({
      imageShape: image,
      windowShape: image,
      bottleneckShape: [1, 1, 4],
      channels: 1,
      regions: { tumour, rim },
    });
    pooler.add([0, 0, 0], Float32Array.from([5, -6, 7, 8]));
    const { columns, values } = pooler.finish();
    expect(Object.fromEntries(columns.map((column, c) => [column, values[c]]))).toEqual({
      "tumour.mean.c000": -6,
      "tumour.deviation.c000": 0,
      "tumour.maximum.c000": -6,
      "rim.mean.c000": 7,
      "rim.deviation.c000": 0,
      "rim.maximum.c000": 7,
    });
  });

  it("of a channel that never varies has exactly no deviation, however the windows overlap", () => {
    const { options, windows } = examination(2);
    const pooler = createPooler(options);
    for (const { start } of windows) pooler.add(start, new Float32Array(72).fill(0.1));
    const { columns, values } = pooler.finish();
    columns.forEach((column, c) => {
      expect(values[c], column).toBe(column.includes(".deviation.") ? 0 : Math.fround(0.1));
    });
  });

  it("is defined for the faintest probability, and its maximum leaves out traces of it elsewhere", () => {
    const tumour = Float32Array.from([1e-6, 1e-6, 1e-3, 1e-3]);
    const pooler = createPooler({
      imageShape: [1, 1, 4],
      windowShape: [1, 1, 4],
      bottleneckShape: [1, 1, 4],
      channels: 1,
      regions: { tumour },
      statistics: ["maximum"],
    });
    pooler.add([0, 0, 0], Float32Array.from([90, 80, 3, 4]));
    expect(pooler.finish()).toEqual({
      columns: ["tumour.maximum.c000"],
      values: Float64Array.of(4),
      issues: [],
    });
  });

  it("of a region without weight is missing, with an issue, and leaves the others as they are", () => {
    const { options, windows } = examination(1);
    const nothing = new Float32Array(options.regions.breast.length);
    const pooler = createPooler({ ...options, regions: { nothing, breast: options.regions.breast } });
    for (const { start, activation } of windows) pooler.add(start, activation);
    const { columns, values, issues } = pooler.finish();
    columns.forEach((column, c) => {
      expect(Number.isNaN(values[c])).toBe(column.startsWith("nothing."));
    });
    expect(issues).toMatchObject([{ code: "region-empty", subject: "nothing" }]);
  });

  const { options } = examination(0);
  it.each([
    [
      "cells that do not divide the window",
      "pool-shape",
      () => createPooler({ ...options, bottleneckShape: [3, 2, 3] }),
    ],
    [
      "a region on another image",
      "pool-region",
      () => createPooler({ ...options, regions: { tumour: new Float32Array(3) } }),
    ],
    [
      "a weight above 1",
      "pool-region",
      () =>
        createPooler({
          ...options,
          regions: { tumour: options.regions.breast.map((_, i) => (i === 9 ? 1.5 : 1)) },
        }),
    ],
    [
      "a window with a value missing",
      "pool-activation",
      () => createPooler(options).add([0, 0, 0], new Float32Array(71)),
    ],
    [
      "activations that are not finite",
      "pool-activation",
      () => createPooler(options).add([0, 0, 0], new Float32Array(72).fill(Number.NaN)),
    ],
  ])("refuses %s", (_, code, act) => {
    expect(act).toThrow(expect.objectContaining({ code }));
  });
});
