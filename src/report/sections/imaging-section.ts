/** The examinations: how good they are, and what enhances in them. */
import { distributionOf } from "../distribution.ts";
import { count, fixed, interval, MISSING, share } from "../format.ts";
import { html } from "../html.ts";
import type { ImagingRow, ImagingSummary } from "../report-input.ts";
import type { Section } from "../section.ts";
import { renderTable, type TableRow } from "../table.ts";

interface Measure {
  readonly label: string;
  readonly value: (row: ImagingRow) => number | null;
  readonly decimals: number;
}

const MEASURES: readonly Measure[] = [
  { label: "early phase, s", value: ({ earlySeconds }) => earlySeconds, decimals: 0 },
  { label: "thickest voxel side, mm", value: ({ largestSpacingMm }) => largestSpacingMm, decimals: 1 },
  { label: "signal to noise before contrast", value: ({ signalToNoise }) => signalToNoise, decimals: 1 },
  { label: "motion between phases found, mm", value: ({ motionMm }) => motionMm, decimals: 2 },
  { label: "correlation of phases after registration", value: ({ correlation }) => correlation, decimals: 3 },
  {
    label: "strongest enhancement of tissue, %",
    value: ({ strongestEnhancementPercent }) => strongestEnhancementPercent,
    decimals: 0,
  },
  { label: "functional tumour volume, ml", value: ({ ftvMl }) => ftvMl, decimals: 1 },
  { label: "longest diameter of it, mm", value: ({ diameterMm }) => diameterMm, decimals: 0 },
  { label: "background enhancement, %", value: ({ backgroundPercent }) => backgroundPercent, decimals: 0 },
];

/** Shown where visits are carried to the first one. */
const VISIT_MEASURES: readonly Measure[] = [
  {
    label: "lies otherwise than before chemotherapy, mm",
    value: ({ visitMotionMm }) => visitMotionMm,
    decimals: 1,
  },
  {
    label: "correlation with that visit as acquired",
    value: ({ visitCorrelationBefore }) => visitCorrelationBefore,
    decimals: 3,
  },
  {
    label: "correlation with it after registration",
    value: ({ visitCorrelationAfter }) => visitCorrelationAfter,
    decimals: 3,
  },
];

/** What registration of visits does to the study's figures. */
const VISIT_NOTES: Readonly<Record<string, string>> = {
  rigid:
    "Networks see later visits on the grid of the one before chemotherapy, moved rigidly; enhancement is measured on the grid of each visit.",
  deformable:
    "Networks see later visits on the grid of the one before chemotherapy, deformed to match it: volumes after chemotherapy that they find are of deformed images. Enhancement is measured on the grid of each visit.",
};

export function imagingSection({ rows, registration, visits: carried, thresholds }: ImagingSummary): Section {
  const visits = [...new Set(rows.map(({ visit }) => visit))];
  const groups = visits.map((visit) => rows.filter((row) => row.visit === visit));
  const table = renderTable({
    caption: "Quality of the examinations, and enhancement",
    columns: [
      { label: "" },
      ...visits.map((visit, i) => ({
        label: `${visit} (n ${count(groups[i].length)})`,
        align: "number" as const,
      })),
    ],
    rows: [
      ...[...MEASURES, ...(carried in VISIT_NOTES ? VISIT_MEASURES : [])].map(
        (measure): TableRow => [measure.label, ...groups.map((group) => summary(group, measure))],
      ),
      [
        "cut to the breast with the tumour",
        ...groups.map((group) => share(group.filter(({ cut }) => cut).length, group.length)),
      ],
      ["fat suppressed (guessed)", ...groups.map((group) => share(suppressed(group), group.length))],
    ],
    missing: "no examination has a value.",
    notes: [
      "Median [first quartile, third quartile]. One row per examination is in quality.csv; what passes a limit is among the issues.",
      ...(carried in VISIT_NOTES ? [VISIT_NOTES[carried]] : []),
      `Motion between phases: ${registration === "none" ? "not registered" : `${registration} registration to the early phase`}. Functional tumour volume: ${thresholds}.`,
    ],
  });
  return { id: "imaging", title: "Examinations", body: html`${table}`, figures: [] };
}

function summary(group: readonly ImagingRow[], { value, decimals }: Measure): string {
  const found = distributionOf(group.map(value));
  return found === null
    ? MISSING
    : `${fixed(found.median, decimals)} ${interval([found.q1, found.q3], fixed, decimals)}`;
}

function suppressed(group: readonly ImagingRow[]): number {
  return group.filter(({ fatSuppression }) => fatSuppression === "suppressed").length;
}
