import { expect, it } from "vitest";
import { featureChange } from "./change.ts";

it("a change is after less before, and missing where either is", () => {
  expect(featureChange([1, null, 3, null], [4, 5, null, null])).toEqual([3, null, null, null]);
});
