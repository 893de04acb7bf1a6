/** A comparison as text for a terminal. */
import type { AucEndpoint, Comparison, SpearmanEndpoint } from "../statistics/comparison-result.ts";
import type { MissingAnalysis } from "../statistics/missing-comparison.ts";

/** One block per endpoint: the models, then the differences. */
export function describeComparison({ n, endpoints }: Pick<Comparison, "n" | "endpoints">): string {
  const blocks = Object.entries(endpoints).map(([name, endpoint]) => describeEndpoint(name, endpoint));
  return [`${n} patients`, ...blocks].join("\n\n");
}

/** The analysis of missing outcomes: one block per endpoint. */
export function describeMissingOutcomes({
  method,
  covariates,
  endpoints,
}: Omit<MissingAnalysis, "issues">): string {
  const how = method === "ipw" ? "inverse-probability weights" : "multiple imputation";
  const blocks = Object.entries(endpoints).map(([name, { n, known, models, pairs }]) =>
    [
      `${name}, ${known} of ${n} outcomes known:`,
      ...Object.entries(models).map(
        ([model, { value, ci }]) => `  ${model}  AUC ${figure(value)} ${interval(ci)}`,
      ),
      ...pairs.map(({ a, b, value, ci }) => `  ${b} − ${a}: ${figure(value)} ${interval(ci)}`),
    ].join("\n"),
  );
  return [`Missing outcomes by ${how} on ${covariates.join(", ")}`, ...blocks].join("\n");
}

function describeEndpoint(name: string, endpoint: AucEndpoint | SpearmanEndpoint): string {
  const figures =
    endpoint.metric === "auc"
      ? Object.entries(endpoint.models).map(([model, { auc, ci, n }]) => [model, auc, ci, n] as const)
      : Object.entries(endpoint.models).map(([model, { rho, ci, n }]) => [model, rho, ci, n] as const);
  const width = Math.max(...figures.map(([model]) => model.length), 10);
  const unit = endpoint.metric === "auc" ? "AUC" : "rho";
  const lines = [
    `${name}${endpoint.primary ? " (primary)" : ""}: ${endpoint.meaning}`,
    ...figures.map(
      ([model, value, ci, n]) => `  ${model.padEnd(width)}  ${unit} ${figure(value)} ${interval(ci)}  n ${n}`,
    ),
    ...endpoint.pairs.map(
      (pair) =>
        `  ${pair.b} − ${pair.a}: ${figure(pair.difference)} ${interval(pair.ci)}  p ${probability(pair.p)}, Holm ${probability(pair.pHolm)}`,
    ),
  ];
  return lines.join("\n");
}

function figure(value: number | null): string {
  return value === null ? "–" : value.toFixed(3);
}

function interval(ci: readonly [number, number] | null): string {
  return ci === null ? "" : `[${ci[0].toFixed(3)}, ${ci[1].toFixed(3)}]`;
}

function probability(p: number | null): string {
  if (p === null) return "–";
  return p < 0.001 ? "<0.001" : p.toFixed(3);
}
