/** Siemens mosaics: all slices of a volume as tiles of one image, their geometry in a private header. */
import { DataError } from "../../domain/errors.ts";
import type { Triple } from "../../domain/grid.ts";
import { cross, dot } from "../affine.ts";
import { readCsaHeader } from "./csa.ts";
import type { DataSet } from "./data-set.ts";

const CSA_CREATOR = "SIEMENS CSA HEADER";
const IMAGE_HEADER = 0x10;
/** Largest deviation of the private normal's cosine with that of the orientation from ±1. */
const SAME_NORMAL = 1e-3;

/** What is known of the whole image, and changes from tile to tile. */
interface Placed {
  readonly file: string;
  readonly rows: number;
  readonly columns: number;
  readonly orientation: readonly [Triple, Triple];
  readonly position: Triple;
  readonly pixelSpacing: readonly [number, number];
  readonly corner: readonly [number, number];
}

export function isMosaic(imageType: readonly string[]): boolean {
  return imageType.includes("MOSAIC");
}

/**
 * The tiles of a mosaic as slices. Tiles stand in rows from the upper left, in a square as small as holds them; the
 * position of the image is where the first slice would begin if it were as large as the mosaic. NumberOfImagesInMosaic and
 * SliceNormalVector, along which slices follow each other, are in the CSA image header (0029,xx10).
 *
 * @throws {DataError} `dicom-mosaic` where these or the distance of slices are missing or contradict the image.
 */
export function mosaicSlices<T extends Placed>(image: T, data: DataSet): T[] {
  const header = data.privateElement(0x0029, CSA_CREATOR, IMAGE_HEADER);
  const csa = header === undefined ? undefined : readCsaHeader(header.bytes);
  const count = Number(csa?.get("NumberOfImagesInMosaic")?.[0]);
  const normal = csa?.get("SliceNormalVector")?.map(Number) ?? [];
  if (!(Number.isInteger(count) && count > 0) || normal.length !== 3 || !normal.every(Number.isFinite)) {
    throw mosaicError(image.file, "a Siemens mosaic without a CSA header that tells its slices");
  }
  const spacing = data.number("SpacingBetweenSlices");
  if (spacing === undefined || spacing <= 0) {
    throw mosaicError(image.file, "a Siemens mosaic without SpacingBetweenSlices");
  }
  const perSide = Math.ceil(Math.sqrt(count));
  const [rows, columns] = [image.rows / perSide, image.columns / perSide];
  if (!Number.isInteger(rows) || !Number.isInteger(columns)) {
    throw mosaicError(image.file, `${count} tiles in ${image.rows}x${image.columns} pixels`);
  }
  const across = cross(image.orientation[0], image.orientation[1]);
  const cosine = dot(across, [normal[0], normal[1], normal[2]]);
  if (!(Math.abs(Math.abs(cosine) - 1) < SAME_NORMAL)) {
    throw mosaicError(image.file, `a slice normal of cosine ${cosine.toFixed(4)} with that of the image`);
  }
  const stepMm = spacing * Math.sign(cosine);
  const inset = [
    ((image.rows - rows) / 2) * image.pixelSpacing[0],
    ((image.columns - columns) / 2) * image.pixelSpacing[1],
  ];
  return Array.from({ length: count }, (_, i) => ({
    ...image,
    rows,
    columns,
    corner: [Math.floor(i / perSide) * rows, (i % perSide) * columns],
    position: image.position.map(
      (value, axis) =>
        value +
        inset[0] * image.orientation[1][axis] +
        inset[1] * image.orientation[0][axis] +
        i * stepMm * across[axis],
    ) as unknown as Triple,
  }));
}

function mosaicError(file: string, found: string): DataError {
  return new DataError("dicom-mosaic", {
    file,
    found,
    expected: "NumberOfImagesInMosaic and SliceNormalVector in (0029,1010), and SpacingBetweenSlices",
    remedy: "Export it with its private attributes, or convert it to NIfTI on the scanner's side.",
  });
}
