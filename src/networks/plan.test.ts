import fc from "fast-check";
import { describe, expect, it } from "vitest";
import golden from "../../tests/golden/networks/plans.json" with { type: "json" };
import type { Triple } from "../domain/grid.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { planNetwork } from "./plan.ts";
import type { PlannerName } from "./presets.ts";

function uniform(spacing: Triple, shape: Triple, cases: number): Fingerprint {
  return {
    spacingsMm: Array<Triple>(cases).fill(spacing),
    shapesAfterCrop: Array<Triple>(cases).fill(shape),
    foregroundIntensities: [],
    medianRelativeSizeAfterCrop: 1,
  };
}

describe("plans of the nnunet and the residual encoder presets", () => {
  it.each(golden.cases.map((each, i) => ({ ...each, i })))(
    "equal those of nnU-Net's own planners, $preset, data set $i",
    ({ fingerprint, cases, classes, channels, preset, plan: expected }) => {
      const repeats = cases / fingerprint.spacings.length;
      const repeated = (triples: number[][]) => Array.from({ length: repeats }, () => triples).flat();
      const plan = planNetwork(
        {
          spacingsMm: repeated(fingerprint.spacings) as unknown as Triple[],
          shapesAfterCrop: repeated(fingerprint.shapes_after_crop) as unknown as Triple[],
          foregroundIntensities: [],
          medianRelativeSizeAfterCrop: fingerprint.median_relative_size_after_cropping,
        },
        { classes, inputChannels: channels, preset: preset as PlannerName },
      );
      const { useMask, spacingMm, ...exact } = expected;
      expect(plan).toMatchObject(exact);
      plan.spacingMm.forEach((mm, axis) => {
        expect(mm).toBeCloseTo(spacingMm[axis], 9);
      });
      expect(plan.normalisation).toEqual(Array(channels).fill(useMask ? "z-score-nonzero" : "z-score"));
    },
  );
});

describe("any plan", () => {
  const size = fc.integer({ min: 24, max: 400 });
  const spacing = fc.double({ min: 0.4, max: 4, noNaN: true });
  const dataSet = fc.record({
    shape: fc.tuple(size, size, size),
    spacing: fc.tuple(spacing, spacing, spacing),
    cases: fc.integer({ min: 1, max: 200 }),
    preset: fc.constantFrom("nnunet" as const, "compact" as const),
  });

  it("has a patch that its strides divide, no larger than the images need, within the memory reference", () => {
    const references = { nnunet: 560_000_000, compact: 16_000_000 };
    fc.assert(
      fc.property(dataSet, ({ shape, spacing, cases, preset }) => {
        const plan = planNetwork(uniform(spacing, shape, cases), { classes: 2, preset });
        const divisors = [0, 1, 2].map((axis) => plan.strides.reduce((total, s) => total * s[axis], 1));
        plan.patchSize.forEach((voxels, axis) => {
          expect(voxels % divisors[axis]).toBe(0);
          expect(voxels - plan.medianShape[axis]).toBeLessThan(divisors[axis]);
        });
        expect(plan.memoryEstimate).toBeLessThanOrEqual(references[preset]);
        expect(plan.features).toHaveLength(plan.strides.length);
      }),
    );
  });

  it("follows the axes when the data are turned", () => {
    const straight = planNetwork(uniform([2, 0.7, 0.9], [60, 300, 200], 40), { classes: 2 });
    const turned = planNetwork(uniform([0.9, 2, 0.7], [200, 60, 300], 40), { classes: 2 });
    const turn = ([a, b, c]: Triple): Triple => [c, a, b];
    expect(turned.patchSize).toEqual(turn(straight.patchSize));
    expect(turned.strides).toEqual(straight.strides.map(turn));
  });

  it("is refused for flat images, with what was found", () => {
    const flat = uniform([5, 1, 1], [1, 256, 256], 10);
    expect(() => planNetwork(flat, { classes: 2 })).toThrow(/1x256x256/);
    expect(() => planNetwork(uniform([1, 1, 1], [5, 6, 7], 10), { classes: 2 })).toThrow(/5x6x7/);
    expect(() => planNetwork(uniform([1, 1, 1], [64, 64, 64], 10), { classes: 1 })).toThrow(/1 classes/);
  });
});

it("the compact preset keeps patches near 48x64x48 and batches at 2", () => {
  const { patchSize, batchSize, features } = planNetwork(uniform([1, 1, 1], [48, 64, 48], 300), {
    classes: 3,
    preset: "compact",
  });
  expect(patchSize).toEqual([48, 64, 48]);
  expect(batchSize).toBe(2);
  expect(features).toEqual([16, 32, 64, 128]);
});
