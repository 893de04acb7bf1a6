/**
 * PROBAST+AI: 16 signalling questions on development (D) and 18 on evaluation (E), in four domains each. A run gives the facts; whether the
 * answer is yes, probably yes, probably no or no stays the assessor's judgement.
 */
import { asked, type Guideline, type GuidelineItem, known, partly, when } from "./guideline.ts";

/** The questions on participants, predictors and outcome are the same in both parts. */
function common(part: "D" | "E"): GuidelineItem[] {
  return [
    partly(`${part}1.1`, "Appropriate data sources", ["patients"], "provenance of the data."),
    asked(`${part}1.2`, "Appropriate study design", "cohort, trial or other design?"),
    partly(
      `${part}1.3`,
      "Representative data after inclusion and exclusion",
      ["exclusions"],
      "criteria and target population.",
    ),
    partly(
      `${part}2.1`,
      "Predictors defined alike for all",
      ["predictors"],
      "were table columns measured alike?",
    ),
    known(`${part}2.2`, "Predictors prepared alike for all", "preprocessing", "scaling"),
    partly(
      `${part}2.3`,
      "Predictors assessed without knowledge of the outcome",
      ["leakage"],
      "were masks and table columns made unaware of pathology?",
    ),
    partly(
      `${part}2.4`,
      "Predictors available when the model is used",
      ["predictors"],
      "is each known before surgery?",
    ),
    partly(
      `${part}3.1`,
      "Outcome defined appropriately",
      ["outcome", "outcomeRange"],
      "how was pathology done?",
    ),
    asked(`${part}3.2`, "Outcome assessed alike for all", "one protocol in all centres?"),
    asked(
      `${part}3.3`,
      "Outcome assessed without knowledge of predictors",
      "were pathologists unaware of images?",
    ),
    asked(
      `${part}3.4`,
      "Appropriate interval between predictors and outcome",
      "days between examinations and surgery.",
    ),
  ];
}

export const PROBAST_AI: Guideline = {
  id: "probast-ai",
  name: "PROBAST+AI",
  source: "Moons KGM et al., BMJ 2025;388:e082505, doi 10.1136/bmj-2024-082505",
  items: [
    ...common("D"),
    known("D4.1", "Reasonable sample size", "sampleSize"),
    known("D4.2", "Continuous and categorical predictors handled well", "scaling", "missing"),
    known("D4.3", "Missing data handled well", "missing", "exclusions"),
    when("imbalance", asked("D4.4", "Recalibrated after a correction for imbalance", "")),
    known("D4.5", "Overfitting addressed", "overfitting", "leakage"),
    ...common("E"),
    known("E4.1", "More than apparent performance", "internalPerformance", "externalPerformance"),
    known("E4.2", "Reasonable sample size", "sampleSize"),
    known("E4.3", "Missing data handled well", "missing", "exclusions"),
    when("imbalance", asked("E4.4", "Evaluated without correction for imbalance", "")),
    known("E4.5", "Data leakage avoided", "split", "patientLevel", "leakage", "testReadings"),
    known("E4.6", "All development steps inside the resampling", "leakage"),
    known(
      "E4.7",
      "Calibration, discrimination and benefit evaluated",
      "metrics",
      "calibration",
      "thresholds",
    ),
  ],
};
