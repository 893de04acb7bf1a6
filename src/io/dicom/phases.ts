/** Phases of a dynamic series told apart, and their times. */
import { DataError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import type { PhaseMarks, SliceInstance } from "./instance.ts";
import { interruptedPhase, rankedPhases } from "./interrupted-phase.ts";

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
 * of a phase comes before all of the next. Within a phase the attribute may vary, as times do. One phase after the first may lack
 * slices, as an interrupted acquisition leaves it: it is left out with a warning, where two whole ones remain.
 *
 * @param positions per slice, the instances at that position.
 * @throws {DataError} `series-phase-incomplete` where positions have different numbers of instances and it is not clear which
 *   phases are whole, `series-phases-unclear` where no attribute separates them.
 */
export function splitPhases(positions: readonly (readonly SliceInstance[])[]): Phases {
  const { file } = positions[0][0];
  const counts = positions.map((instances) => instances.length);
  const most = Math.max(...counts);
  if (Math.min(...counts) < most) return withoutInterrupted(positions, most);
  if (most === 1) return { phases: [positions.map(([slice]) => slice)], timesSeconds: [0], issues: [] };
  for (const mark of MARKS) {
    const phases = rankedPhases(positions, markValue(mark));
    if (phases !== undefined) return withTimes(phases, mark);
  }
  throw new DataError("series-phases-unclear", {
    file,
    found: `${most} images at each of ${positions.length} positions that no attribute separates into phases`,
    expected: `one of ${MARKS.map((mark) => ATTRIBUTE_NAMES[mark]).join(", ")} to rise from phase to phase`,
    remedy: "Export the phases as separate series or as NIfTI files with their times.",
  });
}

function markValue(mark: Mark): (slice: SliceInstance) => number {
  return ({ marks }) => marks[mark] ?? Number.NaN;
}

function withoutInterrupted(positions: readonly (readonly SliceInstance[])[], most: number): Phases {
  const short = positions.filter(({ length }) => length < most).length;
  let found = `${short} of ${positions.length} slice positions have fewer images than the ${most} of the others`;
  for (const mark of MARKS) {
    const reading = interruptedPhase(positions, markValue(mark));
    if (reading === undefined) continue;
    const { phases, interrupted } = reading;
    const covered = `phase ${interrupted + 1} of ${most}, by ${ATTRIBUTE_NAMES[mark]}, covers ${phases[interrupted].length} of ${positions.length} slices`;
    // Enhancement is measured against the first phase, and needs another.
    if (interrupted === 0 || most < 3) {
      found = covered;
      break;
    }
    const whole = withTimes(
      phases.filter((_, phase) => phase !== interrupted),
      mark,
    );
    return { ...whole, issues: [...whole.issues, interruptedIssue(covered)] };
  }
  throw new DataError("series-phase-incomplete", {
    file: positions[0][0].file,
    found,
    expected: "every phase to cover every position, or one after the first that does not and two that do",
    remedy: "Export the whole series again; an interrupted phase must be removed.",
  });
}

/** @param covered which phase covers how many slices. */
export function interruptedIssue(covered: string): Issue {
  const message = `The acquisition was interrupted: ${covered}. It was left out.`;
  return { code: "series-phase-incomplete", severity: "warning", message };
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
