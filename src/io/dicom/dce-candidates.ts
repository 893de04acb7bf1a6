/** Series that may be the dynamic one: whole ones, or several of one acquisition joined in the order of time. */
import { DataError } from "../../domain/errors.ts";
import { type Grid, sameGrid, toVoxel } from "../../domain/grid.ts";
import type { Issue } from "../../domain/issues.ts";
import { type DicomFolder, type DicomSeries, describeSource } from "./folder.ts";
import type { DicomSource, PhaseMarks, SliceInstance } from "./instance.ts";
import { interruptedIssue } from "./phases.ts";
import { sameGeometry } from "./stack.ts";

export interface DceCandidate {
  readonly parts: readonly DicomSeries[];
  readonly order: readonly { readonly part: DicomSeries; readonly phase: number }[];
  readonly timesSeconds: readonly number[] | undefined;
  readonly issues: readonly Issue[];
  /** Why it cannot be read, though it is a dynamic series. */
  readonly refusal?: DataError;
}

/**
 * Dynamic series, whole or joined; a series that was joined does not stand alone as well. Echo-planar images are none: several of a
 * place differ in diffusion weighting. A series of the same acquisition that lacks slices is an interrupted phase, left out with a warning.
 */
export function dceCandidates({ series, refused }: Pick<DicomFolder, "series" | "refused">): DceCandidate[] {
  const families: DicomSeries[][] = [];
  for (const part of series) {
    if (part.source.echoPlanar) continue;
    const family = families.find(
      ([first]) => sameAcquisition(firstSlice(first), firstSlice(part)) && sameGrid(first.grid, part.grid),
    );
    if (family === undefined) families.push([part]);
    else family.push(part);
  }
  const found = families.flatMap((parts) => {
    if (parts.length === 1) return parts[0].phases.length > 1 ? [alone(parts[0])] : [];
    const joined = join(parts);
    return joined === undefined ? parts.filter(({ phases }) => phases.length > 1).map(alone) : [joined];
  });
  const single = series.filter(({ phases }) => phases.length === 1).map(({ phases }) => phases[0]);
  return found.map((candidate) => withoutInterrupted(candidate, [...single, ...refused]));
}

function firstSlice({ phases }: DicomSeries): SliceInstance {
  return phases[0][0];
}

function alone(part: DicomSeries): DceCandidate {
  return {
    parts: [part],
    order: part.phases.map((_, phase) => ({ part, phase })),
    timesSeconds: part.timesSeconds,
    issues: [],
  };
}

/** Series of one study, contrast and family of descriptions. Derived images are never joined. */
function sameAcquisition(a: SliceInstance, b: SliceInstance): boolean {
  return (
    a.source.imageType[0] !== "DERIVED" &&
    b.source.imageType[0] !== "DERIVED" &&
    a.source.studyInstanceUid === b.source.studyInstanceUid &&
    a.source.frameOfReferenceUid === b.source.frameOfReferenceUid &&
    a.source.modality === b.source.modality &&
    a.contrast.every((value, i) => value === b.contrast[i]) &&
    a.component === b.component &&
    descriptionFamily(a.source) === descriptionFamily(b.source)
  );
}

/** @param others slices of series of one phase, and of series that cannot be used. */
function withoutInterrupted(
  candidate: DceCandidate,
  others: readonly (readonly SliceInstance[])[],
): DceCandidate {
  const [{ part, phase }] = candidate.order;
  const first = firstSlice(part);
  const used = new Set(candidate.parts.map(({ source }) => source.seriesInstanceUid));
  const interrupted = others.filter(
    (slices) =>
      !used.has(slices[0].source.seriesInstanceUid) &&
      sameAcquisition(first, slices[0]) &&
      slices.every((slice) => sameGeometry(first, slice) && liesIn(part.grid, slice)),
  );
  if (interrupted.length === 0) return candidate;
  const covered = interrupted.map(
    (slices) =>
      `series ${describeSource(slices[0].source)} covers ${new Set(slices.map(({ position }) => position.join())).size} of ${part.grid.shape[0]} slices`,
  );
  const start = part.phases[phase];
  // Enhancement is measured against the first phase, so that it must not be another one than it was.
  if (
    !interrupted.every((slices) => CLOCKS.some((clock) => earliest(slices, clock) > earliest(start, clock)))
  ) {
    const refusal = new DataError("series-phase-incomplete", {
      file: interrupted[0][0].file,
      found: `a dynamic series of which ${covered.join(", ")}, maybe as its first phase`,
      expected: "slices to be missing in a later phase only",
      remedy: "Export the whole series again; an interrupted phase must be removed.",
    });
    return { ...candidate, refusal };
  }
  return { ...candidate, issues: [...candidate.issues, interruptedIssue(covered.join(", "))] };
}

/** Largest distance of a slice from its place in a grid, in voxels. */
const SAME_PLACE = 0.05;

function liesIn(grid: Grid, { position }: SliceInstance): boolean {
  const [slice, row, column] = toVoxel(grid, position);
  const at = Math.round(slice);
  return at >= 0 && at < grid.shape[0] && Math.max(...[slice - at, row, column].map(Math.abs)) < SAME_PLACE;
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

const CLOCKS = ["acquisitionTime", "contentTime"] as const;

/** All phases of several series by absolute time; undefined where times are missing or coincide. */
function join(parts: readonly DicomSeries[]): DceCandidate | undefined {
  for (const clock of CLOCKS) {
    const order = parts
      .flatMap((part) => part.phases.map((slices, phase) => ({ part, phase, time: earliest(slices, clock) })))
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

function earliest(slices: readonly SliceInstance[], clock: keyof PhaseMarks): number {
  return Math.min(...slices.map(({ marks }) => marks[clock] ?? Number.NaN));
}
