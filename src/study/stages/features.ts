/** Deep features as tables, for other tools: one row per examination and network that gave them. */
import path from "node:path";
import type { ClinicalValue, Cohort } from "../../domain/cohort.ts";
import { writeCsv } from "../../io/tables/write.ts";
import type { RunContext } from "../stage.ts";
import type { AppliedNetworks } from "./model-table.ts";

/** Writes `features/<network>.csv`. */
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
      for (const { visit, volumeMl, features } of byPatient.get(id)?.examinations ?? []) {
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
    const head = ["patient_id", "set", "visit", "fold", "volume_ml"];
    await writeCsv(path.join(run.folder, "features", `${kind}.csv`), [...head, ...columns], rows);
  }
}
