import { describe, expect, it } from "vitest";
import { RandomStream, randomKey } from "../../domain/random.ts";
import { buildAnatomy } from "./anatomy.ts";
import { drawBreastShape } from "./breast-shape.ts";
import { type Axes, BASE_TISSUES } from "./tissues.ts";
import { drawVeins } from "./vessels.ts";

const shape = drawBreastShape(30, new RandomStream(randomKey(2)));
const veins = drawVeins(shape, new RandomStream(randomKey(3)));

/** The anatomy on a grid of cubes over 96 x 128 x 128 mm. */
function anatomyAt(voxelMm: number, toLeft: 1 | -1 = 1) {
  const axes = [96, 128, 128].map((mm, axis) => {
    const count = mm / voxelMm;
    const sign = axis === 2 ? toLeft : 1;
    return Float64Array.from({ length: count }, (_, i) => sign * (i - (count - 1) / 2) * voxelMm);
  }) as unknown as Axes;
  return { axes, ...buildAnatomy(randomKey(1), { shape, axes, voxelMm, density: 0.6, veins }) };
}

const coarse = anatomyAt(2);
const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

describe("anatomy", () => {
  it("fills every voxel at most once, and the inside of the breast wholly", () => {
    const tissues = BASE_TISSUES.map((tissue) => coarse.fractions[tissue]);
    let [least, most] = [1, 0];
    coarse.breast.forEach((inside, n) => {
      const total = tissues.reduce((all, values) => all + values[n], 0);
      most = Math.max(most, total);
      // Voxels that skin or chest wall cut are only partly filled.
      const surrounded = [1, -1, 64, -64, 4096, -4096].every((step) => coarse.breast[n + step] === 1);
      if (inside && surrounded) least = Math.min(least, total);
    });
    expect(most).toBeLessThan(1 + 1e-5);
    expect(least).toBeGreaterThan(0.999);
  });

  it("has the same volumes of breast, gland and skin on a finer grid", () => {
    const fine = anatomyAt(1);
    expect(sum(fine.breast) / 8 / sum(coarse.breast)).toBeCloseTo(1, 1);
    for (const tissue of ["gland", "fat", "skin"] as const) {
      const ratio = sum(fine.fractions[tissue]) / 8 / sum(coarse.fractions[tissue]);
      expect(Math.abs(ratio - 1)).toBeLessThan(0.08);
    }
  });

  it("has skin of its thickness, and gland and vessels within the breast", () => {
    const { gland, blood } = coarse.fractions;
    coarse.breast.forEach((inside, n) => {
      if (gland[n] > 0.5) expect(inside).toBe(1);
    });
    expect(sum(gland)).toBeGreaterThan(0.05 * sum(coarse.breast));
    expect(sum(blood) * 8).toBeGreaterThan(50);
    // Along the row through the nipple's level the skin is crossed at a right angle, about.
    const [slices, rows, columns] = coarse.axes.map((axis) => axis.length);
    let skin = 0;
    for (let j = 0; j < rows; j++) {
      skin += 2 * coarse.fractions.skin[((slices >> 1) * rows + j) * columns + (columns >> 1)];
    }
    expect(Math.abs(skin - shape.skinMm)).toBeLessThan(1.2);
  });

  it("of a right breast is the mirror image of a left one", () => {
    const mirrored = anatomyAt(2, -1);
    const [, rows, columns] = coarse.axes.map((axis) => axis.length);
    for (let k = 0; k < columns; k++) {
      const n = (20 * rows + 30) * columns;
      expect(mirrored.fractions.gland[n + k]).toBeCloseTo(coarse.fractions.gland[n + columns - 1 - k], 4);
    }
  });
});
