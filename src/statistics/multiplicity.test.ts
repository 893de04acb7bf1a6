import { expect, it } from "vitest";
import r from "../../tests/golden/statistics/r.json" with { type: "json" };
import { benjaminiHochberg, holm } from "./multiplicity.ts";

it("adjusts as R's p.adjust does", () => {
  for (const family of r.adjusted) {
    holm(family.p).forEach((p, i) => {
      expect(p).toBeCloseTo(family.holm[i], 14);
    });
    benjaminiHochberg(family.p).forEach((p, i) => {
      expect(p).toBeCloseTo(family.bh[i], 14);
    });
  }
});

it("leaves tests without a p-value outside the family", () => {
  expect(holm([0.01, null, 0.04])).toEqual([0.02, null, 0.04]);
  expect(benjaminiHochberg([0.01, null, 0.04])).toEqual([0.02, null, 0.04]);
  expect(holm([])).toEqual([]);
});
