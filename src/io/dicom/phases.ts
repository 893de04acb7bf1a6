/** Phases of a dynamic series told apart, and their times. */
import { DataError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import type { PhaseMarks, SliceInstance } from "./instance.ts";

export interface Phases {
  /** Per phase in the order of time, one instance per slice. */
  readonly phases: readonly (readonly SliceInstance[])[];
  /** Seconds after the first phase; undefined where no attribute tells. */
  readonly timesSeconds: readonly number[] | undefined;
  readonly issues: readonly Issue[];
}

type Mark = keyof PhaseMarks;

/** In the order of trust. ContentTime is when an image was made; numbers of instances give an order at best, no times. */
const MARKS: readonly Mark[] = [
  "temporalPosition",
  "temporalOffset",
  "triggerTime",
  "acquisitionTime",
  "acquisitionNumber",
  "contentTime",
  "instanceNumber",
];
/** Marks that are times. */
const CLOCKS: readonly Mark[] = ["temporalOffset", "triggerTime", "acquisitionTime", "contentTime"];

const ATTRIBUTE_NAMES: Readonly<Record<Mark, string>> = {
  temporalPosition: "TemporalPositionIdentifier",
  temporalOffset: "TemporalPositionTimeOffset",
  triggerTime: "TriggerTime",
  acquisitionTime: "AcquisitionTime",
  acquisitionNumber: "AcquisitionNumber",
  contentTime: "ContentTime",
  instanceNumber: "InstanceNumber",
};

/**
 * Tells the phases of a series apart by the first attribute under which every phase covers every position once and all
 * of a phase comes before all of the next. Within a phase the attribute may vary, as times do.
 *
 * @param positions per slice, the instances at that position.
 * @throws {DataError} `series-phase-incomplete` where positions have different numbers of instances,
 *   `series-phases-unclear` where no attribute separates them.
 */
export function splitPhases(positions: readonly (readonly SliceInstance[])[]): Phases {
  const { file } = positions[0][0];
  const counts = positions.map((instances) => instances.length);
  const most = Math.max(...counts);
  if (Math.min(...counts) < most) {
    const short = counts.filter((count) => count < most).length;
    throw new DataError("series-phase-incomplete", {
      file,
      found: `${short} of ${positions.length} slice positions have fewer images than the ${most} of the others`,
      expected: "every phase to cover every position",
      remedy: "Export the whole series again; an interrupted phase must be removed.",
    });
  }
  if (most === 1) return { phases: [positions.map(([slice]) => slice)], timesSeconds: [0], issues: [] };
  for (const mark of MARKS) {
    const phases = separate(positions, mark);
    if (phases !== undefined) return withTimes(phases, mark);
  }
  throw new DataError("series-phases-unclear", {
    file,
    found: `${most} images at each of ${positions.length} positions that no attribute separates into phases`,
    expected: `one of ${MARKS.map((mark) => ATTRIBUTE_NAMES[mark]).join(", ")} to rise from phase to phase`,
    remedy: "Export the phases as separate series or as NIfTI files with their times.",
  });
}

/** Phases by rank of the mark at each position; undefined where ranks are tied or phases overlap. */
function separate(
  positions: readonly (readonly SliceInstance[])[],
  mark: Mark,
): readonly (readonly SliceInstance[])[] | undefined {
  const value = ({ marks }: SliceInstance) => marks[mark] ?? Number.NaN;
  const ranked = positions.map((instances) => [...instances].sort((a, b) => value(a) - value(b)));
  const phases = ranked[0].map((_, rank) => ranked.map((instances) => instances[rank]));
  const spans = phases.map((phase) => [Math.min(...phase.map(value)), Math.max(...phase.map(value))]);
  // A missing value is NaN and fails the comparison.
  return spans.every(([low], i) => i === 0 || low > spans[i - 1][1]) && !Number.isNaN(spans[0][0])
    ? phases
    : undefined;
}

function withTimes(phases: readonly (readonly SliceInstance[])[], mark: Mark): Phases {
  const clock = CLOCKS.includes(mark)
    ? mark
    : CLOCKS.find((candidate) => {
        const times = startTimes(phases, candidate);
        return times.every((time, i) => (i === 0 ? !Number.isNaN(time) : time > times[i - 1]));
      });
  if (clock === undefined) {
    const message = `${phases.length} phases were told apart by ${ATTRIBUTE_NAMES[mark]}, but no time rises with them. Give their times in examination.json.`;
    return {
      phases,
      timesSeconds: undefined,
      issues: [{ code: "series-times-unknown", severity: "error", message }],
    };
  }
  const starts = startTimes(phases, clock);
  return {
    phases,
    timesSeconds: starts.map((time) => Math.round((time - starts[0]) * 1e6) / 1e6),
    issues: timeIssues(phases, mark, clock),
  };
}

/** Earliest value of a clock in each phase, which may carry more than one. */
function startTimes(phases: readonly (readonly SliceInstance[])[], clock: Mark): number[] {
  return phases.map((phase) => Math.min(...phase.map(({ marks }) => marks[clock] ?? Number.NaN)));
}

function timeIssues(phases: readonly (readonly SliceInstance[])[], mark: Mark, clock: Mark): Issue[] {
  const issues: Issue[] = [];
  if (clock === "contentTime") {
    issues.push({
      code: "series-times-content",
      severity: "info",
      message: `${phases.length} phases were told apart by ${ATTRIBUTE_NAMES[mark]} and timed by ContentTime, when the images were made. Check the times if they were reconstructed later.`,
    });
  }
  if (phases[0][0].source.imageType[0] === "DERIVED") {
    issues.push({
      code: "series-times-derived",
      severity: "warning",
      message: `The images are derived; their ${ATTRIBUTE_NAMES[clock]} may not be when they were acquired. Check the times.`,
    });
  }
  return issues;
}
