/** Where a patient lay otherwise: a later visit carried onto the grid of the one before chemotherapy. */
import { createDceSeries, findPhases } from "../../../domain/dce.ts";
import { ResiduaError } from "../../../domain/errors.ts";
import type { Grid } from "../../../domain/grid.ts";
import type { Issue, Severity, WithIssues } from "../../../domain/issues.ts";
import type { LabelMap } from "../../../domain/volume.ts";
import { bodyMask } from "../../../imaging/regions.ts";
import type { RegistrationKind, RegistrationQuality } from "../../../imaging/registration/registration.ts";
import { middleShift } from "../../../imaging/registration/start.ts";
import { inverse, type SpatialTransform } from "../../../imaging/registration/transform.ts";
import { coverage, warpCovered, warpLabels } from "../../../imaging/registration/warp.ts";
import type { PreparedSeries } from "../prepare-series.ts";
import { register } from "./register.ts";

/** What became of a visit. */
export interface VisitRegistration {
  readonly quality: RegistrationQuality;
  /** Share of the body at the first visit that the later one's images show, where they were carried; else null. */
  readonly coverage: number | null;
}

/** A visit that was carried: its images and masks now lie on the grid of the first visit. */
export interface CarriedVisit {
  readonly prepared: PreparedSeries;
  readonly registration: VisitRegistration;
  /** Carries a mask of the visit's own grid, each class linearly. */
  readonly onto: (mask: LabelMap) => LabelMap;
  /** Carries a mask back to the grid on which the visit was prepared. */
  readonly back: (mask: LabelMap) => LabelMap;
}

/** A visit that stays where it was, since nothing was better. */
export interface StillVisit {
  readonly prepared: PreparedSeries;
  /** Null where registration failed. */
  readonly registration: VisitRegistration | null;
}

/** Below this share much of the first visit's body has nothing to compare with. */
const LEAST_COVERAGE = 0.8; // assumption

/**
 * Registers the early phase of a visit to that of the first one and carries all its phases, each interpolated once from what was acquired, through its own motion too.
 * Enhancement and quality stay as they were measured in the visit's own frame. A result that is not better is not kept.
 *
 * @param first the visit before chemotherapy. @param subject study identifier of the later examination.
 */
export async function registerVisit(
  first: PreparedSeries,
  visit: PreparedSeries,
  kind: RegistrationKind,
  subject: string,
  signal?: AbortSignal,
): Promise<WithIssues<CarriedVisit | StillVisit>> {
  const fixed = earlyPhase(first);
  const moving = earlyPhase(visit);
  const mask = bodyMask(fixed);
  const middles = [middleShift(mask, bodyMask(moving))];
  const issues: Issue[] = [];
  const tell = (code: string, severity: Severity, message: string) =>
    issues.push({ code, severity, subject, message });
  try {
    const { quality, transform } = await register({ fixed, moving, mask, kind, middles }, signal);
    if (quality.reason !== null) {
      const done =
        quality.kept === "none" ? "it stays on its own grid" : `only the ${quality.kept} part is kept`;
      tell(
        "visit-registration-not-better",
        quality.kept === "none" ? "warning" : "info",
        `Registering the visit to the one before chemotherapy did not bring it closer, ${done}: ${quality.reason}.`,
      );
    }
    if (quality.kept === "none") {
      return { value: { prepared: visit, registration: { quality, coverage: null } }, issues };
    }
    const covered = coveredShare(mask, moving.grid, transform);
    if (covered < LEAST_COVERAGE) {
      tell(
        "visit-registration-coverage",
        "warning",
        `The visit shows ${(100 * covered).toFixed(0)} % of the body in the images before chemotherapy, where at least ${100 * LEAST_COVERAGE} % is expected; the rest is 0.`,
      );
    }
    const own = moving.grid;
    const value: CarriedVisit = {
      prepared: { ...visit, series: carriedSeries(visit, transform, fixed.grid), changed: true },
      registration: { quality, coverage: covered },
      onto: (labels) => warpLabels(labels, transform, fixed.grid),
      back: (labels) => warpLabels(labels, inverse(transform), own),
    };
    return { value, issues };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof ResiduaError)) throw error;
    tell(
      error.code,
      "warning",
      `The visit could not be registered to the one before chemotherapy and stays on its own grid: ${error.message}`,
    );
    return { value: { prepared: visit, registration: null }, issues };
  }
}

function earlyPhase({ series }: PreparedSeries) {
  return series.phases[findPhases(series.timesSeconds).early];
}

function carriedSeries({ sources, series }: PreparedSeries, transform: SpatialTransform, grid: Grid) {
  const phases = sources.map((phase) => warpCovered(phase.volume, [...transform, ...phase.transform], grid));
  return createDceSeries(phases, series.timesSeconds, series.imagedBreast);
}

function coveredShare(mask: LabelMap, moving: Grid, transform: SpatialTransform): number {
  const { data } = coverage(moving, transform, mask.grid);
  let [inside, shown] = [0, 0];
  for (let voxel = 0; voxel < data.length; voxel++) {
    if (mask.data[voxel] === 0) continue;
    inside++;
    shown += data[voxel];
  }
  return inside === 0 ? 0 : shown / inside;
}
