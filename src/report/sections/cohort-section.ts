/** The patients: one column per set. */
import type { Characteristic, CohortSummary } from "../cohort-summary.ts";
import { count, fixed, interval, share } from "../format.ts";
import { html } from "../html.ts";
import type { Section } from "../section.ts";
import { renderTable, type TableRow } from "../table.ts";

const SET_TITLES: Readonly<Record<string, string>> = { train: "Training set", test: "External test set" };

export function cohortSection({ sets, characteristics }: CohortSummary): Section {
  const table = renderTable({
    caption: "Characteristics of the patients",
    columns: [
      { label: "" },
      ...sets.map(({ name, patients }) => ({
        label: `${SET_TITLES[name] ?? name} (n ${count(patients)})`,
        align: "number" as const,
      })),
    ],
    rows: characteristics.flatMap((characteristic) => rowsOf(characteristic, sets)),
    missing: "no patient of the set has a value.",
    notes: [
      "Numbers: median [first quartile, third quartile]. Categories: patients (share of those with a value).",
    ],
  });
  return { id: "patients", title: "Patients", body: html`${table}`, figures: [] };
}

function rowsOf(characteristic: Characteristic, sets: CohortSummary["sets"]): TableRow[] {
  const { label, missing } = characteristic;
  const missingRow = missing.some((patients) => patients > 0) ? [["missing", ...missing.map(count)]] : [];
  if (characteristic.kind === "numeric") {
    const most = Math.max(...characteristic.distributions.map((distribution) => distribution?.q3 ?? 0));
    const decimals = most >= 100 ? 0 : most >= 10 ? 1 : 2;
    const cells = characteristic.distributions.map((distribution) =>
      distribution === null
        ? fixed(null)
        : `${fixed(distribution.median, decimals)} ${interval([distribution.q1, distribution.q3], fixed, decimals)}`,
    );
    return [{ heading: label }, ["median [quartiles]", ...cells], ...missingRow];
  }
  const known = sets.map(({ patients }, i) => patients - missing[i]);
  return [
    { heading: label },
    ...characteristic.levels.map(({ level, counts }) => [level, ...counts.map((n, i) => share(n, known[i]))]),
    ...missingRow,
  ];
}
