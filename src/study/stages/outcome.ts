/** The stage that fits the outcome models and predicts every patient. */
import { availableParallelism } from "node:os";
import path from "node:path";
import type { ClinicalValue } from "../../domain/cohort.ts";
import { deriveKey, type RandomKey, randomKey } from "../../domain/random.ts";
import { writeAtomically } from "../../io/files.ts";
import { writeCsv } from "../../io/tables/write.ts";
import { toModelJson } from "../../models/model-json.ts";
import type { FitForest } from "../../models/random-forest.ts";
import { TreeWorkers } from "../../models/tree-workers.ts";
import { RESERVED_COLUMNS } from "../compare.ts";
import { type Controls, makeControls } from "../controls.ts";
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

/** Prediction intervals of the single forests, where the study asks for them. */
const INTERVALS_FILE = "intervals.csv";

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
      // The number of threads does not change the result.
      forest: { ...config.forest, threads: undefined },
      reduction: config.reduction,
      rows: hashJson(patients),
      imageColumns: hashJson(imageColumns),
    },
    async make() {
      const task = run.progress.begin("outcome models", 1);
      const { predictions, intervals, fitted, target, issues } = await onThreads(config, (fit) =>
        fitOutcomeModels(config, patients, imageColumns, outcomeKey(run), fit),
      );
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
      await writeAtomically(path.join(run.folder, OUTCOME_MODELS_FILE), toModelJson({ target, fitted }));
      const written = ["predictions.csv", OUTCOME_MODELS_FILE];
      if (config.forest.intervals !== undefined) {
        await writeIntervals(run, patients, intervals);
        written.push(INTERVALS_FILE);
      }
      task.advance();
      task.done(`${names.length} models of ${target}`);
      const scaled = names.filter((name) => Object.hasOwn(fitted, name) && fitted[name].kind !== "column");
      return {
        value: { predictions, target, scaled },
        outputs: written,
        issues,
      };
    },
  });
}

/** The stage that makes the controls of models on deep features; without such a model there is nothing to do. */
export async function controlsStage(
  run: RunContext,
  config: StudyConfig,
  { patients, imageColumns }: ModelTable,
  outcome: FinishedStage<Predictions>,
): Promise<FinishedStage<Controls> | null> {
  if (
    config.networks.length === 0 ||
    !config.models.some((model) => typeof model === "object" && "deep" in model)
  ) {
    return null;
  }
  return runStage(run, {
    name: "controls",
    inputs: {
      controls: config.controls,
      models: outcome.hash,
      rows: hashJson(patients),
    },
    async make() {
      const task = run.progress.begin("controls", 1);
      const controls = await onThreads(config, (fit) =>
        makeControls({
          config,
          patients,
          imageColumns,
          predictions: outcome.value.predictions,
          key: outcomeKey(run),
          fit,
        }),
      );
      await writeAtomically(
        path.join(run.folder, "controls.json"),
        `${JSON.stringify(controls.models, null, 2)}\n`,
      );
      task.advance();
      task.done();
      return { value: controls, outputs: ["controls.json"], issues: controls.issues };
    },
  });
}

function outcomeKey(run: RunContext): RandomKey {
  return deriveKey(randomKey(run.seed), "outcome-models");
}

async function onThreads<T>({ forest }: StudyConfig, work: (fit: FitForest) => Promise<T>): Promise<T> {
  const workers = new TreeWorkers(forest.threads ?? availableParallelism());
  try {
    return await work((training, options, key) => workers.fit(training, options, key));
  } finally {
    await workers.dispose();
  }
}

async function writeIntervals(
  run: RunContext,
  patients: ModelTable["patients"],
  intervals: OutcomeModels["intervals"],
): Promise<void> {
  const rows = patients.flatMap(({ id, set }, i) =>
    Object.entries(intervals).flatMap(([model, bounds]): Record<string, ClinicalValue>[] => {
      const bound = bounds[i];
      return bound === null ? [] : [{ patient_id: id, set, model, low: bound[0], high: bound[1] }];
    }),
  );
  await writeCsv(path.join(run.folder, INTERVALS_FILE), ["patient_id", "set", "model", "low", "high"], rows);
}
