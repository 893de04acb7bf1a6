import { describe, expect, it } from "vitest";
import type { Triple } from "../../domain/grid.ts";
import { perturb, perturbationsOf } from "./perturbation.ts";

const shape: Triple = [2, 3, 4];
const image = Float32Array.from({ length: 24 }, (_, i) => i);
const at = (data: ArrayLike<number>, s: number, r: number, c: number) => data[(s * 3 + r) * 4 + c];

describe("perturb", () => {
  it("moves the image by whole voxels along all axes, and repeats the edge", () => {
    const moved = perturb(image, shape, { kind: "shift", voxels: 1 });
    const back = perturb(image, shape, { kind: "shift", voxels: -2 });
    expect(at(moved, 1, 2, 3)).toBe(at(image, 0, 1, 2));
    expect(at(moved, 0, 0, 0)).toBe(at(image, 0, 0, 0));
    expect(at(back, 0, 0, 1)).toBe(at(image, 1, 2, 3));
    expect(at(back, 1, 2, 3)).toBe(at(image, 1, 2, 3));
  });

  it("mirrors along one axis, and twice is nothing", () => {
    for (const axis of [0, 1, 2]) {
      const mirrored = perturb(image, shape, { kind: "mirror", axis });
      expect(mirrored).not.toEqual(image);
      expect(perturb(mirrored, shape, { kind: "mirror", axis })).toEqual(image);
    }
    expect(at(perturb(image, shape, { kind: "mirror", axis: 1 }), 1, 0, 2)).toBe(at(image, 1, 2, 2));
  });

  it("is done one change at a time", () => {
    expect(perturbationsOf({ shifts: [1, -2], mirrorAxes: [2] })).toEqual([
      { kind: "shift", voxels: 1 },
      { kind: "shift", voxels: -2 },
      { kind: "mirror", axis: 2 },
    ]);
  });
});
