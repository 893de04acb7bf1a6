/** Volumes of DICOM series against dcm2niix: the same value at the same place in the patient. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { toWorld, type VoxelIndex } from "../../../src/domain/grid.ts";
import type { Volume } from "../../../src/domain/volume.ts";
import { type DicomSeries, readDicomFolder, readPhase } from "../../../src/io/dicom/folder.ts";
import { hasSharedData, sharedData } from "./shared-data.ts";

/** A NIfTI image: sizes and values with the first axis fastest, affine in RAS. */
interface Reference {
  readonly shape: readonly number[];
  readonly affineRas: readonly (readonly number[])[];
  readonly volumes: readonly ArrayLike<number>[];
}

const folder = join(import.meta.dirname, "dcm2niix");
const { cases } = JSON.parse(await readFile(join(folder, "dcm2niix.json"), "utf8")) as {
  cases: { folder: string; images: (Reference & { name: string })[] }[];
};

/** Inverse of the upper left 3x3 by cofactors. */
function inverse(m: Reference["affineRas"]): number[][] {
  const minor = (r: number, c: number) => {
    const [a, b] = [0, 1, 2].filter((i) => i !== r);
    const [d, e] = [0, 1, 2].filter((i) => i !== c);
    return (m[a][d] * m[b][e] - m[a][e] * m[b][d]) * ((r + c) % 2 === 0 ? 1 : -1);
  };
  const determinant = [0, 1, 2].reduce((sum, c) => sum + m[0][c] * minor(0, c), 0);
  return [0, 1, 2].map((r) => [0, 1, 2].map((c) => minor(c, r) / determinant));
}

/** Largest distance in voxels between where the two say that a voxel lies, and largest difference of their values there. */
function compare(volume: Volume, { shape, affineRas }: Reference, values: ArrayLike<number>) {
  const back = inverse(affineRas);
  let [offset, difference] = [0, 0];
  const [slices, rows, columns] = volume.grid.shape;
  for (let at = 0; at < volume.data.length; at++) {
    const index: VoxelIndex = [
      Math.floor(at / (rows * columns)),
      Math.floor(at / columns) % rows,
      at % columns,
    ];
    const [x, y, z] = toWorld(volume.grid, index);
    const ras = [-x, -y, z].map((value, i) => value - affineRas[i][3]);
    const place = back.map((row) => row[0] * ras[0] + row[1] * ras[1] + row[2] * ras[2]);
    const rounded = place.map(Math.round);
    place.forEach((value, i) => {
      offset = Math.max(offset, Math.abs(value - rounded[i]));
    });
    if (!rounded.every((value, i) => value >= 0 && value < shape[i]))
      return { offset: Number.NaN, difference };
    const found = values[rounded[0] + shape[0] * (rounded[1] + shape[1] * rounded[2])];
    difference = Math.max(difference, Math.abs(found - volume.data[at]));
  }
  expect(slices * rows * columns).toBe(shape[0] * shape[1] * shape[2]);
  return { offset, difference };
}

async function expectSame(series: DicomSeries, reference: Reference, tolerance: number): Promise<void> {
  expect(series.phases).toHaveLength(reference.volumes.length);
  for (const [phase, values] of reference.volumes.entries()) {
    const { offset, difference } = compare(await readPhase(series, phase), reference, values);
    expect(offset).toBeLessThan(1e-3);
    expect(difference).toBeLessThanOrEqual(tolerance);
  }
}

describe("series made by pydicom", () => {
  it.each(cases)("$folder: the voxels and the affine of dcm2niix", async ({ folder: name, images }) => {
    const { series } = await readDicomFolder(join(folder, name));
    expect(series).toHaveLength(1);
    // dcm2niix rescales Philips images in single precision.
    await expectSame(series[0], images[0], name.startsWith("philips") ? 0.01 : 0);
  });
});

/** A NIfTI-1 file of int16, little endian, without scaling. */
async function readReference(file: string): Promise<Reference> {
  const bytes = await readFile(file);
  const shape = [0, 1, 2].map((axis) => bytes.readInt16LE(42 + 2 * axis));
  const count = Math.max(1, bytes.readInt16LE(48));
  const size = shape[0] * shape[1] * shape[2];
  const data = bytes.subarray(bytes.readFloatLE(108));
  return {
    shape,
    affineRas: [0, 1, 2].map((row) => [0, 1, 2, 3].map((k) => bytes.readFloatLE(280 + 16 * row + 4 * k))),
    volumes: Array.from({ length: count }, (_, v) =>
      Int16Array.from({ length: size }, (_, i) => data.readInt16LE(2 * (v * size + i))),
    ),
  };
}

describe.skipIf(!hasSharedData("dcm-qa"))("series of scanners", () => {
  it.each([
    ["a GE series", "20180918GE/mr_0004", "DCM2NIIX_regression_test_4.nii"],
    ["a Siemens mosaic", "20180918Si/mr_0003", "EPI_PE=AP_3.nii"],
    ["a Siemens mosaic of the other phase encoding", "20180918Si/mr_0004", "EPI_PE=PA_4.nii"],
  ])("%s: the voxels and the affine of dcm2niix", async (_, input, reference) => {
    const { series } = await readDicomFolder(sharedData(`dcm-qa/In/${input}`));
    expect(series).toHaveLength(1);
    await expectSame(series[0], await readReference(sharedData(`dcm-qa/Ref/${reference}`)), 0);
  });
});
