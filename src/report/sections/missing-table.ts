/** AUCs with unknown outcomes allowed for: one table beside the complete cases. */
import type { MissingAnalysis, MissingMethod } from "../../statistics/missing-comparison.ts";
import { ENDPOINT_TEXTS } from "../endpoints.ts";
import { fixed, interval, list, signed } from "../format.ts";
import { type Html, html } from "../html.ts";
import { renderTable } from "../table.ts";

const METHODS: Readonly<Record<MissingMethod, string>> = {
  ipw: "Patients with a known outcome are weighted by the inverse of its probability; intervals by the bootstrap, with the weights fitted anew in each resample.",
  impute:
    "Unknown outcomes are imputed 50 times by logistic regression on the covariates and scores, and pooled by Rubin’s rules.",
};

export function missingTable(analysis: Omit<MissingAnalysis, "issues"> | null): Html | null {
  if (analysis === null) return null;
  const { method, covariates, endpoints } = analysis;
  const found = Object.entries(endpoints) as [keyof typeof ENDPOINT_TEXTS, (typeof endpoints)["pcr"]][];
  if (found.length === 0) return null;
  return html`<h3>Missing outcomes</h3>
${renderTable({
  caption: "AUC with unknown outcomes allowed for",
  columns: [{ label: "Model" }, { label: "AUC", align: "number" }, { label: "95 % CI", align: "number" }],
  rows: found.flatMap(([name, endpoint]) =>
    endpoint === undefined
      ? []
      : [
          { heading: `${ENDPOINT_TEXTS[name].title}: ${endpoint.known} of ${endpoint.n} outcomes known` },
          ...Object.entries(endpoint.models).map(([model, { value, ci }]) => [
            model,
            fixed(value),
            interval(ci),
          ]),
          ...endpoint.pairs.map(({ a, b, value, ci }) => [
            `${b} − ${a}`,
            signed(value),
            interval(ci, signed),
          ]),
        ],
  ),
  missing: "undefined in too many resamples.",
  notes: [
    `${METHODS[method]} Right where the covariates (${list(covariates)}) explain whose outcome is missing, which the data cannot show; not tested, and outside Holm’s family.`,
  ],
})}`;
}
