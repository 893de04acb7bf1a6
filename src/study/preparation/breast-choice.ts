/** The breast that a study looks at: by what the images say, else by the clinical table or an earlier visit, else by enhancement. */
import type { BreastSide } from "../../domain/breast.ts";
import type { ClinicalValue } from "../../domain/cohort.ts";
import type { DceSeries } from "../../domain/dce.ts";
import type { Issue, WithIssues } from "../../domain/issues.ts";
import {
  holdsBothBreasts,
  type SideEvidence,
  sideBox,
  sideByEnhancement,
} from "../../imaging/breast-side.ts";
import { type Box, crop } from "../../imaging/cropping.ts";
import { type FtvThresholds, measureEnhancement } from "../../imaging/enhancement.ts";
import { bodyMask } from "../../imaging/regions.ts";

const WRITTEN_SIDES: Readonly<Record<string, BreastSide>> = {
  l: "left",
  left: "left",
  r: "right",
  right: "right",
};

/**
 * What a clinical table says of the side; undefined where it says neither left nor right, with an issue where it says something else.
 *
 * @param subject study identifier of the patient, for the issue.
 */
export function sideOfTable(
  value: ClinicalValue | undefined,
  subject: string,
): WithIssues<SideEvidence | undefined> {
  const written = String(value ?? "")
    .trim()
    .toLowerCase();
  const side = Object.hasOwn(WRITTEN_SIDES, written) ? WRITTEN_SIDES[written] : undefined;
  if (side !== undefined) {
    return { value: { side, reason: `the clinical table names the ${side} breast` }, issues: [] };
  }
  if (written === "") return { value: undefined, issues: [] };
  const message =
    "The clinical table names a side that is neither left nor right (l, left, r, right); it was not used.";
  return {
    value: undefined,
    issues: [{ code: "breast-side-unread", severity: "warning", message, subject }],
  };
}

export interface ChosenBreast {
  readonly series: DceSeries;
  /** Part of the acquired image that was kept; null for all of it. */
  readonly box: Box | null;
  readonly evidence: SideEvidence;
}

/** What the series itself says of the side comes before what is known otherwise; a contradiction is an issue. */
export function sideKnown(
  { imagedBreast }: DceSeries,
  known: SideEvidence | undefined,
  subject: string,
): WithIssues<SideEvidence | undefined> {
  if (imagedBreast === undefined) return { value: known, issues: [] };
  const { side, attribute } = imagedBreast;
  const value = { side, reason: `${attribute} of the images names the ${side} breast` };
  if (known === undefined || known.side === null || known.side === side) return { value, issues: [] };
  const message = `${value.reason}, but ${known.reason}. The images were followed. Check which breast has the tumour, and that the images are of this patient and visit.`;
  return { value, issues: [{ code: "breast-side-contradiction", severity: "warning", message, subject }] };
}

/**
 * Cuts a series to one breast. Where the side is not known, or the image holds one breast, it stays whole.
 *
 * @param known side from the table or another visit. What the series says itself comes before it, and enhancement decides where neither
 *   tells.
 */
export function cutToBreast(
  series: DceSeries,
  known: SideEvidence | undefined,
  thresholds: FtvThresholds,
  subject: string,
): WithIssues<ChosenBreast> {
  const { value: told, issues } = sideKnown(series, known, subject);
  const evidence = told ?? evidenceOf(series, thresholds);
  const body = bodyMask(series.phases[0]);
  if (evidence.side === null || !holdsBothBreasts(body)) {
    const reason = evidence.side === null ? evidence.reason : "the image holds one breast";
    return {
      value: { series, box: null, evidence },
      issues: [...issues, issue("breast-side-whole", `The image was not cut: ${reason}.`, subject)],
    };
  }
  const box = sideBox(body, evidence.side);
  const phases = series.phases.map((phase) => crop(phase, box));
  return {
    value: { series: { ...series, phases }, box, evidence },
    issues: [
      ...issues,
      issue("breast-side", `The image was cut to the ${evidence.side} breast: ${evidence.reason}.`, subject),
    ],
  };
}

function evidenceOf(series: DceSeries, thresholds: FtvThresholds): SideEvidence {
  const { ftv, body } = measureEnhancement(series, thresholds, { region: "body" });
  return sideByEnhancement(ftv, body);
}

function issue(code: string, message: string, subject: string): Issue {
  return { code, severity: "info", message, subject };
}
