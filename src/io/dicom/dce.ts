/** The dynamic contrast-enhanced series of a DICOM folder. */
import { createDceSeries, type DceSeries } from "../../domain/dce.ts";
import { DataError } from "../../domain/errors.ts";
import { sameGrid } from "../../domain/grid.ts";
import type { Issue, WithIssues } from "../../domain/issues.ts";
import type { Volume } from "../../domain/volume.ts";
import { type DicomFolder, type DicomSeries, describeSource, readDicomFolder, readPhase } from "./folder.ts";
import type { DicomSource, PhaseMarks, SliceInstance } from "./instance.ts";

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
 * @throws {DataError} `dce-missing` or `dce-ambiguous` naming the series of the folder, `series-times-unknown`, and what
 *   {@link readDicomFolder} and the reading of pixels throw.
 */
export async function readDceSeries(dir: string, choice: DceChoice = {}): Promise<DicomDce> {
  const folder = await readDicomFolder(dir);
  const candidate = chosen(candidates(folder.series), folder, choice, dir);
  if (candidate.timesSeconds === undefined) {
    throw new DataError("series-times-unknown", {
      file: dir,
      found: `phases of series ${describeSource(candidate.parts[0].source)} without times that rise`,
      expected: "a TriggerTime, AcquisitionTime or ContentTime that rises from phase to phase",
      remedy: "Convert the phases to NIfTI and give their times in examination.json.",
    });
  }
  const phases: Volume[] = [];
  for (const { part, phase } of candidate.order) {
    const volume = await readPhase(part, phase);
    // One grid object for all, since the parts' grids agree only within rounding.
    phases.push({ grid: candidate.order[0].part.grid, data: volume.data });
  }
  return {
    value: createDceSeries(phases, candidate.timesSeconds),
    issues: [...folder.issues, ...candidate.parts.flatMap(({ issues }) => issues), ...candidate.issues],
    sources: candidate.parts.map(({ source }) => source),
    slices: candidate.order.map(({ part, phase }) => part.phases[phase]),
    segmentations: folder.segmentations,
  };
}

interface Candidate {
  readonly parts: readonly DicomSeries[];
  readonly order: readonly { readonly part: DicomSeries; readonly phase: number }[];
  readonly timesSeconds: readonly number[] | undefined;
  readonly issues: readonly Issue[];
}

/** Dynamic series, whole or joined; a series that was joined does not stand alone as well. */
function candidates(series: readonly DicomSeries[]): Candidate[] {
  const families: DicomSeries[][] = [];
  for (const part of series) {
    const family = families.find(([first]) => sameAcquisition(first, part));
    if (family === undefined) families.push([part]);
    else family.push(part);
  }
  return families.flatMap((parts) => {
    if (parts.length === 1) return parts[0].phases.length > 1 ? [alone(parts[0])] : [];
    const joined = join(parts);
    return joined === undefined ? parts.filter(({ phases }) => phases.length > 1).map(alone) : [joined];
  });
}

function alone(part: DicomSeries): Candidate {
  return {
    parts: [part],
    order: part.phases.map((_, phase) => ({ part, phase })),
    timesSeconds: part.timesSeconds,
    issues: [],
  };
}

/** Series of one study, geometry, contrast and family of descriptions. Derived images are never joined. */
function sameAcquisition(a: DicomSeries, b: DicomSeries): boolean {
  const contrasts = [a, b].map(({ phases }) => phases[0][0].contrast);
  return (
    a.source.imageType[0] !== "DERIVED" &&
    b.source.imageType[0] !== "DERIVED" &&
    a.source.studyInstanceUid === b.source.studyInstanceUid &&
    a.source.frameOfReferenceUid === b.source.frameOfReferenceUid &&
    a.source.modality === b.source.modality &&
    contrasts[0].every((value, i) => value === contrasts[1][i]) &&
    componentOf(a) === componentOf(b) &&
    descriptionFamily(a.source) === descriptionFamily(b.source) &&
    sameGrid(a.grid, b.grid)
  );
}

function componentOf({ phases }: DicomSeries): string {
  return phases[0][0].component;
}

/** Of the components of a Dixon acquisition the one that diagnosis is made on: the water image, where there is no plain one. */
function withoutOtherComponents(found: readonly Candidate[]): readonly Candidate[] {
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

/** Words that count or name phases. */
const PHASE_WORDS: ReadonlySet<string> = new Set(
  "pre post pass phase ph dynamic dyn contrast gad gd min mins sec st nd rd th of c".split(" "),
);

/** A description without what counts or names phases, so that "Dyn PRE" and "Dyn Ph3/5 +C" are one family. */
function descriptionFamily({ seriesDescription }: DicomSource): string {
  const words = seriesDescription.toLowerCase().match(/[a-z]+/g) ?? [];
  return words.filter((word) => !PHASE_WORDS.has(word)).join(" ");
}

/** All phases of several series by absolute time; undefined where times are missing or coincide. */
function join(parts: readonly DicomSeries[]): Candidate | undefined {
  for (const clock of ["acquisitionTime", "contentTime"] as const) {
    const order = parts
      .flatMap((part) =>
        part.phases.map((_, phase) => ({ part, phase, time: phaseTime(part, phase, clock) })),
      )
      .sort((a, b) => a.time - b.time);
    if (!order.every(({ time }, i) => (i === 0 ? Number.isFinite(time) : time > order[i - 1].time))) continue;
    const sorted = [...new Set(order.map(({ part }) => part))];
    return {
      parts: sorted,
      order,
      timesSeconds: order.map(({ time }) => Math.round((time - order[0].time) * 1e6) / 1e6),
      issues: [
        {
          code: "series-joined",
          severity: "info",
          message: `${parts.length} series of one geometry were joined in the order of ${clock === "acquisitionTime" ? "AcquisitionTime" : "ContentTime"}: ${sorted.map(({ source }) => describeSource(source)).join(", ")}.`,
        },
      ],
    };
  }
  return undefined;
}

function phaseTime(part: DicomSeries, phase: number, clock: keyof PhaseMarks): number {
  return Math.min(...part.phases[phase].map(({ marks }) => marks[clock] ?? Number.NaN));
}

function chosen(
  found: readonly Candidate[],
  folder: DicomFolder,
  { series }: DceChoice,
  dir: string,
): Candidate {
  const named = (candidate: Candidate) =>
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
      file: dir,
      found: `several dynamic series: ${best.map(({ parts }) => describeSource(parts[0].source)).join(", ")}`,
      expected: "one",
      remedy: "Name the series by its description or SeriesInstanceUID, or give its folder.",
    });
  }
  const errors = folder.issues.filter(({ severity }) => severity === "error").map(({ message }) => message);
  throw new DataError("dce-missing", {
    file: dir,
    found: [
      `no dynamic series; the folder has ${list.join(", ") || "no usable series"}`,
      ...errors.slice(0, 3),
    ].join("; "),
    expected: "a series with several phases, or one series per phase with rising times",
    remedy: "Check that all phases were exported, and what was left out.",
  });
}
