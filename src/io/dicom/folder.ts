/** A folder of DICOM files → image series. */
import { basename, dirname } from "node:path";
import { DataError } from "../../domain/errors.ts";
import type { Grid } from "../../domain/grid.ts";
import type { Issue } from "../../domain/issues.ts";
import { createVolume, type Volume } from "../../domain/volume.ts";
import { issueOfError } from "../error-issues.ts";
import { filesBelow } from "../folders.ts";
import type { VolumeFromFile } from "../volume-file.ts";
import { withoutCopies } from "./copies.ts";
import type { Inspector } from "./file-attributes.ts";
import { readDicomHead } from "./head-file.ts";
import { type DicomSource, describeFile, type SliceInstance } from "./instance.ts";
import { splitPhases } from "./phases.ts";
import { readSlices } from "./pixels.ts";
import { scanFiles } from "./scan.ts";
import { type Shear, straightened } from "./shear.ts";
import { splitByGeometry, stackSlices } from "./stack.ts";

/** Slices of one series and geometry. Pixels are read on demand by {@link readPhase}. */
export interface DicomSeries {
  readonly source: DicomSource;
  readonly grid: Grid;
  /** Per phase in the order of time, one instance per slice of the grid. */
  readonly phases: readonly (readonly SliceInstance[])[];
  /** Seconds after the first phase; undefined where no attribute tells. */
  readonly timesSeconds: readonly number[] | undefined;
  /** Where slices must be moved into the grid. */
  readonly shear: Shear | undefined;
  readonly issues: readonly Issue[];
}

export interface DicomFolder {
  /** Below which the files lie. */
  readonly dir: string;
  readonly series: readonly DicomSeries[];
  /** Slices of the series that cannot be used; an issue says why. */
  readonly refused: readonly (readonly SliceInstance[])[];
  /** Files of segmentation objects. */
  readonly segmentations: readonly string[];
  readonly issues: readonly Issue[];
}

/**
 * Reads the headers of all DICOM files below a folder, whatever their names, and sorts them into series and phases. A file
 * or a series that cannot be used gives an issue of severity `error`; the others go on.
 *
 * @param source a folder, or the DICOMDIR in it.
 * @returns the series in the order of their numbers; issues name files relative to the folder.
 * @throws {DataError} `file-missing` where the folder does not exist, `dicom-none` where it holds no DICOM file.
 */
export async function readDicomFolder(source: string): Promise<DicomFolder> {
  const dir = dicomFolderOf(source);
  return readDicomFiles(dir, await filesBelow(dir));
}

/**
 * As {@link readDicomFolder}, of some of the files below a folder.
 *
 * @param inspect as for {@link scanFiles}.
 * @throws {DataError} `dicom-none`.
 */
export async function readDicomFiles(
  dir: string,
  files: readonly string[],
  inspect?: Inspector,
): Promise<DicomFolder> {
  const { slices, segmentations, issues } = await scanFiles(dir, files, inspect);
  const series: DicomSeries[] = [];
  const refused: SliceInstance[][] = [];
  for (const members of groupBySeries(slices).values()) {
    for (const part of splitByGeometry(members)) {
      try {
        series.push(await seriesOf(part, dir));
      } catch (error) {
        refused.push(part);
        issues.push(issueOfError(error, dir, `series ${describeSource(part[0].source)}`));
      }
    }
  }
  series.sort((a, b) => (a.source.seriesNumber ?? 0) - (b.source.seriesNumber ?? 0));
  return { dir, series, refused, segmentations, issues };
}

/** The folder that is meant: of a DICOMDIR, the one in which it lies. */
export function dicomFolderOf(source: string): string {
  return basename(source).toUpperCase() === "DICOMDIR" ? dirname(source) : source;
}

/**
 * The voxels of one phase of a series, rescaled.
 *
 * @throws {DataError} what the reading of its files throws: `file-missing`, `dicom-damaged`, `dicom-pixels`.
 */
export async function readPhase({ grid, phases, shear }: DicomSeries, phase: number): Promise<Volume> {
  const values = await readSlices(phases[phase]);
  return createVolume(grid, shear === undefined ? values : straightened(values, shear));
}

/** Reads one file that holds one volume: a slice, an enhanced image or a mosaic. Throws as {@link readDicomFolder} would report. */
export async function readDicomSlice(file: string): Promise<VolumeFromFile> {
  const head = readDicomHead(file);
  if (head === undefined) throw notImage(file, "a file that is not DICOM");
  const described = describeFile(head);
  if (described.kind === "segmentation") throw notImage(file, "a segmentation");
  if (described.kind === "other") throw notImage(file, described.why);
  const parts = splitByGeometry(described.slices);
  const series = await seriesOf(parts[0], dirname(file));
  if (parts.length > 1 || series.phases.length > 1) {
    throw several(file, parts.length > 1 ? `${parts.length} stacks` : `${series.phases.length} phases`);
  }
  const { grid, data } = await readPhase(series, 0);
  return { grid, data, issues: series.issues };
}

/**
 * Reads a folder that holds one series of one phase.
 *
 * @throws {DataError} `dicom-several` naming the series where there is not exactly one image.
 */
export async function readDicomVolume(dir: string): Promise<VolumeFromFile> {
  const { series, issues } = await readDicomFolder(dir);
  if (series.length !== 1 || series[0].phases.length !== 1) {
    const found = series.map(
      ({ source, phases }) => `${describeSource(source)} with ${phases.length} phase(s)`,
    );
    throw several(
      dir,
      found.length === 0 ? (issues[0]?.message ?? "no series that can be used") : found.join(", "),
    );
  }
  const { grid, data } = await readPhase(series[0], 0);
  return { grid, data, issues: [...issues, ...series[0].issues] };
}

/** What a person calls a series. */
export function describeSource({ seriesNumber, seriesDescription }: DicomSource): string {
  return `${seriesNumber ?? "without number"}${seriesDescription === "" ? "" : ` "${seriesDescription}"`}`;
}

function groupBySeries(slices: readonly SliceInstance[]): Map<string, SliceInstance[]> {
  const groups = new Map<string, SliceInstance[]>();
  for (const slice of slices) {
    const uid = slice.source.seriesInstanceUid;
    const group = groups.get(uid);
    if (group === undefined) groups.set(uid, [slice]);
    else group.push(slice);
  }
  return groups;
}

async function seriesOf(slices: readonly SliceInstance[], dir: string): Promise<DicomSeries> {
  const stack = stackSlices(slices);
  const { positions, issues } = await withoutCopies(stack.positions, dir);
  const split = splitPhases(positions);
  return {
    source: slices[0].source,
    grid: stack.grid,
    ...split,
    shear: stack.shear,
    issues: [...stack.issues, ...issues, ...split.issues],
  };
}

function notImage(file: string, found: string): DataError {
  return new DataError("dicom-not-image", {
    file,
    found,
    expected: "a DICOM image with a place in the patient",
  });
}

function several(file: string, found: string): DataError {
  return new DataError("dicom-several", {
    file,
    found,
    expected: "one series of one phase",
    remedy: "Give the folder of that series.",
  });
}
