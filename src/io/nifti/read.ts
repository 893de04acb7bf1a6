/** NIfTI files → volumes. */
import { DataError } from "../../domain/errors.ts";
import { type Triple, voxelCount } from "../../domain/grid.ts";
import { createVolume } from "../../domain/volume.ts";
import { readBytes } from "../files.ts";
import { gunzipUpTo, isGzip } from "../gzip.ts";
import { RAW_TYPES, requireReadableSize, rescaled, valuesOf } from "../raw-values.ts";
import type { VolumeFromFile } from "../volume-file.ts";
import { gridOfHeader } from "./geometry.ts";
import { NIFTI_HEADER_BYTES, type NiftiHeader, parseNiftiHeader } from "./header.ts";

/**
 * Reads a three-dimensional scalar image, NIfTI-1 or NIfTI-2, compressed or not, of either byte order.
 *
 * @returns the volume in LPS. Values keep the type of the file (64-bit integers become float64) unless scl_slope and
 *   scl_inter change them; then they are float32. The issues tell of an unstated unit or of contradictory spacings.
 * @throws {DataError} `file-missing`, `gzip-damaged`, `nifti-header`, `nifti-pair`, `nifti-datatype`,
 *   `nifti-dimensions` (not 3D), `nifti-geometry`, `nifti-units`, `nifti-scaling`, `nifti-truncated`,
 *   `image-too-large`, `grid-invalid`.
 */
export async function readNifti(file: string): Promise<VolumeFromFile> {
  const stored = await readBytes(file);
  const compressed = isGzip(stored);
  const start = compressed ? await gunzipUpTo(stored, NIFTI_HEADER_BYTES, file) : stored;
  const header = parseNiftiHeader(start, file);
  const shape = shapeOf(header, file);
  const { grid, issues } = gridOfHeader(header, shape, file);

  const { slope, intercept } = scaling(header, file);
  const plain = slope === 1 && intercept === 0;
  requireReadableSize(voxelCount(grid), header.type, !plain, file);

  const dataBytes = voxelCount(grid) * RAW_TYPES[header.type].bytes;
  const end = dataOffset(header, file) + dataBytes;
  const bytes = compressed ? await gunzipUpTo(stored, end, file) : stored;
  if (bytes.length < end) {
    throw new DataError("nifti-truncated", {
      file,
      found: `${bytes.length} bytes`,
      expected: `${end} bytes for ${shape.join("x")} voxels of type ${header.type}`,
      remedy: "The file is cut off: copy or export it again.",
    });
  }
  const values = valuesOf(bytes.subarray(end - dataBytes, end), header.type, header.littleEndian, file);
  const data = plain ? values : rescaled(values, slope, intercept);
  return { ...createVolume(grid, data), issues };
}

/** (slice, row, column); further axes may only have size 1. */
function shapeOf({ sizes }: NiftiHeader, file: string): Triple {
  if (sizes.length < 3 || sizes.slice(3).some((size) => size > 1)) {
    throw new DataError("nifti-dimensions", {
      file,
      found: `an image of ${sizes.length} dimensions, ${sizes.join("x")}`,
      expected: "three dimensions, one file per phase or channel",
      remedy: "Split the image along its further axes.",
    });
  }
  return [sizes[2], sizes[1], sizes[0]];
}

function dataOffset({ dataOffset, version }: NiftiHeader, file: string): number {
  const least = version === 1 ? 348 : 540;
  if (Number.isInteger(dataOffset) && dataOffset >= least) return dataOffset;
  throw new DataError("nifti-header", {
    file,
    found: `voxels that begin at byte ${dataOffset}`,
    expected: `a whole offset of at least ${least}`,
    remedy: "Convert the image again.",
  });
}

/** "If the scl_slope field is nonzero, then each voxel value should be scaled" (nifti1.h); NaN is how SPM leaves it out. */
function scaling({ slope, intercept }: NiftiHeader, file: string): { slope: number; intercept: number } {
  if (slope === 0 || Number.isNaN(slope)) return { slope: 1, intercept: 0 };
  if (Number.isFinite(slope) && Number.isFinite(intercept)) return { slope, intercept };
  throw new DataError("nifti-scaling", {
    file,
    found: `scl_slope ${slope} and scl_inter ${intercept}`,
    expected: "finite numbers, or a slope of 0 for none",
    remedy: "Correct the header.",
  });
}
