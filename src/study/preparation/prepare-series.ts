/** What is done to a dynamic series before networks see it, and what is measured on it: the same in a study and for a new patient. */
import type { DceSeries } from "../../domain/dce.ts";
import type { Grid } from "../../domain/grid.ts";
import type { Issue, WithIssues } from "../../domain/issues.ts";
import { biasField, withoutBias } from "../../imaging/bias-field/bias-field.ts";
import type { SideEvidence } from "../../imaging/breast-side.ts";
import { type EnhancementMeasures, type FtvPlace, measureEnhancement } from "../../imaging/enhancement.ts";
import {
  type ExaminationQuality,
  examinationQuality,
  qualityIssues,
} from "../../imaging/examination-quality.ts";
import { replaceNonFinite } from "../../imaging/non-finite.ts";
import { bodyMask } from "../../imaging/regions.ts";
import type { ImagesConfig } from "../schema.ts";
import { type ChosenBreast, cutToBreast, sideKnown } from "./breast-choice.ts";
import { type PhaseRegistration, type PhaseSource, registerSeries } from "./registration/series.ts";

export interface PreparedSeries {
  readonly series: DceSeries;
  /** Grid of the images as they were acquired, before they were cut to one breast. */
  readonly acquired: Grid;
  /** Whether the series differs from what was read. */
  readonly changed: boolean;
  readonly measures: EnhancementMeasures;
  readonly quality: ExaminationQuality;
  readonly registrations: readonly PhaseRegistration[];
  /** Where each phase came from, for interpolating it once where the visit is registered to another. */
  readonly sources: readonly PhaseSource[];
  /** The breast that was cut out, where that was asked. */
  readonly breast: Omit<ChosenBreast, "series"> | null;
  /** The side of the tumour, where it was asked for and something tells it. */
  readonly side: SideEvidence | undefined;
}

export interface PreparationOptions {
  /** The side of the tumour, where the table or another visit tells it; what the series says itself comes first. */
  readonly side?: SideEvidence;
  readonly signal?: AbortSignal;
}

/**
 * Cuts to one breast, takes out the bias field and motion between phases as configured, and measures enhancement and quality on what results.
 *
 * @param subject study identifier of the examination, for issues.
 * @throws {DataError} `series-phases` without a post-contrast phase.
 */
export async function prepareSeries(
  acquired: DceSeries,
  config: ImagesConfig,
  subject: string,
  { side: known, signal }: PreparationOptions = {},
): Promise<WithIssues<PreparedSeries>> {
  const issues: Issue[] = [];
  const finite = {
    ...acquired,
    phases: acquired.phases.map((phase) => replaceNonFinite(phase, subject).value),
  };
  let series: DceSeries = finite;
  let breast: PreparedSeries["breast"] = null;
  let side: SideEvidence | undefined;
  if (config.breast === "tumour-side") {
    const { value, issues: found } = cutToBreast(series, known, config.ftv, subject);
    ({ series } = value);
    side = value.evidence;
    breast = { box: value.box, evidence: value.evidence };
    issues.push(...found);
  } else if (config.ftv.region === "breast") {
    const { value, issues: found } = sideKnown(series, known, subject);
    side = value;
    issues.push(...found);
  }
  if (config.biasField) series = corrected(series);
  let registrations: readonly PhaseRegistration[] = [];
  let sources: readonly PhaseSource[] = series.phases.map((volume) => ({ volume, transform: [] }));
  if (config.registration !== "none") {
    const registered = await registerSeries(series, config.registration, subject, signal);
    ({ series, registrations, sources } = registered.value);
    issues.push(...registered.issues);
  }
  const place: FtvPlace =
    config.ftv.region === "breast" && side != null && side.side !== null
      ? { region: "breast", side: side.side }
      : { region: config.ftv.region };
  const enhancement = measureEnhancement(series, config.ftv, place);
  const quality = examinationQuality(
    series,
    enhancement,
    registrations.map((phase) => phase.quality),
  );
  issues.push(
    ...enhancement.issues.map((issue) => ({ ...issue, subject })),
    ...qualityIssues(quality, subject),
  );
  return {
    value: {
      series,
      acquired: finite.phases[0].grid,
      changed: series !== finite,
      measures: enhancement.measures,
      quality,
      registrations,
      sources,
      breast,
      side,
    },
    issues,
  };
}

/** The coil stays where it is while the breast moves and enhances, so that one field serves all phases. */
function corrected(series: DceSeries): DceSeries {
  const [pre] = series.phases;
  const field = biasField(pre, bodyMask(pre));
  return { ...series, phases: series.phases.map((phase) => withoutBias(phase, field)) };
}
