/**
 * What a report is made from: plain data, no paths and no live objects, so that it can be read from a run's files.
 * Every part but the head is optional: a study on a table alone has no images and no networks.
 */
import type { Issue } from "../domain/issues.ts";
import type { PathologyOutcome } from "../domain/outcome.ts";
import type { Comparison } from "../statistics/comparison-result.ts";
import type { MissingAnalysis } from "../statistics/missing-comparison.ts";
import type { Subgroup } from "../statistics/subgroups.ts";
import type { ProbabilityFigure, ThresholdFigure } from "../statistics/threshold-figures.ts";
import type { CohortSummary } from "./cohort-summary.ts";
import type { FilledGuideline } from "./guidelines/filled-guideline.ts";

export interface ReportInput {
  readonly head: ReportHead;
  readonly cohort?: CohortSummary;
  readonly imaging?: ImagingSummary;
  /** One per network. */
  readonly segmentation?: readonly SegmentationQuality[];
  /** One per network whose bottleneck gave features. */
  readonly features?: readonly FeatureSummary[];
  /** One per network and fold. */
  readonly training?: readonly TrainingCurve[];
  /** One per network. */
  readonly plans?: readonly NetworkPlanSummary[];
  /** One row per patient of predictions.csv. */
  readonly predictions?: readonly PredictionRow[];
  /**
   * Models whose predictions are in the unit of the outcome; all where left out. The others (a bare column of the
   * table) get ROC curves, which need no unit, but no plot against the true burden.
   */
  readonly scaledModels?: readonly string[];
  /** The external test set first; the order is kept. */
  readonly comparisons?: readonly ComparisonBlock[];
  /** The study configuration after all defaults. */
  readonly choices?: StudyChoices;
  readonly issues?: readonly Issue[];
  /** Limitations that only the study knows, a sentence each. What follows from the figures is added by the report. */
  readonly limitations?: readonly string[];
  /** Reporting guidelines, answered as far as the run can. */
  readonly guidelines?: readonly FilledGuideline[];
  /** Shows study identifiers beside segmentation cases; they are left out by default. */
  readonly showIdentifiers?: boolean;
}

export interface ReportHead {
  /** Name of the study. */
  readonly study: string;
  readonly runId: string;
  /** When the run ended, ISO 8601. */
  readonly date: string;
  readonly seed: number;
  /** What made the results, e.g. `{ residua: "0.1.0", node: "24.21.0", engine: "onnx 1.30.0" }`. */
  readonly versions: Readonly<Record<string, string>>;
  /** Whether the patients are simulated; the report then says so at the top. */
  readonly simulated?: boolean;
}

/** The examinations of a study. */
export interface ImagingSummary {
  readonly rows: readonly ImagingRow[];
  /** How motion between phases was taken out: `none`, `rigid`, `deformable`. */
  readonly registration: string;
  /** How other visits were carried to the one before chemotherapy: `none`, `rigid`, `deformable`. */
  readonly visits: string;
  /** Region and thresholds of the functional tumour volume, in words. */
  readonly thresholds: string;
}

/** One examination; `null` where a figure is undefined. */
export interface ImagingRow {
  readonly visit: string;
  readonly earlySeconds: number;
  readonly largestSpacingMm: number;
  readonly signalToNoise: number | null;
  readonly motionMm: number | null;
  readonly correlation: number | null;
  readonly fatSuppression: string;
  readonly strongestEnhancementPercent: number | null;
  readonly ftvMl: number;
  readonly diameterMm: number | null;
  readonly backgroundPercent: number | null;
  /** Whether the image was cut to the breast with the tumour. */
  readonly cut: boolean;
  /** Of the visit against the one before chemotherapy, mean over the body, in mm. */
  readonly visitMotionMm: number | null;
  readonly visitCorrelationBefore: number | null;
  readonly visitCorrelationAfter: number | null;
}

export type SetName = "train" | "test";

/** One examination's segmentation against its reference; `null` where a measure is undefined (an empty mask). */
export interface SegmentationCase {
  readonly id: string;
  readonly set: SetName;
  readonly visit: string;
  readonly dice: number | null;
  /** 95th percentile of the surface distances, in mm. */
  readonly hd95Mm: number | null;
  /** Normalised surface Dice, 0 to 1. */
  readonly nsd: number | null;
  /** Predicted minus reference volume, in ml. */
  readonly volumeErrorMl: number | null;
  /** Volume of the reference, in ml. */
  readonly referenceMl?: number;
}

export interface SegmentationQuality {
  readonly network: string;
  readonly cases: readonly SegmentationCase[];
  /** Tolerance of the normalised surface Dice, in mm. */
  readonly nsdToleranceMm?: number;
  readonly pictures?: readonly Picture[];
}

/** A slice with its overlays, ready to show. */
export interface Picture {
  /** What is seen, with the meaning of the outlines; also the alternative text. No identifiers of patients. */
  readonly caption: string;
  readonly raster: Raster;
}

/** Pixels row by row from the top left, RGBA, 4·width·height bytes. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray | Uint8Array;
}

export interface FeatureSummary {
  readonly network: string;
  /** Features of one examination. */
  readonly columns: number;
  readonly regions: readonly string[];
  readonly rimMm: number;
  /** Where features were seen again under changes of the image. */
  readonly stability?: StabilitySummary;
  /** Of a vector-quantised network. */
  readonly codes?: CodeUse;
}

export interface StabilitySummary {
  /** Training patients whose features were compared. */
  readonly patients: number;
  readonly shiftsVoxels: readonly number[];
  /** How many axes images were mirrored along. */
  readonly mirrorAxes: number;
  /** What deep models require; absent where they look at all features. */
  readonly minIcc?: number;
  readonly groups: readonly StabilityGroup[];
}

export interface StabilityGroup {
  /** `pre`, `post` or `change`. */
  readonly visit: string;
  readonly region: string;
  readonly statistic: string;
  /** One per feature; `null` where it never varies. */
  readonly icc: readonly (number | null)[];
}

export interface CodeUse {
  /** Where codes were counted for {@link CodeUse.networks}. */
  readonly region: string;
  /** One per fold. */
  readonly networks: readonly {
    readonly fold: number;
    /** Size of the codebook. */
    readonly codes: number;
    readonly used: number;
    readonly perplexity: number;
  }[];
  /** Of the first fold's network. */
  readonly histograms: readonly CodeHistogram[];
}

export interface CodeHistogram {
  readonly region: string;
  /** Mean share of each code, 0 to 1, before chemotherapy. */
  readonly pre: readonly number[];
  readonly post: readonly number[];
}

export interface TrainingCurve {
  readonly network: string;
  readonly fold: number;
  /** In the order of steps; `null` where a value was not measured at that step. */
  readonly points: readonly {
    readonly step: number;
    readonly loss: number | null;
    /** Of the training patches or of validation cases, as the trainer measures it. */
    readonly dice: number | null;
  }[];
}

export interface NetworkPlanSummary {
  readonly network: string;
  /** As `residua plan --json` prints it. */
  readonly plan: ConfigTree;
  readonly fingerprint?: ConfigTree;
}

export interface PredictionRow {
  readonly set: SetName;
  readonly outcome: PathologyOutcome;
  /** Predicted RCB (score, or class rank 0 to 3 where classes were learnt; see `scaledModels`) per model; `null` is missing. */
  readonly predicted: Readonly<Record<string, number | null>>;
}

/** The statistics of one set, with the reference, primary endpoint and margin that the comparison declares. */
export interface ComparisonBlock {
  readonly set: SetName;
  /** How the predictions came about. */
  readonly predictions: PredictionOrigin;
  readonly comparison: Comparison;
  readonly subgroups?: readonly Subgroup[];
  /** AUCs with unknown outcomes allowed for, where the study asks for it. */
  readonly missingOutcomes?: Omit<MissingAnalysis, "issues"> | null;
  /** At thresholds that were fixed on the training set. */
  readonly thresholds?: readonly ThresholdFigure[];
  /** Of models that predict probabilities. */
  readonly probabilities?: readonly ProbabilityFigure[];
}

/** `fixed`: models fitted on other patients; `out-of-fold`: by cross-validation; `in-sample`: the models saw these patients. */
export type PredictionOrigin = "fixed" | "out-of-fold" | "in-sample";

export interface StudyChoices {
  readonly configuration: ConfigTree;
  /** Dotted paths (`training.steps`, `models.0.name`) that the study file did not give, so that the default holds. */
  readonly defaulted?: readonly string[];
}

/** Configuration as parsed: what JSON can hold. */
export type ConfigTree =
  | string
  | number
  | boolean
  | null
  | readonly ConfigTree[]
  | { readonly [name: string]: ConfigTree | undefined };
