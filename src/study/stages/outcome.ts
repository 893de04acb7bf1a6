/** The stage that fits the outcome models and predicts every patient. */
import path from "node:path";
import type { ClinicalValue } from "../../domain/cohort.ts";
import { deriveKey, randomKey } from "../../domain/random.ts";
import { writeAtomically } from "../../io/files.ts";
import { writeCsv } from "../../io/tables/write.ts";
import { RESERVED_COLUMNS } from "../compare.ts";
import { fitOutcomeModels, type OutcomeModels } from "../outcome-models.ts";
import { modelName, type StudyConfig } from "../schema.ts";
import { type FinishedStage, hashJson, type RunContext, runStage } from "../stage.ts";
import type { ModelTable } from "./model-table.ts";

export interface Predictions extends Pick<OutcomeModels, "predictions" | "target"> {
  /** Models whose predictions are on the scale of the outcome; a bare column has a scale of its own. */
  readonly scaled: readonly string[];
}

/** The fixed models, in the run folder; `residua predict` reads them. */
export const OUTCOME_MODELS_FILE = path.join("models", "outcome-models.json");

export async function outcomeStage(
  run: RunContext,
  config: StudyConfig,
  { patients, imageColumns }: ModelTable,
): Promise<FinishedStage<Predictions>> {
  return runStage(run, {
    name: "outcome-models",
    inputs: {
      models: config.models,
      minIcc: config.features.stability?.minIcc ?? null,
      forest: config.forest,
      rows: hashJson(patients),
      imageColumns: hashJson(imageColumns),
    },
    async make() {
      const task = run.progress.begin("outcome models", 1);
      const key = deriveKey(randomKey(run.seed), "outcome-models");
      const { predictions, fitted, target, issues } = fitOutcomeModels(config, patients, imageColumns, key);
      const names = config.models.map(modelName);
      await writeCsv(
        path.join(run.folder, "predictions.csv"),
        [...RESERVED_COLUMNS, ...names],
        patients.map(({ id, set, outcome }, i) => {
          const row: Record<string, ClinicalValue> = {
            patient_id: id,
            set,
            rcb_score: outcome.rcbScore,
            rcb_class: outcome.rcbClass,
            pcr: outcome.pcr === null ? null : Number(outcome.pcr),
          };
          for (const name of names) row[name] = predictions[name][i];
          return row;
        }),
      );
      await writeAtomically(path.join(run.folder, OUTCOME_MODELS_FILE), JSON.stringify({ target, fitted }));
      task.advance();
      task.done(`${names.length} models of ${target}`);
      const scaled = names.filter((name) => Object.hasOwn(fitted, name) && fitted[name].kind !== "column");
      return {
        value: { predictions, target, scaled },
        outputs: ["predictions.csv", OUTCOME_MODELS_FILE],
        issues,
      };
    },
  });
}
