/** `residua run`: a study from its file to its report. */
import { existsSync } from "node:fs";
import path from "node:path";
import type { Cohort } from "../domain/cohort.ts";
import type { Issue } from "../domain/issues.ts";
import { randomKey } from "../domain/random.ts";
import { readText, writeAtomically } from "../io/files.ts";
import { readStudyCohort } from "./cohort.ts";
import { createEngine, type EngineRequest } from "./engines.ts";
import { FileHashes } from "./file-hashes.ts";
import type { Progress } from "./progress.ts";
import type { NetworkKind, StudyConfig } from "./schema.ts";
import { readModel } from "./segmentation/model-folder.ts";
import { createPredictor } from "./segmentation/predict-case.ts";
import type { FinishedStage, RunContext, StageManifest } from "./stage.ts";
import { type AppliedPatient, applyStage } from "./stages/examinations.ts";
import { writeFeatures, writeStability } from "./stages/features.ts";
import { foldOfPatients } from "./stages/folds.ts";
import { modelTable } from "./stages/model-table.ts";
import { type NetworkStages, planStage, trainStages } from "./stages/network.ts";
import { outcomeStage } from "./stages/outcome.ts";
import { postprocessingStage } from "./stages/postprocessing.ts";
import { type NetworkResults, type StudyResults, writeReport } from "./stages/report.ts";
import { type SetComparison, statisticsStage } from "./stages/statistics.ts";
import { readStudyFile, type StudyFile } from "./study-file.ts";
import { VERSIONS } from "./versions.ts";

export interface RunRequest {
  readonly studyFile: string;
  /** Folder of the results; by default `results/<name of the study>` in the working folder. */
  readonly folder?: string;
  /** Goes before the study file's seed. */
  readonly seed?: number;
  readonly engine?: EngineRequest;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

export interface RunOutcome {
  readonly folder: string;
  readonly report: string;
  readonly comparisons: readonly SetComparison[];
  readonly issues: readonly Issue[];
  /** Mean Dice of the set's tumours per network and visit, where there are reference masks. */
  readonly segmentationDice: readonly {
    network: string;
    set: string;
    visit: string;
    dice: number;
    n: number;
  }[];
}

/**
 * Runs a study. What a former run has left and whose inputs are unchanged is taken as it is, so an interrupted run goes
 * on where it stopped.
 *
 * @throws {DataError} or {UsageError} where the study cannot be run at all; what concerns single patients becomes issues.
 */
export async function runStudy(request: RunRequest): Promise<RunOutcome> {
  const study = await readStudyFile(request.studyFile);
  const { config } = study;
  const run: RunContext = {
    folder: request.folder ?? path.join("results", slug(config.name)),
    seed: request.seed ?? config.seed,
    progress: request.progress,
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  };
  const { value: cohort, issues: cohortIssues } = await readStudyCohort(study);
  const folds = foldOfPatients(cohort, config.training.folds, randomKey(run.seed));
  const engine = createEngine(request.engine);
  const stages: NetworkStages = { run, config, cohort, hashes: new FileHashes(), engine };
  const networks = await runNetworks(stages, folds.value);
  const applied = new Map(networks.results.map(({ kind, applied: found }) => [kind as NetworkKind, found]));
  await writeFeatures(run, cohort, folds.value, applied);
  const table = modelTable(cohort, folds.value, applied);
  const stability = await writeStability(run, table);
  const outcome = await outcomeStage(run, config, table);
  const statistics = await statisticsStage(run, config, cohort, outcome);
  const issues = [
    ...cohortIssues,
    ...folds.issues,
    ...networks.stages.flatMap((stage) => stage.issues),
    ...outcome.issues,
  ];
  const results: StudyResults = {
    cohort,
    networks: networks.results,
    stability,
    foldOf: folds.value,
    outcome,
    comparisons: statistics.value,
    issues,
    engine: `${engine.name} ${engine.precision}`,
  };
  await writeManifest(run, study, cohort, [...networks.stages, outcome, statistics], statistics, issues);
  await writeReport(run, study, results);
  return {
    folder: run.folder,
    report: path.join(run.folder, "report.html"),
    comparisons: statistics.value,
    issues,
    segmentationDice: meanDice(cohort, networks.results),
  };
}

interface NetworksDone {
  readonly results: readonly NetworkResults[];
  readonly stages: readonly FinishedStage<unknown>[];
}

async function runNetworks(
  stages: NetworkStages,
  foldOf: ReadonlyMap<string, number>,
): Promise<NetworksDone> {
  if (stages.config.networks.length === 0) return { results: [], stages: [] };
  const planned = await planStage(stages);
  const done: FinishedStage<unknown>[] = [planned];
  const results: NetworkResults[] = [];
  for (const kind of stages.config.networks) {
    const folds = await trainStages(stages, kind, planned, foldOf);
    done.push(...folds);
    const applied = await applyNetwork(
      stages,
      kind,
      folds.map(({ hash }) => hash),
      foldOf,
      done,
    );
    results.push({ kind, planned: planned.value, folds: folds.map(({ value }) => value), applied });
  }
  return { results, stages: done };
}

/** A training patient is seen by the one network that was trained without it, a test patient by all. */
async function applyNetwork(
  stages: NetworkStages,
  kind: NetworkKind,
  modelHashes: readonly string[],
  foldOf: ReadonlyMap<string, number>,
  done: FinishedStage<unknown>[],
): Promise<ReadonlyMap<string, AppliedPatient>> {
  const { run, config, cohort, hashes, engine } = stages;
  const models = await Promise.all(
    modelHashes.map((_, fold) => readModel(path.join(run.folder, "models", kind, `fold-${fold}`))),
  );
  const networks = await createPredictor(models, engine);
  let predictor = networks;
  if (config.inference.postprocess === "auto") {
    const decided = await postprocessingStage({ stages, kind, predictor, modelHashes, foldOf });
    done.push(decided);
    predictor = networks.withPostprocessing(decided.value);
  }
  const task = run.progress.begin(`segment with ${kind}`, cohort.patients.length);
  const applied = new Map<string, AppliedPatient>();
  try {
    for (const patient of cohort.patients) {
      run.signal?.throwIfAborted();
      const fold = foldOf.get(patient.id);
      const folds = fold === undefined ? modelHashes.map((_, index) => index) : [fold];
      const stage = await applyStage({ run, config, hashes, kind, predictor, modelHashes, patient, folds });
      applied.set(patient.id, stage.value);
      done.push(stage);
      task.advance();
    }
  } finally {
    await networks.dispose();
  }
  task.done(`${applied.size} patients`);
  return applied;
}

function meanDice(cohort: Cohort, networks: readonly NetworkResults[]): RunOutcome["segmentationDice"] {
  return networks.flatMap(({ kind, applied }) =>
    (["test", "train"] as const).flatMap((set) =>
      ["pre", "post"].flatMap((visit) => {
        const values = cohort.patients
          .filter((patient) => patient.set === set)
          .flatMap(({ id }) => applied.get(id)?.examinations ?? [])
          .filter((examination) => examination.visit === visit)
          .flatMap(({ agreement }) => agreement?.dice ?? []);
        if (values.length === 0) return [];
        const dice = values.reduce((sum, value) => sum + value, 0) / values.length;
        return [{ network: kind, set, visit, dice, n: values.length }];
      }),
    ),
  );
}

/** The run's record: configuration with all defaults, versions, stages, and each reading of the test set. */
async function writeManifest(
  run: RunContext,
  study: StudyFile,
  cohort: Cohort,
  stages: readonly FinishedStage<unknown>[],
  statistics: StageManifest<unknown> & { readonly cached: boolean },
  issues: readonly Issue[],
): Promise<void> {
  const file = path.join(run.folder, "manifest.json");
  const manifest = {
    study: study.config.name,
    studyFile: path.basename(study.file),
    configuration: { ...study.config, seed: run.seed } satisfies StudyConfig,
    defaulted: study.defaulted,
    seed: run.seed,
    versions: VERSIONS,
    patients: {
      train: cohort.patients.filter(({ set }) => set === "train").length,
      test: cohort.patients.filter(({ set }) => set === "test").length,
    },
    testReadings: await testReadings(file, cohort, statistics),
    stages: stages.map(({ stage, hash, inputsHash, seconds, finishedAt }) => ({
      stage,
      hash,
      inputsHash,
      seconds,
      finishedAt,
    })),
    issues,
  };
  await writeAtomically(file, `${JSON.stringify(manifest, null, 1)}\n`);
}

interface TestReading {
  readonly at: string;
  readonly models: string;
}

/** Every time that new models met the test set; more than one reading is for the reader to judge. */
async function testReadings(
  file: string,
  cohort: Cohort,
  statistics: StageManifest<unknown>,
): Promise<readonly TestReading[]> {
  if (!cohort.patients.some(({ set }) => set === "test")) return [];
  const former = existsSync(file)
    ? ((JSON.parse(await readText(file)) as { testReadings?: TestReading[] }).testReadings ?? [])
    : [];
  const reading = { at: statistics.finishedAt, models: statistics.inputsHash };
  return former.some(({ models }) => models === reading.models) ? former : [...former, reading];
}

/** A folder name: letters and digits of any script, the rest as hyphens. */
function slug(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, "-")
      .replace(/^-+|-+$/g, "") || "study"
  );
}
