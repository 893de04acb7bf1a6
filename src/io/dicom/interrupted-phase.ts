/** The phase that an interrupted acquisition leaves without all slices, told from the whole ones. */
import type { SliceInstance } from "./instance.ts";

export interface InterruptedPhases {
  /** In the order of the mark; all but one have every slice. */
  readonly phases: readonly (readonly SliceInstance[])[];
  /** Position of the one that has not. */
  readonly interrupted: number;
}

/** The next best reading must spread its phases this many times as wide, else it is not clear which is right. */
const CLEAR_MARGIN = 2; // assumption

/**
 * Phases by rank of a mark at each position, where some positions lack one image.
 *
 * @param value of the mark; NaN where an image lacks it.
 * @param missing the phase that short positions lack; none do where left out.
 * @returns undefined where ranks are tied or phases overlap.
 */
export function rankedPhases(
  positions: readonly (readonly SliceInstance[])[],
  value: (slice: SliceInstance) => number,
  missing = Infinity,
): readonly (readonly SliceInstance[])[] | undefined {
  const most = Math.max(...positions.map(({ length }) => length));
  const phases = Array.from({ length: most }, (): SliceInstance[] => []);
  for (const instances of positions) {
    const hole = instances.length < most ? missing : Infinity;
    [...instances]
      .sort((a, b) => value(a) - value(b))
      .forEach((slice, rank) => {
        phases[rank < hole ? rank : rank + 1].push(slice);
      });
  }
  const spans = phases.map((phase) => spanOf(phase, value));
  // A missing value is NaN and fails the comparison.
  const apart = spans.every(([low], i) => (i === 0 ? !Number.isNaN(low) : low > spans[i - 1][1]));
  return apart ? phases : undefined;
}

/**
 * Tells the one phase that lacks slices by a mark under which phases do not overlap. Where several readings keep them apart, the one
 * whose phases spread least is right, if the others spread clearly more.
 *
 * @param positions per slice, the instances there: as many as there are phases, or one fewer.
 * @returns undefined where the mark does not tell.
 */
export function interruptedPhase(
  positions: readonly (readonly SliceInstance[])[],
  value: (slice: SliceInstance) => number,
): InterruptedPhases | undefined {
  const counts = positions.map(({ length }) => length);
  const most = Math.max(...counts);
  if (Math.min(...counts) < most - 1) return undefined;
  const readings = Array.from({ length: most }, (_, interrupted) => {
    const phases = rankedPhases(positions, value, interrupted);
    return phases === undefined ? [] : [{ phases, interrupted, spread: spreadOf(phases, value) }];
  })
    .flat()
    .sort((a, b) => a.spread - b.spread);
  const [best, next] = readings;
  if (best === undefined) return undefined;
  const clear = next === undefined || next.spread > CLEAR_MARGIN * best.spread;
  return clear ? { phases: best.phases, interrupted: best.interrupted } : undefined;
}

function spanOf(phase: readonly SliceInstance[], value: (slice: SliceInstance) => number): [number, number] {
  const values = phase.map(value);
  return [Math.min(...values), Math.max(...values)];
}

function spreadOf(
  phases: readonly (readonly SliceInstance[])[],
  value: (slice: SliceInstance) => number,
): number {
  return phases.reduce((sum, phase) => {
    const [low, high] = spanOf(phase, value);
    return sum + high - low;
  }, 0);
}
