/** What is done to a dynamic series before networks see it, and what is measured on it: the same in a study and for a new patient. */
import type { DceSeries } from "../domain/dce.ts";
import type { Issue, WithIssues } from "../domain/issues.ts";
import { biasField, withoutBias } from "../imaging/bias-field/bias-field.ts";
import { type EnhancementMeasures, measureEnhancement } from "../imaging/enhancement.ts";
import {
  type ExaminationQuality,
  examinationQuality,
  qualityIssues,
} from "../imaging/examination-quality.ts";
import { replaceNonFinite } from "../imaging/non-finite.ts";
import { bodyMask } from "../imaging/regions.ts";
import { type PhaseRegistration, registerSeries } from "./registration/series.ts";
import type { ImagesConfig } from "./schema.ts";

export interface PreparedSeries {
  readonly series: DceSeries;
  /** Whether the series differs from what was read. */
  readonly changed: boolean;
  readonly measures: EnhancementMeasures;
  readonly quality: ExaminationQuality;
  readonly registrations: readonly PhaseRegistration[];
}

/**
 * Takes out the bias field and motion between phases as configured, and measures enhancement and quality on what results.
 *
 * @param subject study identifier of the examination, for issues.
 * @throws {DataError} `series-phases` without a post-contrast phase.
 */
export async function prepareSeries(
  acquired: DceSeries,
  config: ImagesConfig,
  subject: string,
  signal?: AbortSignal,
): Promise<WithIssues<PreparedSeries>> {
  const issues: Issue[] = [];
  const finite = {
    ...acquired,
    phases: acquired.phases.map((phase) => replaceNonFinite(phase, subject).value),
  };
  let series: DceSeries = config.biasField ? corrected(finite) : finite;
  let registrations: readonly PhaseRegistration[] = [];
  if (config.registration !== "none") {
    const registered = await registerSeries(series, config.registration, subject, signal);
    ({ series, registrations } = registered.value);
    issues.push(...registered.issues);
  }
  const enhancement = measureEnhancement(series, config.ftv);
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
    value: { series, changed: series !== finite, measures: enhancement.measures, quality, registrations },
    issues,
  };
}

/** The coil stays where it is while the breast moves and enhances, so that one field serves all phases. */
function corrected(series: DceSeries): DceSeries {
  const [pre] = series.phases;
  const field = biasField(pre, bodyMask(pre));
  return { ...series, phases: series.phases.map((phase) => withoutBias(phase, field)) };
}
