import { describe, expect, it } from "vitest";
import { createGrid, voxelCount } from "../../domain/grid.ts";
import type { Volume } from "../../domain/volume.ts";
import { registrationPair } from "./pair.ts";
import { type Registrar, registerVolume } from "./registration.ts";
import { similarity } from "./similarity.ts";
import type { RigidTransform, SplineTransform } from "./transform.ts";

const grid = createGrid({
  shape: [16, 20, 24],
  spacingMm: [2, 2, 2],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [0, 0, 0],
});
const count = voxelCount(grid);

/** Blobs of two sizes, shifted along x. */
function blobs(shiftMm: number, gain = 1): Volume<Float32Array> {
  const data = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const [s, r, c] = [Math.floor(i / 480), Math.floor(i / 24) % 20, i % 24];
    const x = 2 * c - shiftMm;
    const near = (a: number, b: number, d: number, mm: number) =>
      Math.exp(-((x - a) ** 2 + (2 * r - b) ** 2 + (2 * s - d) ** 2) / (2 * mm * mm));
    data[i] = gain * (400 * near(18, 16, 14, 5) + 250 * near(30, 24, 18, 4));
  }
  return { grid, data };
}

const mask = { grid, data: new Uint8Array(count).fill(1) };

function shifted(mm: number): RigidTransform {
  const matrix = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ] as const;
  return { kind: "rigid", matrix, centre: [0, 0, 0], translationMm: [mm, 0, 0] };
}

/** A spline that folds: neighbouring control points pull against each other. */
function folding(): SplineTransform {
  const lattice = createGrid({ ...grid, shape: [14, 14, 14], spacingMm: [6, 6, 6], origin: [-15, -15, -15] });
  const pull = Float64Array.from({ length: 14 ** 3 }, (_, i) => (i % 2 === 0 ? 14 : -14));
  const still = new Float64Array(14 ** 3);
  return { kind: "spline", lattice, coefficients: [pull, still, still] };
}

const registrar =
  (rigid: RigidTransform, deformable?: SplineTransform): Registrar =>
  async (_pair, part) =>
    part === "deformable" && deformable !== undefined ? deformable : rigid;

describe("registerVolume", () => {
  it("keeps a transform that brings the images together, and says how near they came", async () => {
    const { volume, quality } = await registerVolume(
      blobs(0),
      blobs(4),
      mask,
      "rigid",
      registrar(shifted(4)),
    );
    expect(quality).toMatchObject({ kept: "rigid", reason: null, displacementMm: { mean: 4, largest: 4 } });
    expect(quality.smallestJacobian).toBeCloseTo(1, 5);
    expect(quality.before.correlation).toBeLessThan(0.95);
    expect(quality.after.correlation).toBeGreaterThan(0.998);
    // Beyond the moving image its edge goes on.
    const still = blobs(0).data;
    const worst = Math.max(...volume.data.map((value, i) => (i % 24 < 22 ? Math.abs(value - still[i]) : 0)));
    expect(worst).toBeLessThan(0.01);
  });

  it("keeps a transform from an image that lies beside the other one altogether", async () => {
    const origin = [0, 0, 500] as const;
    // Air in the outermost slices, which goes on beyond them: nothing to correlate with.
    const data = blobs(0).data.map((value, i) => (i < 480 || i >= count - 480 ? 0 : value));
    const moving = { grid: createGrid({ ...grid, origin }), data };
    const far: RigidTransform = { ...shifted(0), translationMm: [0, 0, 500] };
    const { quality } = await registerVolume(blobs(0), moving, mask, "rigid", async () => shifted(0), {
      middles: [far.translationMm],
    });
    expect(quality.before.correlation).toBeNaN();
    expect(quality).toMatchObject({ kept: "rigid", reason: null });
    expect(quality.after.correlation).toBeGreaterThan(0.99);
  });

  it("keeps the image as it was where the transform makes it worse", async () => {
    const moving = blobs(1);
    const { volume, transform, quality } = await registerVolume(
      blobs(0),
      moving,
      mask,
      "rigid",
      registrar(shifted(-5)),
    );
    expect(volume).toBe(moving);
    expect(transform).toEqual([]);
    expect(quality.kept).toBe("none");
    expect(quality.reason).toMatch(/correlation .* before and .* after/);
    expect(quality.after).toEqual(quality.before);
  });

  it("keeps the rigid part of a deformation that folds tissue", async () => {
    const { quality, transform } = await registerVolume(
      blobs(0),
      blobs(4),
      mask,
      "deformable",
      registrar(shifted(4), folding()),
    );
    expect(quality.smallestJacobian).toBeLessThan(0.3);
    expect(quality).toMatchObject({ kept: "rigid", reason: expect.stringContaining("folds") });
    expect(transform).toHaveLength(1);
  });
});

describe("registrationPair", () => {
  it("makes images of different gain alike, and has no edge where the mask ends", () => {
    const inner = { grid, data: mask.data.map((_, i) => (i % 24 > 3 && i % 24 < 20 ? 1 : 0)) };
    const { fixed, moving } = registrationPair(blobs(0), blobs(0, 7), inner);
    expect(
      similarity(fixed, moving, { grid: fixed.grid, data: new Uint8Array(voxelCount(fixed.grid)).fill(1) })
        .correlation,
    ).toBeGreaterThan(0.9999);
  });
});

describe("similarity", () => {
  it("is 1 and 2 for an image and its multiple", () => {
    const { correlation, mutualInformation } = similarity(blobs(0), blobs(0, 3), mask);
    expect(correlation).toBeCloseTo(1, 6);
    expect(mutualInformation).toBeCloseTo(2, 2);
  });

  it("is -1 and still 2 for a negative: information has no sign", () => {
    const negative = { grid, data: blobs(0).data.map((value) => 500 - value) };
    const { correlation, mutualInformation } = similarity(blobs(0), negative, mask);
    expect(correlation).toBeCloseTo(-1, 6);
    expect(mutualInformation).toBeCloseTo(2, 1);
  });

  it("counts only what the mask holds", () => {
    const half = { grid, data: mask.data.map((_, i) => (i < count / 2 ? 1 : 0)) };
    const spoiled = blobs(0);
    spoiled.data.fill(7, count / 2);
    expect(similarity(blobs(0), spoiled, half).correlation).toBeCloseTo(1, 9);
  });
});
