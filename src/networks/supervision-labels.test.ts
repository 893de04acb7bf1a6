import fc from "fast-check";
import { expect, it } from "vitest";
import type { Triple } from "../domain/grid.ts";
import { supervisionLabels } from "./supervision-labels.ts";

it("takes the voxels that PyTorch's nearest-exact interpolation takes", () => {
  const labels = Array.from({ length: 4 * 4 * 8 }, (_, i) => i);
  const strides: Triple[] = [
    [1, 1, 1],
    [2, 1, 4],
  ];
  const [fine, coarse] = supervisionLabels(labels, [4, 4, 8], strides);
  expect([...fine]).toEqual(labels);
  // torch 2.14.1: F.interpolate(torch.arange(128.).reshape(1, 1, 4, 4, 8), (2, 4, 2), mode="nearest-exact")
  expect([...coarse]).toEqual([34, 38, 42, 46, 50, 54, 58, 62, 98, 102, 106, 110, 114, 118, 122, 126]);
});

it("keeps the size and the classes at every resolution", () => {
  const stride = fc.constantFrom(1, 2, 4);
  fc.assert(
    fc.property(fc.tuple(stride, stride, stride), fc.integer({ min: 0, max: 9 }), (strides, label) => {
      const [coarse] = supervisionLabels(Array(4 * 8 * 8).fill(label), [4, 8, 8], [strides]);
      expect([...coarse]).toEqual(Array((4 * 8 * 8) / (strides[0] * strides[1] * strides[2])).fill(label));
    }),
  );
});
