/** The stage that writes the report and its figures. */
import path from "node:path";
import type { Cohort } from "../../domain/cohort.ts";
import { findPhases } from "../../domain/dce.ts";
import type { Issue } from "../../domain/issues.ts";
import { writeAtomically } from "../../io/files.ts";
import { summariseCohort } from "../../report/cohort-summary.ts";
import { renderReport } from "../../report/report.ts";
import type {
  ConfigTree,
  ImagingSummary,
  PredictionRow,
  ReportInput,
  SegmentationQuality,
  TrainingCurve,
} from "../../report/report-input.ts";
import { DEFAULT_TOLERANCE_MM } from "../evaluate.ts";
import { modelName, type StudyConfig } from "../schema.ts";
import type { FinishedStage, RunContext } from "../stage.ts";
import type { StudyFile } from "../study-file.ts";
import { VERSIONS } from "../versions.ts";
import type { AppliedPatient } from "./examinations.ts";
import { summariseFeatures } from "./feature-report.ts";
import type { NetworkStability } from "./features.ts";
import { writeGuidelines } from "./guidelines.ts";
import type { PreparedExamination } from "./image-figures.ts";
import type { PlannedNetwork, TrainedFold } from "./network.ts";
import type { Predictions } from "./outcome.ts";
import { segmentationPictures } from "./pictures.ts";
import type { SetComparison } from "./statistics.ts";

/** What the stages of a network left. */
export interface NetworkResults {
  readonly kind: string;
  readonly planned: PlannedNetwork;
  readonly folds: readonly TrainedFold[];
  readonly applied: ReadonlyMap<string, AppliedPatient>;
}

export interface StudyResults {
  readonly cohort: Cohort;
  /** By patient; empty for a study without images. */
  readonly images: ReadonlyMap<string, readonly PreparedExamination[]>;
  readonly networks: readonly NetworkResults[];
  readonly stability: readonly NetworkStability[];
  /** Fold of each training patient. */
  readonly foldOf: ReadonlyMap<string, number>;
  readonly outcome: FinishedStage<Predictions>;
  readonly comparisons: readonly SetComparison[];
  readonly issues: readonly Issue[];
  readonly engine: string;
  /** How often models have met the test set in this results folder. */
  readonly testReadings: number;
}

/** Points of a training curve that a figure shows; single steps are too many and too noisy. */
const CURVE_POINTS = 100;

/** Writes `report.html`, `figures/*.svg` and `reporting/*.csv`. */
export async function writeReport(run: RunContext, study: StudyFile, results: StudyResults): Promise<void> {
  const task = run.progress.begin("report", 1);
  const input = await reportInput(run, study, results);
  const guidelines = await writeGuidelines(run, {
    config: study.config,
    cohort: results.cohort,
    target: results.outcome.value.target,
    testReadings: results.testReadings,
    input,
  });
  const { html, figures } = renderReport({ ...input, guidelines });
  for (const { name, svg } of figures)
    await writeAtomically(path.join(run.folder, "figures", `${name}.svg`), svg);
  await writeAtomically(path.join(run.folder, "report.html"), html);
  task.advance();
  task.done(path.join(run.folder, "report.html"));
}

async function reportInput(run: RunContext, study: StudyFile, results: StudyResults): Promise<ReportInput> {
  const { config } = study;
  const { cohort, networks, comparisons, outcome, issues, engine } = results;
  return {
    head: {
      study: config.name,
      runId: path.basename(path.resolve(run.folder)),
      date: new Date().toISOString(),
      seed: run.seed,
      versions: {
        residua: VERSIONS.residua,
        node: VERSIONS.node,
        ...(networks.length === 0 ? {} : { engine }),
      },
      simulated: config.simulated,
    },
    cohort: summariseCohort(cohort.patients, clinicalColumns(config)),
    ...(results.images.size === 0 ? {} : { imaging: imagingSummary(config, results.images) }),
    segmentation: await Promise.all(networks.map((network) => segmentationQuality(run, cohort, network))),
    features: networks.map(({ kind, applied }) =>
      summariseFeatures({
        network: kind,
        config,
        cohort,
        foldOf: results.foldOf,
        applied,
        stability: results.stability.find(({ network }) => network === kind),
      }),
    ),
    training: networks.flatMap(({ kind, folds }) =>
      folds.map(({ curve }, fold) => thinCurve(kind, fold, curve)),
    ),
    plans: networks.map(({ kind, planned }) => ({
      network: kind,
      plan: planned.plan as unknown as ConfigTree,
      fingerprint: planned.fingerprint as unknown as ConfigTree,
    })),
    predictions: predictionRows(config, cohort, outcome.value),
    scaledModels: outcome.value.scaled,
    comparisons: comparisons.map(({ set, comparison, ...figures }) => ({
      set,
      ...figures,
      predictions: set === "test" ? "fixed" : "out-of-fold",
      comparison,
    })),
    choices: { configuration: config as unknown as ConfigTree, defaulted: study.defaulted },
    issues,
    limitations: limitationsOf(config),
  };
}

/** Clinical columns that the study names, in the order of the study file. */
function clinicalColumns(config: StudyConfig): string[] {
  const named = config.models.flatMap((model) =>
    typeof model === "object" && "columns" in model ? model.columns : [],
  );
  return [...new Set([...(config.subtype === undefined ? [] : ["subtype"]), ...named])];
}

function imagingSummary({ images }: StudyConfig, examinations: StudyResults["images"]): ImagingSummary {
  const { region, pePercent, ser, minimumNeighbours, minimumComponentMl } = images.ftv;
  return {
    rows: [...examinations.values()]
      .flat()
      .map(({ visit, quality, measures, breast, visitRegistration: to }) => ({
        visit,
        earlySeconds: quality.timesSeconds[findPhases(quality.timesSeconds).early],
        largestSpacingMm: Math.max(...quality.spacingMm),
        signalToNoise: quality.signalToNoise,
        motionMm: quality.motionMm,
        correlation: quality.correlation,
        fatSuppression: quality.fatSuppression,
        strongestEnhancementPercent: quality.strongestEnhancementPercent,
        ftvMl: measures.ftvMl,
        diameterMm: measures.longestDiameterMm,
        backgroundPercent: measures.backgroundEnhancementPercent,
        cut: breast?.box != null,
        visitMotionMm: to?.quality.displacementMm.mean ?? null,
        visitCorrelationBefore: to?.quality.before.correlation ?? null,
        visitCorrelationAfter: to?.quality.after.correlation ?? null,
      })),
    registration: images.registration,
    visits: images.visits,
    thresholds: `in the ${region === "breast" ? "breast, before the chest wall" : "whole body"}; early enhancement of at least ${pePercent} %, ratio (SER) of at least ${ser}, at least ${minimumNeighbours} of 26 neighbours, parts of at least ${minimumComponentMl} ml`,
  };
}

async function segmentationQuality(
  run: RunContext,
  cohort: Cohort,
  { kind, applied }: NetworkResults,
): Promise<SegmentationQuality> {
  const cases = cohort.patients.flatMap(({ id, set }) =>
    (applied.get(id)?.examinations ?? []).flatMap(({ visit, agreement }) =>
      agreement === null ? [] : [{ id, set, visit, ...agreement }],
    ),
  );
  return {
    network: kind,
    cases,
    nsdToleranceMm: DEFAULT_TOLERANCE_MM,
    pictures: await segmentationPictures(run.folder, cohort, applied),
  };
}

function thinCurve(network: string, fold: number, curve: TrainedFold["curve"]): TrainingCurve {
  const width = Math.max(1, Math.ceil(curve.length / CURVE_POINTS));
  const points = [];
  for (let end = width; end <= curve.length; end += width) {
    const part = curve.slice(end - width, end);
    const mean = (value: (point: (typeof part)[number]) => number) =>
      part.reduce((sum, point) => sum + value(point), 0) / part.length;
    points.push({
      step: part[part.length - 1].step,
      loss: mean((point) => point.loss),
      dice: mean((point) => point.dice),
    });
  }
  return { network, fold, points };
}

function predictionRows(config: StudyConfig, cohort: Cohort, { predictions }: Predictions): PredictionRow[] {
  const names = config.models.map(modelName);
  return cohort.patients.map(({ set, outcome }, i) => ({
    set,
    outcome,
    predicted: Object.fromEntries(names.map((name) => [name, predictions[name][i]])),
  }));
}

/** What only the study knows; the report adds what follows from the figures. */
function limitationsOf(config: StudyConfig): string[] {
  const undeclared =
    config.comparison.primary === undefined
      ? [
          "The study file declares no primary endpoint: the default, shown as such, was not chosen for this study.",
        ]
      : [];
  if (config.networks.length === 0) return undeclared;
  return [
    ...undeclared,
    ...(config.images.registration === "none"
      ? [
          "Phases were not registered to each other, nor the visits: motion between phases blurs enhancement and its volume.",
        ]
      : ["The visits were not registered to each other: each is measured by itself."]),
    "Deep features of training patients come from the fold's network that has not seen the patient; the other folds' networks, which give the features of other training patients, have seen its mask (not its outcome).",
  ];
}
