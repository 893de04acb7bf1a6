import { describe, expect, it } from "vitest";
import { createGrid, type Triple, toWorld, voxelCount } from "../domain/grid.ts";
import { randomKey } from "../domain/random.ts";
import type { LabelMap } from "../domain/volume.ts";
import { breastRegion } from "./breast-region.ts";
import { measureEnhancement } from "./enhancement.ts";
import { simulatePatient } from "./phantom/cohort.ts";
import { bodyMask } from "./regions.ts";

const axial = createGrid({
  shape: [20, 70, 84],
  spacingMm: [8, 4, 4],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [-166, -80, -76],
});
const sagittal = createGrid({
  shape: [84, 40, 70],
  spacingMm: [4, 4, 4],
  direction: [
    [-1, 0, 0],
    [0, 0, -1],
    [0, 1, 0],
  ],
  origin: [166, -80, 76],
});

/** A thorax of 170 mm radius with two breasts before it, 80 mm beside the midline. */
const skinOfTrunk = (x: number) => (x * x) / 340;
const torso = (x: number, y: number, z: number) =>
  Math.abs(x) < 160 && (y > skinOfTrunk(x) || Math.hypot(Math.abs(x) - 80, y - skinOfTrunk(80), z) < 58);

function mask(grid: typeof axial, inside: (x: number, y: number, z: number) => boolean): LabelMap {
  const [, R, C] = grid.shape;
  const data = Uint8Array.from({ length: voxelCount(grid) }, (_, i) => {
    const at = toWorld(grid, [Math.floor(i / (R * C)), Math.floor(i / C) % R, i % C]) as Triple;
    return inside(...at) ? 1 : 0;
  });
  return { grid, data };
}

/** Share of a mask that the region holds. */
function share(region: LabelMap, part: LabelMap): number {
  let [all, held] = [0, 0];
  part.data.forEach((value, i) => {
    if (value === 0) return;
    all++;
    if (region.data[i] !== 0) held++;
  });
  return held / all;
}

describe.each([
  ["axial", axial],
  ["sagittal", sagittal],
])("the breast region of %s images", (_name, grid) => {
  const body = mask(grid, torso);
  const region = breastRegion(body);
  const tumour = (side: number) => mask(grid, (x, y, z) => Math.hypot(x - side * 80, y - 5, z - 10) < 12);

  it("holds tumours of both breasts, and no heart", () => {
    expect(share(region, tumour(1))).toBe(1);
    expect(share(region, tumour(-1))).toBe(1);
    expect(
      share(
        region,
        mask(grid, (x, y, z) => Math.hypot(x - 30, y - 70, z) < 35),
      ),
    ).toBe(0);
  });

  it("holds one breast where the side is known", () => {
    const left = breastRegion(body, "left");
    expect([share(left, tumour(1)), share(left, tumour(-1))]).toEqual([1, 0]);
  });

  it("leaves out the skin", () => {
    expect(
      share(
        region,
        mask(grid, (x, y, z) => torso(x, y, z) && !torso(x, y - 4, z)),
      ),
    ).toBe(0);
  });
});

describe("the breast region of simulated patients, who show one breast", () => {
  it.each([0, 1, 3, 6])("holds the tumour and little of the chest wall: patient %i", (index) => {
    const { visits } = simulatePatient(randomKey(1), { set: "train", index }, "small");
    const { dce, mask: tumour, truth } = visits[0];
    const body = bodyMask(dce.phases[0]);
    const region = breastRegion(body);
    expect(share(region, tumour)).toBeGreaterThan(0.95);
    const wall = {
      grid: body.grid,
      data: body.data.map((value, i) => (truth.breast.data[i] === 0 ? value : 0)),
    };
    expect(share(region, wall)).toBeLessThan(0.02);
  });

  it("takes the chest wall out of the functional tumour volume and leaves the tumour", () => {
    const {
      dce,
      mask: tumour,
      truth,
    } = simulatePatient(randomKey(1), { set: "train", index: 3 }, "small").visits[0];
    const wallMl = ({ data }: LabelMap) =>
      data.reduce((sum, value, i) => sum + (truth.breast.data[i] === 0 ? value : 0), 0) * 0.008;
    const [breast, whole] = (["breast", "body"] as const).map((region) =>
      measureEnhancement(dce, undefined, { region }),
    );
    expect(wallMl(whole.ftv)).toBeGreaterThan(10);
    expect(wallMl(breast.ftv)).toBeLessThan(0.1);
    expect(share(breast.ftv, tumour)).toBe(share(whole.ftv, tumour));
  });
});

it("is empty where there is no body", () => {
  const none = { grid: axial, data: new Uint8Array(voxelCount(axial)) };
  expect(breastRegion(none).data.includes(1)).toBe(false);
});
