/** The facts that guideline items are answered from, each as one or two sentences; `null` where the run does not know. */
import { ENDPOINT_TEXTS, endpointsOf, estimatesOf } from "../endpoints.ts";
import { estimate, fixed, list } from "../format.ts";
import { limitationsOf } from "../limitations.ts";
import type { ComparisonBlock } from "../report-input.ts";
import type { ModelFacts, StudyFacts } from "./study-facts.ts";

type Evidence = (facts: StudyFacts) => string | null;

const evidence = {
  modelKind: ({ models, networks }) =>
    `${models.length} prediction models (${list(models.map(({ name }) => name))})${networks === null ? "" : `; segmentation by ${list(networks.kinds)}, random forests on their bottleneck features`}.`,
  aim: ({ test }) =>
    test > 0
      ? "Development on the training set and evaluation of fixed models on an external test set."
      : "Development with internal evaluation by cross-validation; no external test set.",
  guidelines: () =>
    "TRIPOD+AI, CLAIM 2024, CLEAR, METRICS and PROBAST+AI tables are exported with the run (reporting/*.csv).",
  patients: ({ train, test }) =>
    `${train} training and ${test} external test patients are in the study tables.`,
  split: ({ split, folds }) =>
    split === null
      ? `All patients train; out-of-fold predictions over ${folds} folds.`
      : `Split by ${split}, given before the run; ${folds} folds within the training set.`,
  patientLevel: () => "All examinations of a patient are in the same set and the same fold.",
  leakage: () =>
    "Imputation, encoding, feature selection and fitting happen inside each fold; deep features of a training patient come from the fold's network that has not seen the patient.",
  testReadings: ({ test, testReadings }) =>
    test === 0
      ? null
      : `Fixed models met the test set ${times(testReadings)}; the manifest keeps each reading.`,
  centre: ({ centre }) => (centre === null ? null : `Centres are told apart by the column ${centre}.`),
  outcome: ({ outcome }) => outcome,
  outcomeRange: () =>
    "RCB after Symmans 2007 (J Clin Oncol 25:4414): class 0, I (at most 1.36), II (at most 3.28), III; pCR is RCB-0 unless given by its own column.",
  predictors: ({ models }) => `${models.map(({ name, from }) => `${name}: ${from}`).join("; ")}.`,
  clinicalPredictors: ({ models }) => {
    const clinical = models.filter(({ kind }) => kind === "clinical" || kind === "volume");
    return clinical.length === 0
      ? null
      : `${clinical.map(({ name, from }) => `${name}: ${from}`).join("; ")}.`;
  },
  sampleSize: ({ train, test, input }) => {
    const detectable = detectableOf(input.comparisons ?? []);
    const events = eventsOf(input.comparisons ?? []);
    return `${train} training and ${test} test patients${events === null ? "" : ` (${events})`}, as many as the tables hold; no sample size was calculated by the software.${detectable === null ? "" : ` A true difference of about ${detectable} would have been found with 80 % power at 5 %.`}`;
  },
  events: ({ input }) => sentence(eventsOf(input.comparisons ?? [])),
  missing: ({ missingOutcomes }) =>
    `Missing predictors are imputed from the training patients of the fold; patients without image features are predicted by no model that needs them. Outcomes: complete cases${missingOutcomes === null ? "" : `, beside them ${missingOutcomes}`}. report.html lists each exclusion and counts missing values.`,
  exclusions: ({ input }) => {
    const issues = input.issues ?? [];
    const errors = issues.filter(({ severity }) => severity === "error").length;
    const warnings = issues.filter(({ severity }) => severity === "warning").length;
    return `The run records ${errors} errors and ${warnings} warnings of the data, each with code and subject (manifest.json).`;
  },
  characteristics: ({ input }) =>
    input.cohort === undefined
      ? null
      : `report.html tabulates ${list(input.cohort.characteristics.map(({ label }) => label))} per set, with missing values.`,
  preprocessing: ({ networks }) =>
    networks === null
      ? null
      : `Phases ${networks.registration === "none" ? "are not registered" : `are registered to each other (${networks.registration})`}${networks.visits === "none" ? "" : `, visits to the one before chemotherapy (${networks.visits})`}, the bias field is ${networks.biasField ? "divided out" : "left as it is"}, the image is ${networks.breast === "whole" ? "whole" : "cut to the breast with the tumour"}; then chosen by acquisition time (${networks.channels.join(", ")}), cropped, normalised per channel and resampled${networks.spacingMm === null ? " to the planned spacing" : ` to ${networks.spacingMm.join(" × ")} mm`} (cubic for images, linear for labels); plan and fingerprint are in report.html.`,
  imageTypes: ({ networks }) =>
    networks === null
      ? null
      : `Input channels: ${networks.channels.join(", ")} (a difference is a subtraction image).`,
  noHarmonisation: () => "No harmonisation between scanners beyond this normalisation.",
  segmentation: ({ networks }) =>
    networks === null
      ? null
      : `Tumours are segmented in 3D, fully automatically, by ${list(networks.kinds)} (sliding window, step ${networks.windowStep} of the patch${networks.mirrored ? ", mirrored" : ""}); no operator takes part.`,
  segmentationQuality: ({ input }) => {
    const cases = (input.segmentation ?? []).flatMap(({ cases: all }) => all);
    const compared = cases.filter(({ dice }) => dice !== null).length;
    return compared === 0
      ? null
      : `Dice, HD95, surface Dice and volume error against the reference in ${compared} examinations (report.html).`;
  },
  architecture: ({ networks, forest }) =>
    `${networks === null ? "" : `${list(networks.kinds)} as planned (${networks.preset} preset; stages, kernels, strides and features in report.html). `}Outcome models: ${forest}.`,
  initialisation: ({ networks, input }) =>
    networks === null
      ? null
      : `Networks start from random weights (seed ${input.head.seed}); no transfer learning.`,
  training: ({ networks, folds }) =>
    `${networks === null ? "" : `Networks: ${networks.steps} steps in each of ${folds} folds, losses in report.html. `}All hyperparameters, with what was left at its default, are in the manifest.`,
  defaults: ({ input }) =>
    input.choices?.defaulted === undefined
      ? null
      : `The manifest names the ${input.choices.defaulted.length} settings that were left at their default.`,
  selection: () =>
    "No model is selected by its results: every model of the study file is fitted, reported and compared with the declared reference.",
  overfitting: ({ folds }) =>
    `Bagged forests with a least leaf size; performance out of fold over ${folds} folds.`,
  ensemble: ({ networks, models }) => {
    const combined = models.filter(({ kind }) => kind === "combined");
    return networks === null && combined.length === 0
      ? null
      : `${networks === null ? "" : "Test patients are predicted by the networks of all folds and averaged. "}${combined.map(({ name, from }) => `${name} averages ${from}.`).join(" ")}`.trim();
  },
  features: ({ networks, input }) =>
    networks === null
      ? null
      : `Bottleneck activations pooled by ${list(networks.statistics)} over ${list(networks.regions)} (rim ${networks.rimMm} mm)${(input.features ?? []).length === 0 ? "" : `: ${list((input.features ?? []).map(({ network, columns }) => `${network} ${columns} per examination`))}`}; pre, post and change.`,
  stability: ({ networks, input }) => {
    const measured = (input.features ?? []).flatMap(({ stability }) => stability ?? []);
    if (measured.length === 0) return null;
    return `Features were seen again under shifts and mirroring in ${measured[0].patients} training patients (intraclass correlations in report.html)${networks?.minIcc === null || networks === null ? "; none was removed" : `; those below ${networks.minIcc} were left out`}.`;
  },
  reduction: ({ reduction }) =>
    reduction.length === 0
      ? "Deep features are not reduced before the forest."
      : `Deep features are reduced inside each fold, without the outcome: ${list(reduction)}.`,
  scaling: () => "Forests split on ranks, so that features are not scaled.",
  imbalance: ({ input }) => {
    const events = eventsOf(input.comparisons ?? []);
    return `${events === null ? "" : `${capital(events)}. `}No over- or undersampling; predictions are not recalibrated.`;
  },
  noImbalance: () => "No method against class imbalance was used, so that none had to be undone.",
  metrics: ({ input, probabilities }) => {
    const names = endpointNames(input.comparisons ?? []);
    return names.length === 0
      ? null
      : `Measured: ${list(names)}${probabilities ? "" : "; where the RCB score is known also its error and calibration"}.`;
  },
  uncertainty: ({ resamples }) =>
    `95 % intervals by DeLong (Wald and logit) or Bonett and Wright, beside the bootstrap with ${resamples} resamples (percentile and BCa).`,
  tests: ({ margin }) =>
    `Paired DeLong tests of AUCs and paired bootstrap of correlations, at 5 % two-sided; equivalence margin ±${margin}.`,
  multiplicity: ({ primary }) =>
    `Holm's adjustment over the comparisons of one endpoint, Benjamini–Hochberg beside it; ${primary === null ? "no primary endpoint was declared" : `declared primary endpoint: ${primary}`}.`,
  thresholds: ({ test, threshold }) =>
    test === 0
      ? null
      : `Sensitivity, specificity and predictive values at thresholds fixed on out-of-fold training predictions (${threshold}), in metrics.json and report.html.`,
  calibration: ({ probabilities }) =>
    probabilities
      ? "Calibration intercept, slope and Brier score of the probabilities, and decision curves (report.html)."
      : "Calibration slope, intercept and error of the predicted against the observed RCB (report.html).",
  output: ({ probabilities }) =>
    probabilities
      ? "Models give the probability of residual disease."
      : "Models give a residual burden, higher being more disease; a bare column gives its own value.",
  internalPerformance: ({ input }) => performance(input.comparisons ?? [], "train", "Out of fold"),
  externalPerformance: ({ input }) => performance(input.comparisons ?? [], "test", "External test set"),
  differences: ({ input }) => {
    const block = input.comparisons?.[0];
    const endpoint = block === undefined ? undefined : endpointsOf(block.comparison)[0];
    if (endpoint === undefined || endpoint.pairs.length === 0) return null;
    const { measure } = ENDPOINT_TEXTS[endpoint.name];
    return `${measure} differences: ${endpoint.pairs.map(({ a, b, difference, ci }) => `${b} − ${a} ${estimate(difference, ci)}`).join("; ")}.`;
  },
  comparators: ({ models }) => {
    const plain = models.filter(isPlain);
    return plain.length === 0
      ? null
      : `Compared with models without deep features: ${list(plain.map(({ name }) => name))}.`;
  },
  subgroups: ({ input }) => {
    const columns = [
      ...new Set((input.comparisons ?? []).flatMap(({ subgroups = [] }) => subgroups.map((g) => g.column))),
    ];
    return columns.length === 0 ? null : `Performance within groups of ${list(columns)} (report.html).`;
  },
  volumeCorrelation: ({ input }) => {
    const found = (input.issues ?? []).filter(({ code }) => code === "deep-volume-correlation");
    return found.length === 0
      ? null
      : found.map(({ subject, message }) => `${subject}: ${message}`).join(" ");
  },
  explainability: ({ networks }) =>
    networks?.kinds.includes("attention-unet")
      ? "Attention maps are written beside the segmentations and shown in report.html."
      : null,
  limitations: ({ input }) => limitationsOf(input).join(" "),
  software: ({ input }) =>
    `${Object.entries(input.head.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}; seed ${input.head.seed}.`,
  reproducibility: () =>
    "The manifest holds the configuration with every default, seed, versions and content hashes of inputs and outputs; the same inputs give the same results.",
  modelFiles: () => "The fixed models are in models/; `residua predict` applies them to a new patient.",
  featureFiles: ({ networks }) =>
    networks === null ? null : "Deep features are in features/, predictions in predictions.csv.",
  inputQuality: () =>
    "Unusable input stops with a coded error, imperfect input is recorded as a coded issue; missing predictors are imputed from the training set.",
  pipeline: ({ networks }) =>
    `${networks === null ? "" : "Images → segmentation by fold networks → bottleneck features → "}${networks === null ? "Table columns → " : ""}outcome models (out of fold, then fixed) → comparison → report.`,
} satisfies Record<string, Evidence>;

export type EvidenceName = keyof typeof evidence;

export const EVIDENCE: Readonly<Record<EvidenceName, Evidence>> = evidence;

export const CONDITIONS = {
  networks: {
    holds: ({ networks }) => networks !== null,
    otherwise: "The study is on table columns alone: no images, no network.",
  },
  testSet: {
    holds: ({ test }) => test > 0,
    otherwise: "There is no external test set.",
  },
  updating: { holds: () => false, otherwise: "No existing model was updated." },
  handCrafted: { holds: () => false, otherwise: "No hand-crafted radiomic features were computed." },
  endToEnd: {
    holds: () => false,
    otherwise: "Outcomes are predicted from tabulated features, not end to end.",
  },
  ensemble: {
    holds: ({ networks, models }) => networks !== null || models.some(({ kind }) => kind === "combined"),
    otherwise: "No ensemble beside the trees of a forest.",
  },
  imbalance: { holds: () => false, otherwise: "No method against class imbalance was used." },
} satisfies Record<string, { holds: (facts: StudyFacts) => boolean; otherwise: string }>;

export type ConditionName = keyof typeof CONDITIONS;

function isPlain({ kind }: ModelFacts): boolean {
  return kind === "volume" || kind === "clinical";
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

function sentence(text: string | null): string | null {
  return text === null ? null : `${capital(text)}.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function eventsOf(blocks: readonly ComparisonBlock[]): string | null {
  const parts = blocks.flatMap(({ set, comparison }) =>
    endpointsOf(comparison).flatMap((endpoint) =>
      endpoint.metric === "auc"
        ? [
            `${set === "test" ? "test" : "training"} set, ${ENDPOINT_TEXTS[endpoint.name].title}: ${endpoint.positive} positive of ${endpoint.n}`,
          ]
        : [],
    ),
  );
  return parts.length === 0 ? null : parts.join("; ");
}

function detectableOf(blocks: readonly ComparisonBlock[]): string | null {
  const endpoint = blocks[0] === undefined ? undefined : endpointsOf(blocks[0].comparison)[0];
  const sizes = (endpoint?.pairs ?? []).flatMap(({ detectable }) =>
    detectable === null ? [] : [detectable],
  );
  if (endpoint === undefined || sizes.length === 0) return null;
  return `${fixed(Math.min(...sizes))} to ${fixed(Math.max(...sizes))} in ${ENDPOINT_TEXTS[endpoint.name].measure}`;
}

function endpointNames(blocks: readonly ComparisonBlock[]): string[] {
  const block = blocks[0];
  return block === undefined
    ? []
    : endpointsOf(block.comparison).map(({ name }) => ENDPOINT_TEXTS[name].phrase);
}

function performance(
  blocks: readonly ComparisonBlock[],
  set: ComparisonBlock["set"],
  where: string,
): string | null {
  const block = blocks.find((candidate) => candidate.set === set);
  const endpoint = block === undefined ? undefined : endpointsOf(block.comparison)[0];
  if (endpoint === undefined) return null;
  const { measure, title } = ENDPOINT_TEXTS[endpoint.name];
  const figures = estimatesOf(endpoint).map(({ model, value, ci }) => `${model} ${estimate(value, ci)}`);
  return `${where}, ${title}, ${measure}: ${figures.join("; ")}; the other endpoints are in metrics.json.`;
}
