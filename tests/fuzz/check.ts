/** Reads a changed file: it must be refused by a typed error, or read as an independent reader of its header reads it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import dcmjs from "dcmjs";
import { DataError } from "../../src/domain/errors.ts";
import { type Grid, toWorld } from "../../src/domain/grid.ts";
import { readDicomFolder, readDicomSlice } from "../../src/io/dicom/folder.ts";
import { readVolume } from "../../src/io/images.ts";
import type { VolumeFromFile } from "../../src/io/volume-file.ts";
import type { Format, FuzzCase } from "./mutations.ts";

dcmjs.log.setLevel("silent");

/** The code of the error that refused the file, or `read`. */
export type Verdict = string;

const NAMES: Readonly<Record<Format, string>> = { dicom: "a.dcm", nifti: "a.nii", nrrd: "a.nrrd" };

/**
 * @param folder to write the file into.
 * @throws {Error} where the file was read wrongly or something else than a {@link DataError} was thrown.
 */
export async function checkCase({ format, name, bytes }: FuzzCase, folder: string): Promise<Verdict> {
  const file = join(folder, NAMES[format]);
  writeFileSync(file, bytes);
  let volume: VolumeFromFile;
  try {
    volume = await (format === "dicom" ? readDicomSlice(file) : readVolume(file));
  } catch (error) {
    if (!(error instanceof DataError)) throw new Error(`${name}: ${String(error)}`, { cause: error });
    if (format === "dicom") await requireFolderGoesOn(folder, name);
    return error.code;
  }
  const { grid, data } = volume;
  const wrong = (what: string) => new Error(`${name}: read with ${what}`);
  if (data.length !== grid.shape[0] * grid.shape[1] * grid.shape[2]) throw wrong("another number of voxels");
  const reference = ORACLES[format](bytes);
  if (reference === undefined) return "read";
  if (reference.shape.join() !== [...grid.shape].reverse().join())
    throw wrong(`size ${grid.shape.join("x")}, not ${reference.shape.join("x")} (columns first)`);
  for (const [at, place] of reference.points) {
    const found = toWorld(grid, at);
    const off = Math.hypot(...found.map((value, i) => value - place[i]));
    const scale = Math.max(...grid.spacingMm) * Math.max(...grid.shape);
    // The domain makes axes orthogonal that are so within a cosine of 1e-3.
    if (!(off <= 2e-3 * scale + 1e-4 * Math.hypot(...place)))
      throw wrong(`voxel ${at.join(", ")} at ${found.join(", ")}, not ${place.join(", ")}`);
  }
  return "read";
}

/** A bad file in a folder is an issue, never an error of another kind. */
async function requireFolderGoesOn(folder: string, name: string): Promise<void> {
  await readDicomFolder(folder).catch((error) => {
    if (!(error instanceof DataError)) throw new Error(`${name}: ${String(error)}`, { cause: error });
  });
}

/** What an independent reading of a header says. */
interface Geometry {
  /** Columns, rows, slices. */
  readonly shape: readonly number[];
  /** LPS places of some voxels (slice, row, column). */
  readonly points: readonly (readonly [Parameters<typeof toWorld>[1], readonly number[]])[];
}

const CORNERS = [
  [0, 0, 0],
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
] as const satisfies readonly Grid["shape"][];

const ORACLES: Readonly<Record<Format, (bytes: Uint8Array) => Geometry | undefined>> = {
  dicom: dicomGeometry,
  nifti: niftiGeometry,
  nrrd: nrrdGeometry,
};

/** By dcmjs, which reads more than is there; where it fails there is nothing to compare. Single frames only. */
function dicomGeometry(bytes: Uint8Array): Geometry | undefined {
  try {
    const { dict } = dcmjs.data.DicomMessage.readFile(new Uint8Array(bytes).buffer);
    const values = (tag: string): number[] => (dict[tag]?.Value ?? []).map(Number);
    const [rows, columns] = [values("00280010")[0], values("00280011")[0]];
    const [position, cosines, spacing] = [values("00200032"), values("00200037"), values("00280030")];
    if (dict["00280008"] !== undefined || position.length !== 3 || cosines.length !== 6) return undefined;
    if (dict["00080008"]?.Value?.includes("MOSAIC")) {
      // Which tile comes first along the normal is tested against dcm2niix; here only that there are as many.
      const [slices, perSide] = mosaicSize(bytes);
      return { shape: [columns / perSide, rows / perSide, slices], points: [] };
    }
    const place = ([, row, column]: readonly number[]) =>
      position.map(
        (value, i) => value + column * spacing[1] * cosines[i] + row * spacing[0] * cosines[3 + i],
      );
    return {
      shape: [columns, rows, 1],
      points: CORNERS.filter(([slice]) => slice === 0).map((at) => [at, place(at)]),
    };
  } catch {
    return undefined;
  }
}

/** Slices of a mosaic and tiles per side, by the one item of the CSA tag, 100 bytes behind its name. */
function mosaicSize(bytes: Uint8Array): [number, number] {
  const text = Buffer.from(bytes).toString("latin1");
  const at = text.indexOf("NumberOfImagesInMosaic");
  const slices = Number.parseInt(text.slice(at + 100, at + 116), 10);
  return [slices, Math.ceil(Math.sqrt(slices))];
}

/** The sform of NIfTI-1 in mm, little endian; other headers are not compared. */
function niftiGeometry(stored: Uint8Array): Geometry | undefined {
  let bytes = Buffer.from(stored);
  if (bytes[0] === 0x1f) {
    try {
      bytes = gunzipSync(bytes, { maxOutputLength: 1 << 22 });
    } catch {
      return undefined;
    }
  }
  if (bytes.length < 352 || bytes.readInt32LE(0) !== 348 || bytes.readInt16LE(254) <= 0) return undefined;
  if ((bytes[123] & 7) !== 2 && (bytes[123] & 7) !== 0) return undefined;
  const affine = [0, 1, 2].map((row) => [0, 1, 2, 3].map((k) => bytes.readFloatLE(280 + 16 * row + 4 * k)));
  return {
    shape: [1, 2, 3].map((axis) => bytes.readInt16LE(40 + 2 * axis)),
    points: CORNERS.map((at) => {
      const [x, y, z] = affine.map((row) => row[3] + at[2] * row[0] + at[1] * row[1] + at[0] * row[2]);
      return [at, [-x, -y, z]];
    }),
  };
}

function nrrdGeometry(bytes: Uint8Array): Geometry | undefined {
  const header = Buffer.from(bytes.subarray(0, 4096))
    .toString("latin1")
    .split(/\r?\n\r?\n/)[0];
  const field = (name: string) => new RegExp(`^${name}: *(.*)$`, "im").exec(header)?.[1] ?? "";
  const space = field("space").trim().toLowerCase();
  if (space !== "lps" && space !== "left-posterior-superior") return undefined;
  const vectors = [...`${field("space directions")} ${field("space origin")}`.matchAll(/\(([^)]*)\)/g)].map(
    (match) => match[1].split(",").map(Number),
  );
  if (vectors.length !== 4) return undefined;
  const [columns, rows, slices, origin] = vectors;
  return {
    shape: field("sizes").trim().split(/\s+/).map(Number),
    points: CORNERS.map((at) => [
      at,
      origin.map((value, i) => value + at[0] * slices[i] + at[1] * rows[i] + at[2] * columns[i]),
    ]),
  };
}
