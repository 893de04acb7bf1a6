/** What a run knows of itself, as the reporting guidelines ask for it: plain data, made from the study file, manifests and results. */
import type { ReportInput } from "../report-input.ts";

export interface StudyFacts {
  /** The figures of the run. */
  readonly input: ReportInput;
  readonly train: number;
  readonly test: number;
  /** Column and values of the split; `null` where all patients train. */
  readonly split: string | null;
  /** Where the outcome was read from. */
  readonly outcome: string;
  /** Column of the centre, where the study names one. */
  readonly centre: string | null;
  readonly folds: number;
  readonly models: readonly ModelFacts[];
  /** How forests were grown. */
  readonly forest: string;
  /** What reduces deep features inside each fold, with its limits; empty where nothing does. */
  readonly reduction: readonly string[];
  readonly networks: NetworkFacts | null;
  /** The endpoint that the study file declares; `null` where it leaves the choice to the default. */
  readonly primary: string | null;
  readonly margin: number;
  readonly resamples: number;
  /** What is done about unknown outcomes beside the complete cases; `null` is nothing. */
  readonly missingOutcomes: string | null;
  /** How the threshold of sensitivity and specificity was chosen. */
  readonly threshold: string;
  /** How often models met the test set in this results folder. */
  readonly testReadings: number;
  /** Whether models learnt pCR alone, so that they predict probabilities. */
  readonly probabilities: boolean;
}

export interface ModelFacts {
  readonly name: string;
  readonly kind: "volume" | "deep" | "clinical" | "combined";
  /** What it looks at. */
  readonly from: string;
}

export interface NetworkFacts {
  readonly kinds: readonly string[];
  readonly steps: number;
  readonly preset: string;
  /** Of the phases of an examination to each other: `none`, or its kind. */
  readonly registration: string;
  /** Of other visits to the one before chemotherapy: `none`, or its kind. */
  readonly visits: string;
  /** Whether the bias field was divided out. */
  readonly biasField: boolean;
  /** `whole`, or cut to the breast with the tumour. */
  readonly breast: string;
  readonly channels: readonly string[];
  /** (slice, row, column) in mm where the study sets it. */
  readonly spacingMm: readonly number[] | null;
  readonly windowStep: number;
  readonly mirrored: boolean;
  readonly regions: readonly string[];
  readonly statistics: readonly string[];
  readonly rimMm: number;
  /** Least intraclass correlation that deep features must have; `null` where all are used. */
  readonly minIcc: number | null;
}
