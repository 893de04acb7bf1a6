import { describe, expect, it } from "vitest";
import { randomKey } from "../../domain/random.ts";
import { displacementField, drawMotion, moveImage, type PhaseMotion } from "./motion.ts";
import type { Axes } from "./tissues.ts";

const axis = (count: number, step: number) =>
  Float64Array.from({ length: count }, (_, i) => (i - (count - 1) / 2) * step);
const axes: Axes = [axis(20, 2), axis(24, 2), axis(22, -2)];

/** A smooth ball at a point of the breast (mm). */
function ball(centre: readonly [number, number, number]): Float32Array {
  const image = new Float32Array(20 * 24 * 22);
  let n = 0;
  for (const s of axes[0]) {
    for (const r of axes[1]) {
      for (const c of axes[2]) {
        image[n++] = Math.exp(
          -((s - centre[0]) ** 2 + (r - centre[1]) ** 2 + (c - centre[2]) ** 2) / (2 * 5 * 5),
        );
      }
    }
  }
  return image;
}

function centroid(image: Float32Array): number[] {
  const sums = [0, 0, 0];
  let [total, n] = [0, 0];
  for (const s of axes[0]) {
    for (const r of axes[1]) {
      for (const c of axes[2]) {
        const value = image[n++];
        total += value;
        [s, r, c].forEach((position, i) => {
          sums[i] += value * position;
        });
      }
    }
  }
  return sums.map((sum) => sum / total);
}

describe("movement between phases", () => {
  const motion = drawMotion(randomKey(9), 5, 2);

  it("leaves the reference phase where it is", () => {
    expect(motion.map((path) => path === null)).toEqual([false, false, true, false, false]);
  });

  it("shifts an image against its displacement, also along a falling axis", () => {
    const shift: PhaseMotion = {
      ...(motion[0] as PhaseMotion),
      shiftMm: [1.4, -0.8, 0.9],
      breathMm: 0,
      localMm: 0,
    };
    const moved = centroid(moveImage(ball([0, 2, -1]), displacementField(shift, axes), axes));
    [-1.4, 2.8, -1.9].forEach((position, i) => {
      expect(moved[i]).toBeCloseTo(position, 1);
    });
  });

  it("moves values by the field that it states", () => {
    const path = motion[4] as PhaseMotion;
    const image = ball([3, -2, 4]);
    const moved = moveImage(image, displacementField(path, axes), axes);
    const [ds, dr, dc] = displacementField(path, axes);
    let worst = 0;
    let n = 0;
    for (const s of axes[0]) {
      for (const r of axes[1]) {
        for (const c of axes[2]) {
          const square = (s + ds[n] - 3) ** 2 + (r + dr[n] + 2) ** 2 + (c + dc[n] - 4) ** 2;
          worst = Math.max(worst, Math.abs(moved[n] - Math.exp(-square / 50)));
          n++;
        }
      }
    }
    // Linear interpolation of a ball of 5 mm on 2 mm voxels errs by up to 3·h²/8·f'' = 0.06.
    expect(worst).toBeLessThan(0.06);
    expect(Math.max(...ds.map(Math.abs))).toBeGreaterThan(0.05);
  });
});
