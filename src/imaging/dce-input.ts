/** What a network sees of a dynamic series: phases chosen by their part, not by their index. */
import { choosePhases, type DceSeries, type PhaseRoles } from "../domain/dce.ts";
import type { Grid } from "../domain/grid.ts";

/** A phase, or the difference of two. */
export type DceChannel = "pre" | "early" | "late" | "early-pre" | "late-pre" | "late-early";

type Role = keyof PhaseRoles;

/** The phase of a channel and the phase that is taken from it. */
const CHANNELS: Readonly<Record<DceChannel, readonly [Role, Role?]>> = {
  pre: ["pre"],
  early: ["early"],
  late: ["late"],
  "early-pre": ["early", "pre"],
  "late-pre": ["late", "pre"],
  "late-early": ["late", "early"],
};

/** Names of all channels. */
export const DCE_CHANNELS = Object.keys(CHANNELS) as readonly DceChannel[];

/** The early phase shows anatomy, its difference from the pre-contrast phase the enhancement. */
export const DEFAULT_DCE_CHANNELS: readonly DceChannel[] = ["early", "early-pre"];

export interface DceInput {
  readonly grid: Grid;
  /** One array per name, in the units of the signal (not normalised). */
  readonly channels: readonly Float32Array[];
  readonly names: readonly DceChannel[];
}

/**
 * The channels of a series.
 *
 * @throws {DataError} `series-phases` where the series has fewer than two post-contrast phases.
 */
export function dceInput(series: DceSeries, names: readonly DceChannel[] = DEFAULT_DCE_CHANNELS): DceInput {
  const roles = choosePhases(series.timesSeconds);
  const channels = names.map((name) => {
    const [role, subtracted] = CHANNELS[name];
    const channel = Float32Array.from(series.phases[roles[role]].data);
    if (subtracted !== undefined) {
      const other = series.phases[roles[subtracted]].data;
      for (let i = 0; i < channel.length; i++) channel[i] -= other[i];
    }
    return channel;
  });
  return { grid: series.phases[0].grid, channels, names };
}
