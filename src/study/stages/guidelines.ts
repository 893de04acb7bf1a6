/** What a run knows of itself, held against the reporting guidelines, and their tables on disk. */
import path from "node:path";
import type { Cohort } from "../../domain/cohort.ts";
import { writeCsv } from "../../io/tables/write.ts";
import { fillGuidelines } from "../../report/guidelines/all.ts";
import type { FilledGuideline } from "../../report/guidelines/filled-guideline.ts";
import type { ModelFacts, StudyFacts } from "../../report/guidelines/study-facts.ts";
import type { ReportInput } from "../../report/report-input.ts";
import { type ModelConfig, modelName, type StudyConfig } from "../schema.ts";
import type { RunContext } from "../stage.ts";
import type { Predictions } from "./outcome.ts";

export interface ReportedRun {
  readonly config: StudyConfig;
  readonly cohort: Cohort;
  readonly target: Predictions["target"];
  /** How often models have met the test set in this results folder. */
  readonly testReadings: number;
  readonly input: ReportInput;
}

/** Writes `reporting/<guideline>.csv`, one row per item. */
export async function writeGuidelines(run: RunContext, reported: ReportedRun): Promise<FilledGuideline[]> {
  const guidelines = fillGuidelines(factsOf(reported));
  for (const { id, items } of guidelines) {
    const weighted = items.some(({ weight }) => weight !== undefined);
    await writeCsv(
      path.join(run.folder, "reporting", `${id}.csv`),
      ["item", "topic", ...(weighted ? ["weight"] : []), "status", "evidence"],
      items.map((item) => ({ ...item, weight: item.weight ?? null })),
    );
  }
  return guidelines;
}

function factsOf({ config, cohort, target, testReadings, input }: ReportedRun): StudyFacts {
  const { comparison, training, inference, features, networks } = config;
  return {
    input,
    train: cohort.patients.filter(({ set }) => set === "train").length,
    test: cohort.patients.filter(({ set }) => set === "test").length,
    split: splitOf(config),
    outcome: outcomeOf(config),
    centre: config.cohort.centre ?? null,
    folds: training.folds,
    models: config.models.map(modelFacts),
    forest: forestOf(config),
    reduction: Object.entries(config.reduction).map(([kind, value]) => `${kind} ${value}`),
    networks:
      networks.length === 0
        ? null
        : {
            kinds: networks,
            steps: training.steps,
            preset: training.preset,
            registration: config.images.registration,
            visits: config.images.visits,
            biasField: config.images.biasField,
            breast: config.images.breast,
            channels: training.channels,
            spacingMm: training.spacingMm ?? null,
            windowStep: inference.step,
            mirrored: inference.mirror,
            regions: features.regions,
            statistics: features.statistics,
            rimMm: features.rimMm,
            minIcc: features.stability?.minIcc ?? null,
          },
    primary: comparison.primary ?? null,
    margin: comparison.margin,
    resamples: comparison.resamples,
    missingOutcomes:
      comparison.missing === undefined
        ? null
        : `${MISSING_METHODS[comparison.missing.method]} on ${comparison.missing.covariates.join(", ")}`,
    threshold:
      comparison.threshold.rule === "youden"
        ? "Youden's index"
        : `${comparison.threshold.rule} of at least ${comparison.threshold.atLeast}`,
    testReadings,
    probabilities: target === "residual-disease",
  };
}

function forestOf({ forest, resampling }: StudyConfig): string {
  const parts = [
    `forests (${forest.kind}) of ${forest.trees} trees, at least ${forest.minLeaf} patients per leaf`,
    forest.parts === "two" ? "in two parts (residual disease or not, then its amount)" : "in one part",
    forest.tuning === undefined
      ? "not tuned"
      : "tuned by cross-validation among the training patients of each fold",
    `${resampling.repeats === 1 ? "one cross-validation" : `${resampling.repeats} cross-validations`} by ${resampling.by}`,
  ];
  return parts.join(", ");
}

const MISSING_METHODS = {
  ipw: "inverse-probability weights",
  impute: "multiple imputation",
} as const;

function splitOf({ cohort: { split } }: StudyConfig): string | null {
  return split === undefined ? null : `the column ${split.column} (${split.train} / ${split.test})`;
}

function outcomeOf({ outcome }: StudyConfig): string {
  const burden =
    outcome.components === undefined
      ? outcome.rcb === undefined
        ? outcome.rcbClass === undefined
          ? []
          : [`RCB class from the column ${outcome.rcbClass}`]
        : [`RCB score from the column ${outcome.rcb}`]
      : [`RCB score calculated from the columns ${Object.values(outcome.components).join(", ")}`];
  const pcr = outcome.pcr === undefined ? [] : [`pCR from the column ${outcome.pcr}`];
  return `${[...burden, ...pcr].join("; ")}.`;
}

const NAMED_MODELS: Readonly<Record<Extract<ModelConfig, string>, string>> = {
  volume: "tumour volume before and after chemotherapy",
  "volume+subtype": "tumour volume before and after chemotherapy, receptor subtype",
  ftv: "functional tumour volume before and after chemotherapy",
  diameter: "longest diameter before and after chemotherapy",
};

function modelFacts(model: ModelConfig): ModelFacts {
  const name = modelName(model);
  if (typeof model === "string") return { name, kind: "volume", from: NAMED_MODELS[model] };
  if ("deep" in model) return { name, kind: "deep", from: `bottleneck features of ${model.deep}` };
  if ("of" in model) return { name, kind: "combined", from: model.of.join(" and ") };
  return { name, kind: "clinical", from: model.columns.join(", ") };
}
