/** Deep features as tables, for other tools: one row per examination and network that gave them, and how stable each is. */
import path from "node:path";
import type { ClinicalValue, Cohort } from "../../domain/cohort.ts";
import { featureChange } from "../../features/change.ts";
import { writeCsv } from "../../io/tables/write.ts";
import { type ColumnStability, columnStability } from "../stability.ts";
import type { RunContext } from "../stage.ts";
import type { AppliedExamination } from "./examinations.ts";
import type { AppliedNetworks, ModelTable } from "./model-table.ts";

const HEAD = ["patient_id", "set", "visit", "fold", "volume_ml"];

/** Writes `features/<network>.csv`: the visits, and `change`, the later less the earlier. */
export async function writeFeatures(
  run: RunContext,
  cohort: Cohort,
  foldOf: ReadonlyMap<string, number>,
  applied: AppliedNetworks,
): Promise<void> {
  for (const [kind, byPatient] of applied) {
    const rows: Record<string, ClinicalValue>[] = [];
    let columns: readonly string[] = [];
    for (const { id, set } of cohort.patients) {
      const examinations = byPatient.get(id)?.examinations ?? [];
      for (const { visit, volumeMl, features } of [...examinations, ...changeOf(examinations)]) {
        columns = features.columns;
        features.rows.forEach((values, version) => {
          const row: Record<string, ClinicalValue> = {
            patient_id: id,
            set,
            visit,
            fold: foldOf.get(id) ?? version,
            volume_ml: volumeMl,
          };
          columns.forEach((column, i) => {
            row[column] = values[i];
          });
          rows.push(row);
        });
      }
    }
    await writeCsv(path.join(run.folder, "features", `${kind}.csv`), [...HEAD, ...columns], rows);
  }
}

type FeaturesOfVisit = Pick<AppliedExamination, "visit" | "volumeMl" | "features">;

/** One entry of the visit `change` where there are both `pre` and `post`, else none. */
export function changeOf(examinations: readonly FeaturesOfVisit[]): FeaturesOfVisit[] {
  const [pre, post] = ["pre", "post"].map((visit) => examinations.find((entry) => entry.visit === visit));
  if (pre === undefined || post === undefined) return [];
  const rows = pre.features.rows.map((before, network) => featureChange(before, post.features.rows[network]));
  return [
    {
      visit: "change",
      volumeMl: post.volumeMl - pre.volumeMl,
      features: { columns: pre.features.columns, rows },
    },
  ];
}

/** The stability of each deep feature of a network in all training patients. */
export interface NetworkStability {
  readonly network: string;
  readonly columns: readonly ColumnStability[];
}

/** Writes `features/stability.csv` where the study asks for stability; figures for the reader, not what models choose by. */
export async function writeStability(
  run: RunContext,
  { patients, imageColumns }: ModelTable,
): Promise<NetworkStability[]> {
  const networks = Object.entries(imageColumns.deep)
    .map(([network, columns]) => ({ network, columns: columnStability(patients, columns) }))
    .filter(({ columns }) => columns.length > 0);
  if (networks.length === 0) return [];
  const rows = networks.flatMap(({ columns }) =>
    columns.map(({ column, icc, n }) => ({
      column,
      ...featureName(column),
      icc: icc === null ? null : Number(icc.toFixed(6)),
      n,
    })),
  );
  const head = ["column", "network", "visit", "region", "statistic", "channel", "icc", "n"];
  await writeCsv(path.join(run.folder, "features", "stability.csv"), head, rows);
  return networks;
}

/** The parts of `network.visit.region.statistic.channel`. */
export function featureName(column: string) {
  const [network, visit, region, statistic, channel] = column.split(".");
  return { network, visit, region, statistic, channel };
}
