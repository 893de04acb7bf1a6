/** Motion between the phases of an examination. */
import { createDceSeries, type DceSeries, findPhases } from "../../../domain/dce.ts";
import { ResiduaError } from "../../../domain/errors.ts";
import type { Issue, WithIssues } from "../../../domain/issues.ts";
import type { Volume } from "../../../domain/volume.ts";
import { bodyMask } from "../../../imaging/regions.ts";
import type { RegistrationKind, RegistrationQuality } from "../../../imaging/registration/registration.ts";
import type { SpatialTransform } from "../../../imaging/registration/transform.ts";
import { register } from "./register.ts";

export interface PhaseRegistration {
  /** Position of the phase in the series given. */
  readonly phase: number;
  readonly quality: RegistrationQuality;
}

/** A phase as it was before registration, and where its tissue lies: from the frame of the early phase to its own. */
export interface PhaseSource {
  readonly volume: Volume;
  readonly transform: SpatialTransform;
}

export interface RegisteredSeries {
  /** Of the phases that play a part only: before contrast, early, late. */
  readonly series: DceSeries;
  readonly registrations: readonly PhaseRegistration[];
  /** One per phase of `series`. */
  readonly sources: readonly PhaseSource[];
}

/**
 * Registers the phases before contrast and late to the early one, where masks are drawn; the others play no part and are left out. A phase whose
 * registration fails or makes it worse stays as it was, with an issue.
 *
 * @throws {DataError} `series-phases` without a post-contrast phase.
 */
export async function registerSeries(
  series: DceSeries,
  kind: RegistrationKind,
  subject: string,
  signal?: AbortSignal,
): Promise<WithIssues<RegisteredSeries>> {
  const roles = findPhases(series.timesSeconds);
  const used = [roles.pre, roles.early, ...(roles.late === null ? [] : [roles.late])];
  const fixed = series.phases[roles.early];
  const mask = bodyMask(fixed);
  const issues: Issue[] = [];
  const registrations: PhaseRegistration[] = [];
  const one = async (phase: number): Promise<PhaseSource & { readonly registered: Volume }> => {
    const moving = series.phases[phase];
    const still = { volume: moving, transform: [], registered: moving };
    if (phase === roles.early) return still;
    try {
      const { volume, transform, quality } = await register({ fixed, moving, mask, kind }, signal);
      registrations.push({ phase, quality });
      if (quality.reason !== null) issues.push(notKept(phase, quality, subject));
      return { volume: moving, transform, registered: volume };
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof ResiduaError)) throw error;
      issues.push({
        code: error.code,
        severity: "warning",
        subject,
        message: `Phase ${phase} could not be registered and stays as it was acquired: ${error.message}`,
      });
      return still;
    }
  };
  const sources = await Promise.all(used.map(one));
  const phases = sources.map(({ registered }) => registered);
  registrations.sort((a, b) => a.phase - b.phase);
  issues.sort((a, b) => (a.message < b.message ? -1 : 1));
  const times = used.map((phase) => series.timesSeconds[phase]);
  return {
    value: { series: createDceSeries(phases, times, series.imagedBreast), registrations, sources },
    issues,
  };
}

function notKept(phase: number, { kept, reason }: RegistrationQuality, subject: string): Issue {
  const done = kept === "none" ? "it stays as it was acquired" : `only the ${kept} part is kept`;
  return {
    code: "registration-not-better",
    severity: "info",
    subject,
    message: `Registering phase ${phase} to the early phase did not bring it closer, ${done}: ${reason}.`,
  };
}
