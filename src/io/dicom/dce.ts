/** The dynamic contrast-enhanced series of a DICOM folder. */
import { createDceSeries, type DceSeries } from "../../domain/dce.ts";
import { DataError } from "../../domain/errors.ts";
import type { Issue, WithIssues } from "../../domain/issues.ts";
import type { Volume } from "../../domain/volume.ts";
import { type DceCandidate, dceCandidates } from "./dce-candidates.ts";
import { type DicomFolder, type DicomSeries, describeSource, readDicomFolder, readPhase } from "./folder.ts";
import type { DicomSource, SliceInstance } from "./instance.ts";
import { commonBreast } from "./laterality.ts";

export interface DicomDce extends WithIssues<DceSeries> {
  /** Identifiers of the series, in the order of time; several where each phase was a series of its own. */
  readonly sources: readonly DicomSource[];
  /** Per phase, one instance per slice of the grid. */
  readonly slices: readonly (readonly SliceInstance[])[];
  /** Files of segmentation objects beside the images, of whatever they show. */
  readonly segmentations: readonly string[];
}

export interface DceChoice {
  /** SeriesInstanceUID or SeriesDescription, where a folder holds several dynamic series. */
  readonly series?: string;
}

/**
 * Finds and reads the dynamic series of a folder: one series with several phases, or several series of one acquisition
 * that follow each other in time. Images marked DERIVED count only where there are no original ones.
 *
 * @throws {DataError} `dce-missing` or `dce-ambiguous` naming the series of the folder, `series-times-unknown`,
 *   `series-phase-incomplete`, and what {@link readDicomFolder} and the reading of pixels throw.
 */
export async function readDceSeries(source: string, choice: DceChoice = {}): Promise<DicomDce> {
  return readDceIn(await readDicomFolder(source), choice);
}

/** The dynamic series of a folder whose headers were read. Throws as {@link readDceSeries}. */
export async function readDceIn(folder: DicomFolder, choice: DceChoice = {}): Promise<DicomDce> {
  const candidate = chosen(dceCandidates(folder), folder, choice);
  if (candidate.refusal !== undefined) throw candidate.refusal;
  if (candidate.timesSeconds === undefined) {
    throw new DataError("series-times-unknown", {
      file: folder.dir,
      found: `phases of series ${describeSource(candidate.parts[0].source)} without times that rise`,
      expected: "a TriggerTime, AcquisitionTime or ContentTime that rises from phase to phase",
      remedy: "Convert the phases to NIfTI and give their times in examination.json.",
    });
  }
  const slices = candidate.order.map(({ part, phase }) => part.phases[phase]);
  const phases: Volume[] = [];
  for (const { part, phase } of candidate.order) {
    const volume = await readPhase(part, phase);
    // One grid object for all, since the parts' grids agree only within rounding.
    phases.push({ grid: candidate.order[0].part.grid, data: volume.data });
  }
  return {
    value: createDceSeries(
      phases,
      candidate.timesSeconds,
      commonBreast(slices.flat().map(({ imagedBreast }) => imagedBreast)),
    ),
    issues: [...folder.issues, ...candidate.parts.flatMap(({ issues }) => issues), ...candidate.issues],
    sources: candidate.parts.map(({ source }) => source),
    slices,
    segmentations: folder.segmentations,
  };
}

function componentOf({ phases }: DicomSeries): string {
  return phases[0][0].component;
}

/** Of the components of a Dixon acquisition the one that diagnosis is made on: the water image, where there is no plain one. */
function withoutOtherComponents(found: readonly DceCandidate[]): readonly DceCandidate[] {
  for (const component of ["", "WATER"]) {
    const same = found.filter(({ parts }) => componentOf(parts[0]) === component);
    if (same.length === 0) continue;
    if (same.length === found.length) return found;
    const message = `Of ${found.length} dynamic series the ${component === "" ? "plain" : "water"} images were taken.`;
    const issue: Issue = { code: "dce-component", severity: "info", message };
    return same.map((candidate) => ({ ...candidate, issues: [...candidate.issues, issue] }));
  }
  return found;
}

function chosen(found: readonly DceCandidate[], folder: DicomFolder, { series }: DceChoice): DceCandidate {
  const named = (candidate: DceCandidate) =>
    series === undefined ||
    candidate.parts.some(
      ({ source }) => source.seriesInstanceUid === series || source.seriesDescription === series,
    );
  const fitting = found.filter(named);
  const original = fitting.filter(({ parts }) => parts[0].source.imageType[0] !== "DERIVED");
  const best = withoutOtherComponents(original.length > 0 ? original : fitting);
  if (best.length === 1) return best[0];
  const list = folder.series.map(
    ({ source, phases }) =>
      `${describeSource(source)} (${phases.length} ${phases.length === 1 ? "phase" : "phases"})`,
  );
  if (best.length > 1) {
    throw new DataError("dce-ambiguous", {
      file: folder.dir,
      found: `several dynamic series: ${best.map(({ parts }) => describeSource(parts[0].source)).join(", ")}`,
      expected: "one",
      remedy:
        "Name the series to residua ingest with --series, by its description or UID, or give its folder.",
    });
  }
  const errors = folder.issues.filter(({ severity }) => severity === "error").map(({ message }) => message);
  throw new DataError("dce-missing", {
    file: folder.dir,
    found: [
      `no dynamic series; the folder has ${list.join(", ") || "no usable series"}`,
      ...errors.slice(0, 3),
    ].join("; "),
    expected: "a series with several phases, or one series per phase with rising times",
    remedy: "Check that all phases were exported, and what was left out.",
  });
}
