/** Dynamic contrast-enhanced series: one volume per phase, in the order of time. */
import type { ImagedBreast } from "./breast.ts";
import { DataError } from "./errors.ts";
import { requireSameGrid, type Volume } from "./volume.ts";

export interface DceSeries<V extends Volume = Volume> {
  /** All on one grid, in the order of time; phase 0 is before contrast. */
  readonly phases: readonly V[];
  /** Acquisition time of each phase in seconds after phase 0; strictly increasing from 0. */
  readonly timesSeconds: readonly number[];
  /** Where the source says that only one breast was imaged. */
  readonly imagedBreast?: ImagedBreast;
}

/**
 * @throws {DataError} `series-empty`, `series-times` (not one strictly increasing time per phase, from 0) or
 *   `grid-mismatch` (phases on different grids).
 */
export function createDceSeries<V extends Volume>(
  phases: readonly V[],
  timesSeconds: readonly number[],
  imagedBreast?: ImagedBreast,
): DceSeries<V> {
  if (phases.length === 0) {
    throw new DataError("series-empty", {
      found: "a series without a phase",
      expected: "at least one phase",
    });
  }
  const increasing = timesSeconds.every((time, i) => (i === 0 ? time === 0 : time > timesSeconds[i - 1]));
  if (timesSeconds.length !== phases.length || !increasing) {
    throw new DataError("series-times", {
      found: `times ${timesSeconds.join(", ")} s for ${phases.length} phases`,
      expected: "one strictly increasing time per phase, from 0",
      remedy: "Correct timesSeconds in examination.json.",
    });
  }
  phases.forEach((phase, i) => {
    requireSameGrid(phases[0], phase, `phase ${i}`);
  });
  return { phases, timesSeconds, ...(imagedBreast === undefined ? {} : { imagedBreast }) };
}

/** Which phases of a series play which part. */
export interface PhaseRoles {
  readonly pre: number;
  readonly early: number;
  readonly late: number;
}

/** Window, in seconds after phase 0, where the early phase is expected. */
export const EARLY_WINDOW_SECONDS = [60, 210] as const;
/** Where the early phase would best lie: 2'30" after injection, as in I-SPY (Hylton 2012, Radiology 263:663). */
const EARLY_TARGET_SECONDS = 150;

/** The phases that a series has for each part; a short series has no late one. */
export type FoundPhases = Omit<PhaseRoles, "late"> & { readonly late: number | null };

/**
 * Finds phases by time, never by index: pre is phase 0, early the post-contrast phase nearest to 150 s, late the last one after it.
 *
 * @throws {DataError} `series-phases` where there is no post-contrast phase.
 */
export function findPhases(timesSeconds: readonly number[]): FoundPhases {
  if (timesSeconds.length < 2)
    throw tooFewPhases(timesSeconds, "a phase before contrast and at least one after it");
  if (timesSeconds.length === 2) return { pre: 0, early: 1, late: null };
  const late = timesSeconds.length - 1;
  let early = 1;
  for (let i = 2; i < late; i++) {
    if (
      Math.abs(timesSeconds[i] - EARLY_TARGET_SECONDS) < Math.abs(timesSeconds[early] - EARLY_TARGET_SECONDS)
    )
      early = i;
  }
  return { pre: 0, early, late };
}

/**
 * The phases of a series that has all three parts, as {@link findPhases} finds them.
 *
 * @throws {DataError} `series-phases` where there are fewer than two post-contrast phases, so that early and late cannot differ.
 */
export function choosePhases(timesSeconds: readonly number[]): PhaseRoles {
  const expected = "a phase before contrast and at least two after it";
  if (timesSeconds.length < 3) throw tooFewPhases(timesSeconds, expected);
  const { pre, early, late } = findPhases(timesSeconds);
  return { pre, early, late: late ?? timesSeconds.length - 1 };
}

function tooFewPhases(timesSeconds: readonly number[], expected: string): DataError {
  return new DataError("series-phases", {
    found: `${timesSeconds.length} phases`,
    expected,
    remedy: "Check that no phase was left out when the series was exported.",
  });
}
