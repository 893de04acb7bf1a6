/** Volumes → NIfTI-1 files. */
import { DataError, UsageError } from "../../domain/errors.ts";
import type { Volume, VoxelArray } from "../../domain/volume.ts";
import { writeAtomically } from "../files.ts";
import { gzipped } from "../gzip.ts";
import type { RawType } from "../raw-values.ts";
import { orientationOfGrid } from "./geometry.ts";
import { NIFTI_TYPES, NIFTI1 } from "./header.ts";

/** Header, then the four bytes that say "no extension". */
const DATA_OFFSET = 352;
const LARGEST_SIZE = 32767;
/** NIFTI_UNITS_MM and NIFTI_UNITS_SEC. */
const UNITS = 2 | 8;
/** NIFTI_XFORM_SCANNER_ANAT. */
const SCANNER = 1;

/**
 * Writes a volume as NIfTI-1 in its own data type, with sform and qform in RAS. The same volume gives the same bytes.
 *
 * @param file ends in `.nii`, or in `.nii.gz` for a compressed file.
 * @throws {UsageError} `nifti-name` for another ending.
 * @throws {DataError} `nifti-size` where an axis has more than 32767 voxels.
 */
export async function writeNifti(file: string, volume: Volume): Promise<void> {
  if (!/\.nii(\.gz)?$/.test(file)) {
    throw new UsageError("nifti-name", {
      file,
      found: "a file name of another kind",
      expected: "one that ends in .nii or .nii.gz",
    });
  }
  const parts = [headerOf(volume, file), bytesOf(volume.data)];
  return writeAtomically(file, file.endsWith(".gz") ? await gzipped(parts) : parts);
}

function headerOf({ grid, data }: Volume, file: string): Uint8Array {
  const [slices, rows, columns] = grid.shape;
  if (Math.max(slices, rows, columns) > LARGEST_SIZE) {
    throw new DataError("nifti-size", {
      file,
      found: `an image of ${grid.shape.join("x")}`,
      expected: `at most ${LARGEST_SIZE} voxels along each axis, the limit of NIfTI-1`,
    });
  }
  const type = typeOfArray(data);
  const bytes = new Uint8Array(DATA_OFFSET);
  const view = new DataView(bytes.buffer);
  const shorts = (at: number, values: readonly number[]) =>
    values.forEach((value, i) => {
      view.setInt16(at + 2 * i, value, true);
    });
  const floats = (at: number, values: readonly number[]) =>
    values.forEach((value, i) => {
      view.setFloat32(at + 4 * i, value, true);
    });
  const orientation = orientationOfGrid(grid);
  view.setInt32(0, NIFTI1.sizeOfHeader, true);
  shorts(NIFTI1.dim, [3, columns, rows, slices, 1, 1, 1, 1]);
  shorts(NIFTI1.datatype, [NIFTI_TYPES[type], data.BYTES_PER_ELEMENT * 8]);
  floats(NIFTI1.pixdim, [orientation.qfac, ...[...grid.spacingMm].reverse(), 0, 0, 0, 0]);
  floats(NIFTI1.dataOffset, [DATA_OFFSET]);
  floats(NIFTI1.slope, [1, 0]);
  view.setUint8(NIFTI1.units, UNITS);
  shorts(NIFTI1.codes, [SCANNER, SCANNER]);
  floats(NIFTI1.quaternion, [...orientation.quaternion, ...orientation.offset]);
  floats(
    NIFTI1.srow,
    orientation.srow.flatMap((row, i) => [...row, orientation.offset[i]]),
  );
  bytes.set([0x6e, 0x2b, 0x31, 0], NIFTI1.magicAt); // "n+1"
  return bytes;
}

function bytesOf({ buffer, byteOffset, byteLength }: VoxelArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

const ARRAY_TYPES: Readonly<Record<string, RawType>> = {
  Int8Array: "int8",
  Uint8Array: "uint8",
  Int16Array: "int16",
  Uint16Array: "uint16",
  Int32Array: "int32",
  Uint32Array: "uint32",
  Float32Array: "float32",
  Float64Array: "float64",
};

function typeOfArray(data: VoxelArray): RawType {
  return ARRAY_TYPES[data[Symbol.toStringTag]];
}
