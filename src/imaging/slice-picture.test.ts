import { describe, expect, it } from "vitest";
import { createGrid, type Grid, type Triple, voxelCount } from "../domain/grid.ts";
import { displayPlane } from "./display-plane.ts";
import { maximumIntensityProjection, type Raster, slicePicture } from "./slice-picture.ts";

const L: Triple = [1, 0, 0];
const P: Triple = [0, 1, 0];
const S: Triple = [0, 0, 1];
const opposite = (v: Triple): Triple => [-v[0] + 0, -v[1] + 0, -v[2] + 0];

function gridOf(
  direction: Grid["direction"],
  shape: Triple = [4, 5, 6],
  spacingMm: Triple = [1, 1, 1],
): Grid {
  return createGrid({ shape, spacingMm, direction, origin: [0, 0, 0] });
}

function brightest({ width, data }: Raster): [number, number] {
  let best = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i] > data[best]) best = i;
  return [(best / 4) % width, Math.floor(best / 4 / width)];
}

function coloured({ width, data }: Raster): Set<string> {
  const found = new Set<string>();
  for (let i = 0; i < data.length; i += 4) {
    if (data[i] !== data[i + 1]) found.add(`${(i / 4) % width},${Math.floor(i / 4 / width)}`);
  }
  return found;
}

describe("slicePicture", () => {
  // A bright voxel far to the left, posterior and superior; wherever the array starts, it must appear at the same place.
  it.each([
    ["axial", S, P, L, 0, "right", "bottom"],
    ["axial", opposite(S), opposite(P), opposite(L), 0, "right", "bottom"],
    ["axial", P, S, L, 1, "right", "bottom"],
    ["coronal", S, P, L, 1, "right", "top"],
    ["coronal", L, opposite(S), P, 2, "right", "top"],
    ["sagittal", opposite(L), opposite(S), P, 0, "right", "top"],
    ["sagittal", S, opposite(P), L, 2, "right", "top"],
  ] as const)(
    "shows %s slices radiologically whatever the array's axes (%#)",
    (plane, a, b, c, axis, side, end) => {
      const grid = gridOf([a, b, c]);
      expect(displayPlane(grid, axis).plane).toBe(plane);
      const forward = (v: Triple) => v[0] + v[1] + v[2] > 0;
      const [i, j, k] = [a, b, c].map((v, n) => (forward(v) ? grid.shape[n] - 1 : 0));
      const data = new Float32Array(voxelCount(grid));
      data[(i * 5 + j) * 6 + k] = 100;
      const picture = slicePicture({ grid, data }, axis, [i, j, k][axis], { windowPercentiles: [0, 100] });
      const [x, y] = brightest(picture);
      expect(x).toBe(side === "right" ? picture.width - 1 : 0);
      expect(y).toBe(end === "bottom" ? picture.height - 1 : 0);
    },
  );

  it("makes square pixels of oblong voxels", () => {
    const grid = gridOf([S, P, L], [4, 5, 6], [3, 1, 0.5]);
    const data = new Float32Array(voxelCount(grid));
    expect(slicePicture({ grid, data }, 0, 0)).toMatchObject({ width: 6, height: 10 });
    expect(slicePicture({ grid, data }, 1, 0)).toMatchObject({ width: 6, height: 24 });
    expect(slicePicture({ grid, data }, 1, 0, { pixelMm: 1 })).toMatchObject({ width: 3, height: 12 });
  });

  it("spreads the window over the grey scale and stays opaque", () => {
    const grid = gridOf([S, P, L], [1, 1, 5]);
    const picture = slicePicture({ grid, data: Float32Array.of(0, 10, 20, 30, 40) }, 0, 0, {
      windowPercentiles: [25, 75],
    });
    expect([0, 1, 2, 3, 4].map((x) => picture.data[4 * x])).toEqual([0, 0, 128, 255, 255]);
    expect([0, 1, 2, 3, 4].every((x) => picture.data[4 * x + 3] === 255)).toBe(true);
  });

  it("outlines a class by its border pixels only, later outlines on top", () => {
    const grid = gridOf([S, P, L], [1, 7, 7]);
    const image = { grid, data: new Float32Array(49) };
    const square = (label: number) => ({
      grid,
      data: Uint8Array.from({ length: 49 }, (_, i) => {
        const [y, x] = [Math.floor(i / 7), i % 7];
        return y >= 1 && y <= 4 && x >= 2 && x <= 5 ? label : 0;
      }),
    });
    const red = [255, 0, 0] as const;
    const green = [0, 255, 0] as const;
    const picture = slicePicture(image, 0, 0, { outlines: [{ mask: square(2), colour: red, label: 2 }] });
    const expected = new Set<string>();
    for (let y = 1; y <= 4; y++) {
      for (let x = 2; x <= 5; x++) if (y === 1 || y === 4 || x === 2 || x === 5) expected.add(`${x},${y}`);
    }
    expect(coloured(picture)).toEqual(expected);
    expect(
      coloured(slicePicture(image, 0, 0, { outlines: [{ mask: square(2), colour: red, label: 1 }] })),
    ).toEqual(new Set());
    const both = slicePicture(image, 0, 0, {
      outlines: [
        { mask: square(1), colour: red },
        { mask: square(3), colour: green },
      ],
    });
    expect([...both.data.subarray(4 * (7 + 2), 4 * (7 + 2) + 4)]).toEqual([0, 255, 0, 255]);
  });

  it("refuses a slice that does not exist and a mask on another grid", () => {
    const grid = gridOf([S, P, L]);
    const image = { grid, data: new Float32Array(120) };
    expect(() => slicePicture(image, 0, 4)).toThrow(expect.objectContaining({ code: "slice-outside" }));
    const mask = { grid: gridOf([S, P, L], [4, 5, 5]), data: new Uint8Array(100) };
    expect(() => slicePicture(image, 0, 1, { outlines: [{ mask, colour: [1, 2, 3] }] })).toThrow(
      expect.objectContaining({ code: "grid-mismatch" }),
    );
  });
});

describe("maximumIntensityProjection", () => {
  it("shows the greatest value behind each place, and masks too", () => {
    const grid = gridOf([S, P, L], [3, 1, 3]);
    const data = Float32Array.of(1, 9, 0, 4, 2, 0, 2, 3, 5);
    const picture = maximumIntensityProjection({ grid, data }, 0, {
      windowPercentiles: [0, 100],
      outlines: [{ mask: { grid, data: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1) }, colour: [255, 0, 0] }],
    });
    expect([picture.data[0], picture.data[4]]).toEqual([0, 255]);
    expect(coloured(picture)).toEqual(new Set(["2,0"]));
  });
});
