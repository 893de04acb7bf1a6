/** Voxel values as they lie in files: typed arrays from bytes of either byte order. */
import { DataError } from "../domain/errors.ts";
import type { VoxelArray } from "../domain/volume.ts";

/** Scalar types that image files use. */
export type RawType =
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "float32"
  | "float64";

interface RawTypeRule {
  readonly bytes: 1 | 2 | 4 | 8;
  /** The array that holds such values in memory; 64-bit integers are held as float64. */
  readonly Array: new (
    values: ArrayLike<number> | ArrayBuffer,
  ) => VoxelArray;
}

export const RAW_TYPES: Readonly<Record<RawType, RawTypeRule>> = {
  int8: { bytes: 1, Array: Int8Array },
  uint8: { bytes: 1, Array: Uint8Array },
  int16: { bytes: 2, Array: Int16Array },
  uint16: { bytes: 2, Array: Uint16Array },
  int32: { bytes: 4, Array: Int32Array },
  uint32: { bytes: 4, Array: Uint32Array },
  int64: { bytes: 8, Array: Float64Array },
  uint64: { bytes: 8, Array: Float64Array },
  float32: { bytes: 4, Array: Float32Array },
  float64: { bytes: 8, Array: Float64Array },
};

export const HOST_IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Copies `count` values out of a file's bytes, which may lie at any offset.
 *
 * @param bytes exactly `count` values of the type.
 * @throws {DataError} `values-too-large` where a 64-bit integer is beyond ±2⁵³ and so not exact as a number.
 */
export function valuesOf(bytes: Uint8Array, type: RawType, littleEndian: boolean, file: string): VoxelArray {
  const rule = RAW_TYPES[type];
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  if (littleEndian !== HOST_IS_LITTLE_ENDIAN) SWAPS[rule.bytes](Buffer.from(copy.buffer));
  if (type === "int64") return wholeNumbers(new BigInt64Array(copy.buffer), file);
  if (type === "uint64") return wholeNumbers(new BigUint64Array(copy.buffer), file);
  return new rule.Array(copy.buffer);
}

const SWAPS: Readonly<Record<1 | 2 | 4 | 8, (buffer: Buffer) => void>> = {
  1: () => {},
  2: (buffer) => buffer.swap16(),
  4: (buffer) => buffer.swap32(),
  8: (buffer) => buffer.swap64(),
};

/** 64-bit integers, which label maps made by numpy often are, as numbers. */
function wholeNumbers(values: BigInt64Array | BigUint64Array, file: string): Float64Array {
  const result = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    result[i] = Number(values[i]);
    if (!Number.isSafeInteger(result[i])) {
      throw new DataError("values-too-large", {
        file,
        found: `the 64-bit value ${values[i]} at voxel ${i}`,
        expected: "whole numbers within ±2^53",
        remedy: "Store the image as float64 or as 32-bit integers.",
      });
    }
  }
  return result;
}

/** `slope · value + intercept` per voxel in double precision, stored as float32. */
export function rescaled(values: VoxelArray, slope: number, intercept: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) result[i] = slope * values[i] + intercept;
  return result;
}
