/** `residua run`: a study from its file to its report. */
import path from "node:path";
import type { Cohort } from "../domain/cohort.ts";
import type { Issue } from "../domain/issues.ts";
import { randomKey } from "../domain/random.ts";
import { writeAtomically } from "../io/files.ts";
import { changeColumns } from "./change-columns.ts";
import { readStudyCohort } from "./cohort.ts";
import { createEngine, type EngineRequest } from "./engines.ts";
import { FileHashes } from "./file-hashes.ts";
import type { Progress } from "./progress.ts";
import { type NetworkKind, needsImages, type StudyConfig } from "./schema.ts";
import { readModel } from "./segmentation/model-folder.ts";
import { createPredictor } from "./segmentation/predict-case.ts";
import type { FinishedStage, RunContext } from "./stage.ts";
import { type AppliedPatient, applyStage } from "./stages/examinations.ts";
import { writeFeatures, writeStability } from "./stages/features.ts";
import { foldsOfPatients, networkFolds } from "./stages/folds.ts";
import { imageStages, type PreparedImages } from "./stages/images.ts";
import { type AppliedNetworks, modelTable } from "./stages/model-table.ts";
import { type NetworkStages, planStage, trainStages } from "./stages/network.ts";
import { controlsStage, outcomeStage } from "./stages/outcome.ts";
import { postprocessingStage } from "./stages/postprocessing.ts";
import { type NetworkResults, type StudyResults, writeReport } from "./stages/report.ts";
import { primaryEndpoint, type SetComparison, statisticsStage } from "./stages/statistics.ts";
import { readStudyFile, type StudyFile } from "./study-file.ts";
import { readAgain, recordTestReading, type TestReading } from "./test-readings.ts";
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
  const { value: read, issues: cohortIssues } = await readStudyCohort(study);
  const hashes = new FileHashes();
  const images: PreparedImages = needsImages(config)
    ? await imageStages(run, config, hashes, read)
    : { cohort: read, stages: [], examinations: new Map() };
  const { cohort } = images;
  const folds = foldsOfPatients(cohort, config, randomKey(run.seed));
  const engine = createEngine(request.engine);
  const stages: NetworkStages = { run, config, cohort, hashes, engine };
  const foldOf = networkFolds(folds.value);
  const networks = await runNetworks(stages, foldOf);
  const applied = new Map(networks.results.map(({ kind, applied: found }) => [kind as NetworkKind, found]));
  await writeFeatures(run, cohort, foldOf, applied);
  const table = modelTable({
    cohort,
    folds: folds.value,
    applied,
    seen: networks.seen,
    changes: changeColumns(config.models),
  });
  const stability = await writeStability(run, table);
  const outcome = await outcomeStage(run, config, table);
  const controls = await controlsStage(run, config, table, outcome);
  const readings = await recordTestReading(run.folder, cohort, config, outcome);
  const statistics = await statisticsStage(run, config, cohort, outcome, controls);
  const issues = [
    ...cohortIssues,
    ...images.stages.flatMap((stage) => stage.issues),
    ...folds.issues,
    ...networks.stages.flatMap((stage) => stage.issues),
    ...outcome.issues,
    ...(controls?.issues ?? []),
    ...readAgain(readings),
  ];
  const results: StudyResults = {
    cohort,
    images: images.examinations,
    networks: networks.results,
    stability,
    foldOf,
    outcome,
    comparisons: statistics.value,
    issues,
    engine: `${engine.name} ${engine.precision}`,
    testReadings: readings.length,
  };
  const finished = [
    ...images.stages,
    ...networks.stages,
    outcome,
    ...(controls === null ? [] : [controls]),
    statistics,
  ];
  await writeManifest(run, study, cohort, finished, readings, issues);
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
  /** What networks found that have seen the patient; empty unless the study asks for it. */
  readonly seen: AppliedNetworks;
  readonly results: readonly NetworkResults[];
  readonly stages: readonly FinishedStage<unknown>[];
}

async function runNetworks(
  stages: NetworkStages,
  foldOf: ReadonlyMap<string, number>,
): Promise<NetworksDone> {
  if (stages.config.networks.length === 0) return { results: [], stages: [], seen: new Map() };
  const planned = await planStage(stages);
  const done: FinishedStage<unknown>[] = [planned];
  const results: NetworkResults[] = [];
  const seen = new Map<NetworkKind, ReadonlyMap<string, AppliedPatient>>();
  for (const kind of stages.config.networks) {
    const folds = await trainStages(stages, kind, planned, foldOf);
    done.push(...folds);
    const hashes = folds.map(({ hash }) => hash);
    const applied = await applyNetwork(stages, kind, hashes, foldOf, done, false);
    if (stages.config.controls.inSample) {
      seen.set(kind, await applyNetwork(stages, kind, hashes, foldOf, done, true));
    }
    results.push({ kind, planned: planned.value, folds: folds.map(({ value }) => value), applied });
  }
  return { results, stages: done, seen };
}

/**
 * A training patient is seen by the one network that was trained without it, a test patient by all. In sample, training
 * patients alone are, by the network of the next fold, which has been trained on them.
 */
async function applyNetwork(
  stages: NetworkStages,
  kind: NetworkKind,
  modelHashes: readonly string[],
  foldOf: ReadonlyMap<string, number>,
  done: FinishedStage<unknown>[],
  inSample: boolean,
): Promise<ReadonlyMap<string, AppliedPatient>> {
  const { run, config, cohort, hashes, engine } = stages;
  const models = await Promise.all(
    modelHashes.map((_, fold) => readModel(path.join(run.folder, "models", kind, `fold-${fold}`))),
  );
  const networks = await createPredictor(models, engine);
  let predictor = networks;
  if (config.inference.postprocess === "auto") {
    const decided = await postprocessingStage({ stages, kind, predictor, modelHashes, foldOf });
    if (!inSample) done.push(decided);
    predictor = networks.withPostprocessing(decided.value);
  }
  const members = cohort.patients.filter(({ set }) => !inSample || set === "train");
  const task = run.progress.begin(`segment with ${kind}${inSample ? ", in sample" : ""}`, members.length);
  const applied = new Map<string, AppliedPatient>();
  try {
    for (const patient of members) {
      run.signal?.throwIfAborted();
      const fold = foldOf.get(patient.id);
      const folds =
        fold === undefined
          ? modelHashes.map((_, index) => index)
          : [inSample ? (fold + 1) % modelHashes.length : fold];
      const stage = await applyStage({
        ...{ run, config, hashes, kind, predictor, modelHashes, patient, folds, inSample },
      });
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
  testReadings: readonly TestReading[],
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
    primaryEndpoint: {
      endpoint: primaryEndpoint(study.config),
      declared: study.config.comparison.primary !== undefined,
    },
    testReadings,
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

/** A folder name: letters and digits of any script, the rest as hyphens. */
function slug(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, "-")
      .replace(/^-+|-+$/g, "") || "study"
  );
}
