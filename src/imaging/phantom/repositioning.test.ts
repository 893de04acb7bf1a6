import { describe, expect, it } from "vitest";
import { type Triple, toWorld } from "../../domain/grid.ts";
import { randomKey } from "../../domain/random.ts";
import { rotationMatrix } from "../registration/transform.ts";
import { simulatePatient } from "./cohort.ts";
import { visitErrors } from "./motion-error.ts";

const place = { set: "test", index: 5 } as const;
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("another position at the second visit", () => {
  it("is a shift of millimetres by default, which the truth tells exactly", () => {
    const [pre, post] = simulatePatient(randomKey(3), place, "small").visits;
    // The breast's origin in the scanner, by the first voxel of each visit.
    const [before, after] = [pre, post].map(({ truth, dce }) => {
      const { grid } = dce.phases[0];
      const at = truth.axes.map((axis) => -axis[0] / (axis[1] - axis[0])) as unknown as Triple;
      return toWorld(grid, at);
    });
    const translationMm = after.map((mm, i) => mm - before[i]) as unknown as Triple;
    const shift = {
      kind: "rigid",
      matrix: rotationMatrix(0, 0, 0),
      centre: [0, 0, 0],
      translationMm,
    } as const;
    expect(mean(visitErrors(pre, post, []))).toBeCloseTo(Math.hypot(...translationMm), 5);
    expect(Math.max(...visitErrors(pre, post, [shift]))).toBeLessThan(1e-4);
  });

  it("is centimetres where asked, and leaves tumour and breast about as large", () => {
    const [plain, moved] = [{}, { repositioning: 1 }].map(
      (movement) => simulatePatient(randomKey(3), place, "small", movement).visits,
    );
    expect(moved[0].dce.phases[0].data).toEqual(plain[0].dce.phases[0].data);
    expect(mean(visitErrors(moved[0], moved[1], []))).toBeGreaterThan(10);
    const volume = (data: Uint8Array) => data.reduce((sum, value) => sum + value, 0);
    expect(volume(moved[1].truth.breast.data) / volume(plain[1].truth.breast.data)).toBeGreaterThan(0.8);
    expect(volume(moved[1].truth.breast.data) / volume(plain[1].truth.breast.data)).toBeLessThan(1.2);
  });
});
