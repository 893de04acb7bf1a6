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

export function imagingSection({ rows, registration, thresholds }: ImagingSummary): Section {
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
      ...MEASURES.map(
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
