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
  readonly Array: {
    new (values: ArrayLike<number>): VoxelArray;
    new (buffer: ArrayBuffer, byteOffset?: number, length?: number): VoxelArray;
  };
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
 * More than any breast MR has. A crafted header must not make Residua ask for more memory than a machine has; 2 GiB are enough for what
 * is allowed.
 */
const LARGEST_IMAGE_BYTES = 2 ** 30;

/**
 * @param count voxels that a header announces.
 * @param rescaled whether float32 values will be made of them.
 * @throws {DataError} `image-too-large` where the voxels, as stored and as converted, need more than 1 GiB.
 */
export function requireReadableSize(count: number, type: RawType, rescaled: boolean, file: string): void {
  const converted = type === "int64" || type === "uint64" ? 8 : rescaled ? 4 : 0;
  const bytes = count * (RAW_TYPES[type].bytes + converted);
  if (bytes <= LARGEST_IMAGE_BYTES) return;
  throw new DataError("image-too-large", {
    file,
    found: `${count} voxels that need ${Math.ceil(bytes / 2 ** 20)} MiB`,
    expected: `at most ${LARGEST_IMAGE_BYTES / 2 ** 20} MiB per image`,
    remedy: "Crop the image, or store it as 16-bit integers.",
  });
}

/**
 * The values in a file's bytes. The bytes are given away: where they lie as the type needs, the array is a view of them.
 *
 * @param given exactly the values of the type.
 * @throws {DataError} `values-too-large` where a 64-bit integer is beyond ±2⁵³ and so not exact as a number.
 */
export function valuesOf(given: Uint8Array, type: RawType, littleEndian: boolean, file: string): VoxelArray {
  const rule = RAW_TYPES[type];
  const isAligned = given.byteOffset % rule.bytes === 0 && given.buffer instanceof ArrayBuffer;
  const bytes = isAligned ? given : new Uint8Array(given);
  if (littleEndian !== HOST_IS_LITTLE_ENDIAN) {
    SWAPS[rule.bytes](Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }
  const place = [bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength / rule.bytes] as const;
  if (type === "int64") return wholeNumbers(new BigInt64Array(...place), file);
  if (type === "uint64") return wholeNumbers(new BigUint64Array(...place), file);
  return new rule.Array(...place);
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
