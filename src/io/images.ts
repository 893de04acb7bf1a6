/** Any image file → a volume or a label map. */
import { DataError } from "../domain/errors.ts";
import { readDicomSlice, readDicomVolume } from "./dicom/folder.ts";
import { isFolder } from "./folders.ts";
import { readNifti } from "./nifti/read.ts";
import { readNrrd } from "./nrrd/read.ts";
import type { VolumeFromFile } from "./volume-file.ts";

interface ImageFormat {
  readonly endings: readonly string[];
  readonly read: (file: string) => Promise<VolumeFromFile>;
}

const FORMATS: readonly ImageFormat[] = [
  { endings: [".nii", ".nii.gz"], read: readNifti },
  { endings: [".nrrd", ".nhdr"], read: readNrrd },
  { endings: [".dcm"], read: readDicomSlice },
];

/** Whether {@link readVolume} reads files of this name. */
export function isImageFile(file: string): boolean {
  return formatOf(file) !== undefined;
}

/**
 * Reads an image by the ending of its name (.nii, .nii.gz, .nrrd, .nhdr or, for one slice, .dcm; in any case), or a folder
 * that holds one DICOM series.
 *
 * @throws {DataError} `image-format` for another ending, and what the reader of the format throws.
 */
export async function readVolume(file: string): Promise<VolumeFromFile> {
  const format = formatOf(file);
  if (format === undefined) {
    if (await isFolder(file)) return readDicomVolume(file);
    throw new DataError("image-format", {
      file,
      found: "an image file of unknown kind",
      expected: `a name that ends in ${FORMATS.flatMap(({ endings }) => endings).join(", ")}`,
      remedy: "Convert it, or for DICOM give the folder that holds the series.",
    });
  }
  return format.read(file);
}

/**
 * Reads a label map: whole values from 0 to 255, whatever type the file stores them in.
 *
 * @throws {DataError} `labels-not-whole` naming the first voxel that is none, and what {@link readVolume} throws.
 */
export async function readLabelMap(file: string): Promise<VolumeFromFile<Uint8Array>> {
  const { grid, data, issues } = await readVolume(file);
  if (data instanceof Uint8Array) return { grid, data, issues };
  const labels = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    labels[i] = data[i];
    if (labels[i] !== data[i]) {
      throw new DataError("labels-not-whole", {
        file,
        found: `the value ${data[i]} at voxel ${i}`,
        expected: "whole labels from 0 to 255",
        remedy: "A mask must not be interpolated or scaled: export it again as labels.",
      });
    }
  }
  return { grid, data: labels, issues };
}

function formatOf(file: string): ImageFormat | undefined {
  const name = file.toLowerCase();
  return FORMATS.find(({ endings }) => endings.some((ending) => name.endsWith(ending)));
}
