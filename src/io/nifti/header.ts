/** NIfTI-1 and NIfTI-2 headers (nifti1.h, https://nifti.nimh.nih.gov/nifti-1; nifti2.h). */
import { DataError } from "../../domain/errors.ts";
import type { RawType } from "../raw-values.ts";

export interface NiftiHeader {
  readonly version: 1 | 2;
  readonly littleEndian: boolean;
  /** Sizes in the order of the file (column, row, slice, time, …), dim[0] of them. */
  readonly sizes: readonly number[];
  readonly type: RawType;
  /** pixdim[1..3]: column, row, slice, in file units. */
  readonly pixdim: readonly [number, number, number];
  readonly qfac: 1 | -1;
  /** Byte at which the voxels begin. */
  readonly dataOffset: number;
  readonly slope: number;
  readonly intercept: number;
  /** Bits 0–2 of xyzt_units. */
  readonly spaceUnit: number;
  readonly qformCode: number;
  readonly sformCode: number;
  /** quatern_b, c, d. */
  readonly quaternion: readonly [number, number, number];
  /** qoffset_x, y, z, in file units, RAS. */
  readonly offset: readonly [number, number, number];
  /** srow_x, y, z. */
  readonly srow: readonly (readonly number[])[];
}

/** Longest header, NIfTI-2, with the extension flag. */
export const NIFTI_HEADER_BYTES = 544;

/** Where each version keeps its fields, and how it writes them. */
interface Layout {
  readonly version: 1 | 2;
  readonly sizeOfHeader: number;
  readonly magicAt: number;
  readonly dim: number;
  readonly datatype: number;
  readonly pixdim: number;
  readonly dataOffset: number;
  readonly slope: number;
  readonly units: number;
  readonly codes: number;
  readonly quaternion: number;
  readonly srow: number;
}

export const NIFTI1: Layout = {
  version: 1,
  sizeOfHeader: 348,
  magicAt: 344,
  dim: 40,
  datatype: 70,
  pixdim: 76,
  dataOffset: 108,
  slope: 112,
  units: 123,
  codes: 252,
  quaternion: 256,
  srow: 280,
};

const NIFTI2: Layout = {
  version: 2,
  sizeOfHeader: 540,
  magicAt: 4,
  dim: 16,
  datatype: 12,
  pixdim: 104,
  dataOffset: 168,
  slope: 176,
  units: 500,
  codes: 344,
  quaternion: 352,
  srow: 400,
};

/** Scalar datatype codes (nifti1.h, NIFTI_TYPE_*). Complex, RGB and 128-bit types hold no scalar image. */
export const NIFTI_TYPES: Readonly<Record<RawType, number>> = {
  uint8: 2,
  int16: 4,
  int32: 8,
  float32: 16,
  float64: 64,
  int8: 256,
  uint16: 512,
  uint32: 768,
  int64: 1024,
  uint64: 1280,
};

/**
 * @param bytes the beginning of an uncompressed file.
 * @throws {DataError} `nifti-header` where the bytes are not a NIfTI header, `nifti-pair` for a .hdr/.img pair,
 *   `nifti-datatype` where voxels are not scalars.
 */
export function parseNiftiHeader(bytes: Uint8Array, file: string): NiftiHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [layout, littleEndian] = layoutOf(view, file);
  const magic = String.fromCharCode(...bytes.subarray(layout.magicAt, layout.magicAt + 3));
  if (magic === `ni${layout.version}`) {
    throw new DataError("nifti-pair", {
      file,
      found: "the header of a NIfTI .hdr/.img pair",
      expected: "a single .nii or .nii.gz file",
      remedy: "Convert the pair into one .nii file.",
    });
  }
  if (magic !== `n+${layout.version}`)
    throw notNifti(file, `a header without its magic string n+${layout.version}`);

  const whole = (at: number, index: number): number =>
    layout.version === 1
      ? view.getInt16(at + 2 * index, littleEndian)
      : Number(view.getBigInt64(at + 8 * index, littleEndian));
  const real = (at: number, index: number): number =>
    layout.version === 1
      ? view.getFloat32(at + 4 * index, littleEndian)
      : view.getFloat64(at + 8 * index, littleEndian);
  const code = (index: number): number =>
    layout.version === 1
      ? view.getInt16(layout.codes + 2 * index, littleEndian)
      : view.getInt32(layout.codes + 4 * index, littleEndian);
  const reals = (at: number, first: number): [number, number, number] => [
    real(at, first),
    real(at, first + 1),
    real(at, first + 2),
  ];
  const dimensions = whole(layout.dim, 0);
  if (!(dimensions >= 1 && dimensions <= 7)) throw notNifti(file, `${dimensions} dimensions`);
  return {
    version: layout.version,
    littleEndian,
    sizes: Array.from({ length: dimensions }, (_, i) => whole(layout.dim, i + 1)),
    type: typeOf(view.getInt16(layout.datatype, littleEndian), file),
    pixdim: reals(layout.pixdim, 1),
    // "If pixdim[0] is not −1, it is taken as 1" (nifti1.h, METHOD 2).
    qfac: real(layout.pixdim, 0) < 0 ? -1 : 1,
    dataOffset: layout.version === 1 ? real(layout.dataOffset, 0) : whole(layout.dataOffset, 0),
    slope: real(layout.slope, 0),
    intercept: real(layout.slope, 1),
    spaceUnit:
      (layout.version === 1 ? view.getUint8(layout.units) : view.getInt32(layout.units, littleEndian)) & 7,
    qformCode: code(0),
    sformCode: code(1),
    quaternion: reals(layout.quaternion, 0),
    offset: reals(layout.quaternion, 3),
    srow: [0, 1, 2].map((row) => [0, 1, 2, 3].map((column) => real(layout.srow, row * 4 + column))),
  };
}

/** Version and byte order, told by sizeof_hdr (nifti1.h, BYTE ORDERING). */
function layoutOf(view: DataView, file: string): [Layout, boolean] {
  for (const layout of [NIFTI1, NIFTI2]) {
    if (view.byteLength < layout.sizeOfHeader) continue;
    for (const littleEndian of [true, false]) {
      if (view.getInt32(0, littleEndian) === layout.sizeOfHeader) return [layout, littleEndian];
    }
  }
  throw notNifti(
    file,
    view.byteLength < NIFTI1.sizeOfHeader ? `only ${view.byteLength} bytes` : "no NIfTI header",
  );
}

function typeOf(datatype: number, file: string): RawType {
  for (const [type, code] of Object.entries(NIFTI_TYPES)) if (code === datatype) return type as RawType;
  throw new DataError("nifti-datatype", {
    file,
    found: `voxels of NIfTI data type ${datatype}`,
    expected: "real scalar voxels (8- to 64-bit integers or floats)",
    remedy: "Convert the image into a scalar one; colour and complex images cannot be used.",
  });
}

function notNifti(file: string, found: string): DataError {
  return new DataError("nifti-header", {
    file,
    found,
    expected: "a NIfTI-1 or NIfTI-2 image",
    remedy: "Copy or convert the file again; it may be cut off or of another kind.",
  });
}
