/** A folder of DICOM files → image series. */
import { relative } from "node:path";
import { DataError } from "../../domain/errors.ts";
import type { Grid } from "../../domain/grid.ts";
import type { Issue } from "../../domain/issues.ts";
import { createVolume, type Volume } from "../../domain/volume.ts";
import { issueOfError } from "../error-issues.ts";
import { readBytes } from "../files.ts";
import { filesBelow } from "../folders.ts";
import type { VolumeFromFile } from "../volume-file.ts";
import { isDicom, parseDicom } from "./data-set.ts";
import { type DicomSource, describeFile, type SliceInstance } from "./instance.ts";
import { splitPhases } from "./phases.ts";
import { readSlices } from "./pixels.ts";
import { splitByGeometry, stackSlices } from "./stack.ts";

/** Slices of one series and geometry. Pixels are read on demand by {@link readPhase}. */
export interface DicomSeries {
  readonly source: DicomSource;
  readonly grid: Grid;
  /** Per phase in the order of time, one instance per slice of the grid. */
  readonly phases: readonly (readonly SliceInstance[])[];
  /** Seconds after the first phase; undefined where no attribute tells. */
  readonly timesSeconds: readonly number[] | undefined;
  readonly issues: readonly Issue[];
}

export interface DicomFolder {
  readonly series: readonly DicomSeries[];
  readonly issues: readonly Issue[];
}

/**
 * Reads the headers of all DICOM files below a folder, whatever their names, and sorts them into series and phases. A file
 * or a series that cannot be used gives an issue of severity `error`; the others go on.
 *
 * @returns the series in the order of their numbers; issues name files relative to the folder.
 * @throws {DataError} `file-missing` where the folder does not exist, `dicom-none` where it holds no DICOM file.
 */
export async function readDicomFolder(dir: string): Promise<DicomFolder> {
  const { slices, issues } = await scan(dir);
  const bySeries = groupBySeries(slices);
  const series: DicomSeries[] = [];
  for (const members of bySeries.values()) {
    for (const part of splitByGeometry(members)) {
      try {
        series.push(seriesOf(part));
      } catch (error) {
        issues.push(issueOfError(error, dir, `series ${describeSource(part[0].source)}`));
      }
    }
  }
  series.sort((a, b) => (a.source.seriesNumber ?? 0) - (b.source.seriesNumber ?? 0));
  return { series, issues };
}

/**
 * The voxels of one phase of a series, rescaled.
 *
 * @throws {DataError} what the reading of its files throws: `file-missing`, `dicom-damaged`, `dicom-pixels`.
 */
export async function readPhase(series: DicomSeries, phase: number): Promise<Volume> {
  return createVolume(series.grid, await readSlices(series.phases[phase]));
}

/** Reads one file that holds one slice. Throws as {@link readDicomFolder} would report. */
export async function readDicomSlice(file: string): Promise<VolumeFromFile> {
  const bytes = await readBytes(file);
  if (!isDicom(bytes)) throw notImage(file, "a file that is not DICOM");
  const described = describeFile(parseDicom(bytes, file));
  if (described.kind !== "slice") throw notImage(file, described.why);
  const series = seriesOf([described.slice]);
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
    throw new DataError("dicom-several", {
      file: dir,
      found: found.length === 0 ? (issues[0]?.message ?? "no series that can be used") : found.join(", "),
      expected: "one series of one phase",
      remedy: "Give the folder of that series.",
    });
  }
  const { grid, data } = await readPhase(series[0], 0);
  return { grid, data, issues: [...issues, ...series[0].issues] };
}

/** What a person calls a series. */
export function describeSource({ seriesNumber, seriesDescription }: DicomSource): string {
  return `${seriesNumber ?? "without number"}${seriesDescription === "" ? "" : ` "${seriesDescription}"`}`;
}

interface Scan {
  readonly slices: SliceInstance[];
  readonly issues: Issue[];
}

async function scan(dir: string): Promise<Scan> {
  const slices = new Map<string, SliceInstance>();
  const issues: Issue[] = [];
  const others = new Map<string, number>();
  const copies: string[] = [];
  const files = await filesBelow(dir);
  for (const file of files) {
    try {
      const bytes = await readBytes(file);
      const described = isDicom(bytes)
        ? describeFile(parseDicom(bytes, file))
        : ({ kind: "other", why: "files that are not DICOM" } as const);
      if (described.kind === "other") others.set(described.why, (others.get(described.why) ?? 0) + 1);
      else if (slices.has(described.slice.sopInstanceUid)) copies.push(relative(dir, file));
      else slices.set(described.slice.sopInstanceUid, described.slice);
    } catch (error) {
      issues.push(issueOfError(error, dir));
    }
  }
  if (files.length === 0 || others.get("files that are not DICOM") === files.length) {
    throw new DataError("dicom-none", {
      file: dir,
      found: `${files.length} files, none of them DICOM`,
      expected: "DICOM files",
      remedy: "Check the path.",
    });
  }
  for (const [why, count] of others) {
    issues.push({ code: "dicom-left-out", severity: "info", message: `${count} ${why} were left out.` });
  }
  if (copies.length > 0) {
    issues.push({
      code: "dicom-duplicates",
      severity: "warning",
      message: `${copies.length} files repeat the SOPInstanceUID of another and were left out: ${copies.slice(0, 10).join(", ")}${copies.length > 10 ? " …" : ""}.`,
    });
  }
  return { slices: [...slices.values()], issues };
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

function seriesOf(slices: readonly SliceInstance[]): DicomSeries {
  const { grid, positions, issues } = stackSlices(slices);
  const split = splitPhases(positions);
  return { source: slices[0].source, grid, ...split, issues: [...issues, ...split.issues] };
}

function notImage(file: string, found: string): DataError {
  return new DataError("dicom-not-image", { file, found, expected: "a DICOM image of one slice" });
}
