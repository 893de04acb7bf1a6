import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createGrid, type Grid, sameGrid, toWorld } from "../../../src/domain/grid.ts";
import { readDicomSegmentation } from "../../../src/io/dicom/segmentation.ts";
import { readMask } from "../../../src/study/masks/mask-file.ts";
import { hasSharedData, sharedData } from "./shared-data.ts";

interface Golden {
  readonly grid: Grid;
  readonly files: Readonly<Record<string, readonly number[][]>>;
}

const folder = join(import.meta.dirname, "segmentations");
const golden: Golden = JSON.parse(await readFile(join(folder, "segmentations.json"), "utf8"));
const grid = createGrid(golden.grid);
const LABELS: Readonly<Record<string, readonly string[]>> = {
  "overlapping.dcm": ["tumour", "necrosis"],
  "sparse.dcm": ["tumour"],
  "label-map.dcm": ["a", "b", "c"],
  "probability.dcm": ["tumour"],
  "occupancy.dcm": ["tumour"],
};

describe("segmentations of highdicom", () => {
  it.each(Object.entries(golden.files))("%s has the voxels that were encoded", async (name, wanted) => {
    const { segments } = await readDicomSegmentation(join(folder, name), { grid });
    expect(segments.map(({ label }) => label)).toEqual(LABELS[name]);
    for (const [i, { volume }] of segments.entries()) {
      expect([...volume.data]).toEqual(wanted[i].map((value) => Math.fround(value)));
    }
  });

  it("tell how many slices their frames cover", async () => {
    const { segments } = await readDicomSegmentation(join(folder, "overlapping.dcm"), { grid });
    expect(segments.map(({ coveredSlices }) => coveredSlices)).toEqual([6, 5]);
  });

  it("have a grid of their own, over a slice without a frame, where no image is given", async () => {
    const { grid: own, segments } = await readDicomSegmentation(join(folder, "sparse.dcm"));
    const first = toWorld(grid, [1, 0, 0]);
    expect(sameGrid(own, { ...grid, shape: [5, 8, 9], origin: first })).toBe(true);
    expect([...segments[0].volume.data]).toEqual(golden.files["sparse.dcm"][0].slice(72));
  });

  it("lie together on the image's grid without an issue where they were drawn on it", async () => {
    const { of, issues } = await readMask(join(folder, "sparse.dcm"), { grid });
    expect(issues).toEqual([]);
    expect([...of("any").data]).toEqual(golden.files["sparse.dcm"][0]);
  });

  it("are masks by their numbers, together or each by itself where they overlap", async () => {
    const { labels, of } = await readMask(join(folder, "overlapping.dcm"), { grid });
    const [a, b] = golden.files["overlapping.dcm"];
    expect(labels).toEqual([1, 2]);
    expect([...of("any").data]).toEqual(a.map((voxel, i) => (voxel + b[i] > 0 ? 1 : 0)));
    expect([[...of(1).data], [...of(2).data]]).toEqual([a, b]);
  });

  it("are refused on a grid that is turned about their first pixel, though that one fits", async () => {
    const [normal, row, column] = grid.direction;
    const angle = (2.4 * Math.PI) / 180;
    const turned = [0, 1, 2].map((i) => Math.cos(angle) * row[i] + Math.sin(angle) * column[i]);
    const beside = [0, 1, 2].map((i) => Math.cos(angle) * column[i] - Math.sin(angle) * row[i]);
    const direction = [normal, turned, beside] as unknown as Grid["direction"];
    await expect(
      readDicomSegmentation(join(folder, "sparse.dcm"), { grid: createGrid({ ...grid, direction }) }),
    ).rejects.toMatchObject({ code: "segmentation-off-grid" });
  });

  it("are refused where a frame shows a segment that is not described, or a whole share is 0", async () => {
    const root = await mkdtemp(join(tmpdir(), "segmentations-"));
    const cases = [
      ["sparse.dcm", [0x62, 0, 0x0b, 0], 9, "segmentation-segment"],
      ["probability.dcm", [0x62, 0, 0x0e, 0], 0, "dicom-attribute"],
    ] as const;
    try {
      for (const [name, tag, value, code] of cases) {
        const bytes = await readFile(join(folder, name));
        const at = bytes.indexOf(Buffer.from([...tag, 0x55, 0x53, 2, 0]));
        expect(at).toBeGreaterThan(0);
        bytes.writeUInt16LE(value, at + 8);
        await writeFile(join(root, name), bytes);
        await expect(readDicomSegmentation(join(root, name))).rejects.toMatchObject({ code });
      }
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });

  it("are resampled by physical coordinates onto another grid, and say so", async () => {
    // Twice as fine in every axis; each voxel's centre lies within half a coarse voxel of one coarse centre.
    const finer = createGrid({
      ...grid,
      shape: [12, 16, 18],
      spacingMm: [1.25, 0.375, 0.3125],
      origin: toWorld(grid, [-0.25, -0.25, -0.25]),
    });
    const { of, issues } = await readMask(join(folder, "probability.dcm"), { grid: finer });
    const value = of("any");
    expect(issues).toMatchObject([{ code: "segmentation-resampled", severity: "warning" }]);
    const shares = golden.files["probability.dcm"][0];
    const at = ([s, r, c]: number[]) => (s < 0 || s > 5 ? 0 : shares[(s * 8 + r) * 9 + c]);
    let compared = 0;
    for (let s = 0; s < 12; s++) {
      for (let r = 0; r < 16; r++) {
        for (let c = 0; c < 18; c++) {
          const wanted = trilinear(at, [(s - 0.5) / 2, (r - 0.5) / 2, (c - 0.5) / 2]);
          if (Math.abs(wanted - 0.5) < 1e-6) continue;
          compared++;
          expect(value.data[(s * 16 + r) * 18 + c]).toBe(wanted > 0.5 ? 1 : 0);
        }
      }
    }
    expect(compared).toBeGreaterThan(3000);
  });
});

/** By definition; in plane, positions beyond the outermost centres take the edge's value, while slices without frames are empty. */
function trilinear(at: (index: number[]) => number, position: readonly number[]): number {
  const clamped = position.map((value, axis) =>
    axis === 0 ? value : Math.min(Math.max(value, 0), grid.shape[axis] - 1),
  );
  const low = clamped.map((value, axis) =>
    axis === 0 ? Math.floor(value) : Math.min(Math.floor(value), grid.shape[axis] - 2),
  );
  let sum = 0;
  for (let corner = 0; corner < 8; corner++) {
    const steps = [corner & 1, (corner >> 1) & 1, (corner >> 2) & 1];
    const weight = steps.reduce((product, step, axis) => {
      const share = clamped[axis] - low[axis];
      return product * (step === 1 ? share : 1 - share);
    }, 1);
    sum += weight * at(low.map((value, axis) => value + steps[axis]));
  }
  return sum;
}

describe.skipIf(!hasSharedData("breast-dce-ucsf"))(
  "the real mask, in reversed frames over 42 of 60 slices",
  () => {
    it("keeps its volume on a grid a quarter of a slice beside its own", async () => {
      const file = sharedData("breast-dce-ucsf/UCSF-BR-06/mask/1-1.dcm");
      const own = await readDicomSegmentation(file);
      expect(own.grid.shape).toEqual([42, 256, 256]);
      const shifted = createGrid({ ...own.grid, origin: toWorld(own.grid, [0.25, 0, 0]) });
      const { of, issues } = await readMask(file, { grid: shifted });
      expect(issues.map(({ code }) => code)).toEqual(["segmentation-resampled"]);
      const [before, after] = [own.segments[0].volume.data, of("any").data].map((data) => count(data));
      expect(Math.abs(after - before) / before).toBeLessThan(0.01);
    });
  },
);

function count(data: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < data.length; i++) if (data[i] >= 0.5) total++;
  return total;
}
