import { describe, expect, it } from "vitest";
import { randomKey } from "../../domain/random.ts";
import { lesionShape } from "./lesion-shape.ts";

const outline = {
  volumeMm3: 8000,
  axisRatios: [1.3, 1, 1 / 1.3] as const,
  lobulation: 0.12,
  spiculation: 0.3,
};

/** Volume by counting points on a fine grid. */
function countedVolume(shape: ReturnType<typeof lesionShape>): number {
  const step = 0.8;
  const reach = Math.ceil(shape.reachMm / step);
  let inside = 0;
  for (let s = -reach; s <= reach; s++) {
    for (let r = -reach; r <= reach; r++) {
      for (let c = -reach; c <= reach; c++) {
        if (shape.locate([s * step, r * step, c * step]).radius < 1) inside++;
      }
    }
  }
  return inside * step ** 3;
}

describe("lesion outline", () => {
  it("encloses the volume asked for, with lobules and spicules", () => {
    for (const seed of [1, 2, 3]) {
      expect(countedVolume(lesionShape(randomKey(seed), outline)) / 8000).toBeCloseTo(1, 1);
    }
  });

  it("keeps its form when it shrinks", () => {
    const whole = lesionShape(randomKey(4), outline);
    const half = lesionShape(randomKey(4), { ...outline, volumeMm3: 1000 });
    const offset = [5, -4, 7] as const;
    expect(half.locate([2.5, -2, 3.5]).radius).toBeCloseTo(whole.locate(offset).radius, 9);
  });

  it("gives positive depth inside, negative outside", () => {
    const shape = lesionShape(randomKey(5), outline);
    expect(shape.locate([0, 0, 0]).depthMm).toBeGreaterThan(0);
    expect(shape.locate([shape.reachMm, 0, 0]).depthMm).toBeLessThan(0);
  });
});
