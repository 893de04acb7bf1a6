/** Pixel data (PS3.3, C.7.6.3; PS3.5, chapter 8) → values. */
import { resolve } from "node:path";
import { DataError } from "../../domain/errors.ts";
import type { VoxelArray } from "../../domain/volume.ts";
import { readBytes } from "../files.ts";
import { RAW_TYPES, type RawType, rescaled, valuesOf } from "../raw-values.ts";
import { type DataSet, parseDicom } from "./data-set.ts";
import type { SliceInstance } from "./instance.ts";

/**
 * Reads slices, one after the other, with their rescale slopes and intercepts applied slice by slice.
 *
 * @param slices of one size.
 * @returns `slices · rows · columns` values: as stored where no slice is rescaled, else float32.
 * @throws {DataError} `dicom-damaged`, `dicom-pixels` (fewer pixels than announced, or an encoding that is not read),
 *   `file-missing`.
 */
export async function readSlices(slices: readonly SliceInstance[]): Promise<VoxelArray> {
  const planes: VoxelArray[] = [];
  const compressed: number[] = [];
  for (const [i, slice] of slices.entries()) {
    const data = parseDicom(await readBytes(slice.file), slice.file);
    if (data.element("PixelData")?.fragments !== undefined) {
      compressed.push(i);
      continue;
    }
    const { slope, intercept, rows, columns } = slice;
    const stored = storedPixels(data, rows * columns);
    planes[i] = slope === 1 && intercept === 0 ? stored : rescaled(stored, slope, intercept);
  }
  for (const group of uniformGroups(compressed, slices)) {
    const decoded = await decompressed(group.map((i) => slices[i]));
    group.forEach((i, k) => {
      planes[i] = decoded[k];
    });
  }
  return joined(planes);
}

/**
 * Uncompressed pixels of one data set, bits above BitsStored removed (PS3.5, 8.1.1).
 *
 * @param count pixels that there should be; padding after them is left out.
 * @throws {DataError} `dicom-pixels`.
 */
function storedPixels(data: DataSet, count: number): VoxelArray {
  const bitsAllocated = data.number("BitsAllocated") ?? 0;
  const bitsStored = data.number("BitsStored") ?? bitsAllocated;
  const signed = data.number("PixelRepresentation") === 1;
  const type = PIXEL_TYPES[`${bitsAllocated}${signed ? "s" : "u"}`];
  const highBit = data.number("HighBit") ?? bitsStored - 1;
  if (type === undefined || bitsStored > bitsAllocated || highBit !== bitsStored - 1) {
    throw pixelError(
      data.file,
      `pixels of ${bitsStored} bits in ${bitsAllocated}, high bit ${highBit}`,
      "8, 16 or 32 bits, the stored ones lowest",
    );
  }
  const bytes = data.element("PixelData")?.bytes ?? new Uint8Array(0);
  const length = count * RAW_TYPES[type].bytes;
  if (bytes.length < length) {
    throw pixelError(data.file, `${bytes.length} bytes of pixels`, `${length}`);
  }
  const values = valuesOf(bytes.subarray(0, length), type, data.littleEndian, data.file);
  const surplus = 32 - bitsStored;
  if (bitsStored < bitsAllocated) {
    for (let i = 0; i < values.length; i++) {
      values[i] = signed ? (values[i] << surplus) >> surplus : (values[i] << surplus) >>> surplus;
    }
  }
  return values;
}

const PIXEL_TYPES: Readonly<Record<string, RawType>> = {
  "8u": "uint8",
  "8s": "int8",
  "16u": "uint16",
  "16s": "int16",
  "32u": "uint32",
  "32s": "int32",
};

/** Groups that the library may decode in one call: it takes the type of the values from the first file of a call. */
function uniformGroups(indices: readonly number[], slices: readonly SliceInstance[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const i of indices) {
    const key = `${slices[i].slope} ${slices[i].intercept}`;
    groups.set(key, [...(groups.get(key) ?? []), i]);
  }
  return [...groups.values()];
}

/** Planes of compressed files, already rescaled (GDCM through ITK applies the modality transform itself). */
async function decompressed(slices: readonly SliceInstance[]): Promise<VoxelArray[]> {
  const { rows, columns, slope, intercept, file } = slices[0];
  const size = rows * columns;
  let values: VoxelArray;
  try {
    // Loaded where compressed pixels are met, since it takes longer to load than most commands to run.
    const { readImageDicomFileSeriesNode } = await import("@itk-wasm/dicom");
    const { outputImage } = await readImageDicomFileSeriesNode({
      inputImages: slices.map((slice) => resolve(slice.file)),
      singleSortedSeries: true,
    });
    values = outputImage.data as VoxelArray;
  } catch (error) {
    // The library throws bare numbers; a single bad file hides behind the others, so look for it.
    if (slices.length > 1) {
      const planes: VoxelArray[] = [];
      for (const slice of slices) planes.push(...(await decompressed([slice])));
      return planes;
    }
    throw pixelError(
      file,
      `compressed pixels that cannot be decoded (${String(error)})`,
      "a common compression",
      error,
    );
  }
  if (values.length !== size * slices.length) {
    throw pixelError(file, `${values.length} decoded pixels`, `${size * slices.length}`);
  }
  const plain = slope === 1 && intercept === 0;
  return slices.map((_, k) => {
    const plane = values.slice(k * size, (k + 1) * size);
    return plain ? plane : Float32Array.from(plane);
  });
}

/** One array of all planes: of their type where they share one, else float32. */
function joined(planes: readonly VoxelArray[]): VoxelArray {
  const total = planes.reduce((sum, plane) => sum + plane.length, 0);
  const shared = planes.every((plane) => plane.constructor === planes[0].constructor);
  const result = shared
    ? new (planes[0].constructor as new (length: number) => VoxelArray)(total)
    : new Float32Array(total);
  let at = 0;
  for (const plane of planes) {
    result.set(plane, at);
    at += plane.length;
  }
  return result;
}

function pixelError(file: string, found: string, expected: string, cause?: unknown): DataError {
  return new DataError(
    "dicom-pixels",
    { file, found, expected, remedy: "Export the file again, uncompressed if possible." },
    { cause },
  );
}
