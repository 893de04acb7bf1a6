/** Motion between the phases of an examination. */
import { createDceSeries, type DceSeries, findPhases } from "../../../domain/dce.ts";
import { ResiduaError } from "../../../domain/errors.ts";
import type { Issue, WithIssues } from "../../../domain/issues.ts";
import { bodyMask } from "../../../imaging/regions.ts";
import type { RegistrationKind, RegistrationQuality } from "../../../imaging/registration/registration.ts";
import { register } from "./register.ts";

export interface PhaseRegistration {
  /** Position of the phase in the series given. */
  readonly phase: number;
  readonly quality: RegistrationQuality;
}

export interface RegisteredSeries {
  /** Of the phases that play a part only: before contrast, early, late. */
  readonly series: DceSeries;
  readonly registrations: readonly PhaseRegistration[];
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
  const one = async (phase: number) => {
    const moving = series.phases[phase];
    if (phase === roles.early) return moving;
    try {
      const { volume, quality } = await register({ fixed, moving, mask, kind }, signal);
      registrations.push({ phase, quality });
      if (quality.reason !== null) issues.push(notKept(phase, quality, subject));
      return volume;
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof ResiduaError)) throw error;
      issues.push({
        code: error.code,
        severity: "warning",
        subject,
        message: `Phase ${phase} could not be registered and stays as it was acquired: ${error.message}`,
      });
      return moving;
    }
  };
  const phases = await Promise.all(used.map(one));
  registrations.sort((a, b) => a.phase - b.phase);
  issues.sort((a, b) => (a.message < b.message ? -1 : 1));
  const times = used.map((phase) => series.timesSeconds[phase]);
  return { value: { series: createDceSeries(phases, times), registrations }, issues };
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
