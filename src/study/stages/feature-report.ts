/** What the report says of deep features: how many, how stable, and which codes occur. */
import type { Cohort } from "../../domain/cohort.ts";
import { perplexity } from "../../features/code-histogram.ts";
import type { CodeUse, FeatureSummary, StabilityGroup, StabilitySummary } from "../../report/report-input.ts";
import type { StudyConfig } from "../schema.ts";
import type { AppliedPatient } from "./examinations.ts";
import { featureName, type NetworkStability } from "./features.ts";

export interface FeatureReportRequest {
  readonly network: string;
  readonly config: StudyConfig;
  readonly cohort: Cohort;
  readonly foldOf: ReadonlyMap<string, number>;
  readonly applied: ReadonlyMap<string, AppliedPatient>;
  readonly stability: NetworkStability | undefined;
}

export function summariseFeatures(request: FeatureReportRequest): FeatureSummary {
  const { network, config, stability } = request;
  const [first] = [...request.applied.values()].flatMap(({ examinations }) => examinations);
  const columns = first?.features.columns ?? [];
  const codes = codeUse(request, columns);
  const { stability: perturbed, regions, rimMm } = config.features;
  return {
    network,
    columns: columns.length,
    regions,
    rimMm,
    ...(stability === undefined || perturbed === undefined
      ? {}
      : { stability: stabilityOf(stability, perturbed) }),
    ...(codes === undefined ? {} : { codes }),
  };
}

function stabilityOf(
  { columns }: NetworkStability,
  { shifts, mirrorAxes, minIcc }: NonNullable<StudyConfig["features"]["stability"]>,
): StabilitySummary {
  const groups = new Map<string, StabilityGroup & { icc: (number | null)[] }>();
  for (const { column, icc } of columns) {
    const { visit, region, statistic } = featureName(column);
    const key = [visit, region, statistic].join(".");
    const group = groups.get(key) ?? { visit, region, statistic, icc: [] };
    group.icc.push(icc);
    groups.set(key, group);
  }
  return {
    patients: columns.reduce((most, { n }) => Math.max(most, n), 0),
    shiftsVoxels: shifts,
    mirrorAxes: mirrorAxes.length,
    groups: [...groups.values()],
    ...(minIcc === undefined ? {} : { minIcc }),
  };
}

/** Undefined for a network without codes. */
function codeUse(request: FeatureReportRequest, columns: readonly string[]): CodeUse | undefined {
  const regions = [...new Set(columns.filter(isCode).map((column) => column.split(".")[0]))];
  if (regions.length === 0) return undefined;
  const widest = regions.includes("breast") ? "breast" : regions[regions.length - 1];
  const folds = Array.from({ length: request.config.training.folds }, (_, fold) => fold);
  return {
    region: widest,
    networks: folds.map((fold) => {
      const shares = meanShares(request, columns, fold, widest);
      return {
        fold,
        codes: shares.length,
        used: shares.filter((share) => share > 0).length,
        perplexity: perplexity(shares),
      };
    }),
    histograms: regions.map((region) => ({
      region,
      pre: meanShares(request, columns, 0, region, "pre"),
      post: meanShares(request, columns, 0, region, "post"),
    })),
  };
}

function isCode(column: string): boolean {
  return column.split(".")[1] === "code";
}

/** Mean share of each code over the examinations that a fold's network has not seen. */
function meanShares(
  { cohort, foldOf, applied }: FeatureReportRequest,
  columns: readonly string[],
  fold: number,
  region: string,
  visit?: string,
): number[] {
  const at = [...columns.keys()].filter((i) => columns[i].startsWith(`${region}.code.`));
  const rows = cohort.patients.flatMap(({ id }) => {
    const own = foldOf.get(id);
    if (own !== undefined && own !== fold) return [];
    return (applied.get(id)?.examinations ?? [])
      .filter((examination) => visit === undefined || examination.visit === visit)
      .map(({ features }) => features.rows[own === undefined ? fold : 0])
      .filter((row) => row[at[0]] !== null);
  });
  return at.map(
    (column) => rows.reduce((sum, row) => sum + (row[column] ?? 0), 0) / Math.max(1, rows.length),
  );
}
