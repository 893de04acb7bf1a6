/** METRICS: 30 weighted items with conditions. Software gives the evidence; it does not score itself. */
import { asked, type Guideline, type GuidelineItem, known, partly, when } from "./guideline.ts";

/** In the order of the items. */
const WEIGHTS = [
  0.0368, 0.0735, 0.0919, 0.0438, 0.0292, 0.0438, 0.0292, 0.0337, 0.0225, 0.0112, 0.0622, 0.0311, 0.0415,
  0.02, 0.02, 0.03, 0.02, 0.0599, 0.03, 0.0352, 0.0234, 0.0176, 0.0117, 0.0293, 0.0176, 0.0375, 0.0749,
  0.0075, 0.0075, 0.0075,
];

const ITEMS: readonly GuidelineItem[] = [
  known("1", "A reporting guideline was followed", "guidelines"),
  partly(
    "2",
    "Representative eligibility criteria",
    ["exclusions"],
    "the criteria, and whom they represent.",
  ),
  partly(
    "3",
    "Good, well-defined reference standard",
    ["outcome", "outcomeRange"],
    "how was pathology done?",
  ),
  partly("4", "Several centres", ["centre"], "how many, in which set?"),
  asked("5", "Imaging as in clinical practice", "which acquisition guideline was kept to?"),
  asked("6", "Acquisition protocol", "scanners and sequence parameters."),
  asked("7", "Interval between imaging and reference", "days between the last examination and surgery."),
  when("networks", known("8", "Segmentation described", "segmentation")),
  when("networks", known("9", "Automated segmentation evaluated", "segmentationQuality")),
  when("networks", known("10", "Test masks by one reader or tool", "segmentation")),
  when("networks", known("11", "Image preparation", "preprocessing", "imageTypes")),
  when("handCrafted", asked("12", "Standardised extraction software", "")),
  when("networks", known("13", "Extraction parameters", "features", "architecture", "defaults")),
  when("networks", known("14", "Unstable features removed", "stability")),
  when("networks", known("15", "Redundant features removed", "reduction")),
  when(
    "networks",
    partly("16", "Dimensionality fits the sample", ["features", "sampleSize"], "is it adequate?"),
  ),
  when("endToEnd", asked("17", "Robustness of end-to-end networks", "")),
  known("18", "Proper partition", "split", "patientLevel", "leakage"),
  partly(
    "19",
    "Confounders",
    ["volumeCorrelation", "subgroups", "comparators"],
    "which confounders were considered (tumour volume, subtype, scanner)?",
  ),
  known("20", "Fitting metrics", "metrics", "thresholds"),
  known("21", "Uncertainty", "uncertainty"),
  known("22", "Calibration", "calibration"),
  when(
    "networks",
    partly(
      "23",
      "One imaging set, or proof that more is needed",
      ["imageTypes"],
      "were fewer channels tried?",
    ),
  ),
  known("24", "Compared with a non-radiomic approach", "comparators", "differences"),
  known("25", "Compared with a simple model", "comparators", "tests"),
  partly(
    "26",
    "Internal testing",
    ["internalPerformance"],
    "cross-validation was done; was there a held-out set of the same source too?",
  ),
  when(
    "testSet",
    partly("27", "External testing", ["externalPerformance"], "is the test set from other institutions?"),
  ),
  asked("28", "Data available", "where?"),
  partly("29", "Code available", ["software"], "where are study file and scripts?"),
  partly("30", "Model available", ["modelFiles"], "where?"),
];

export const METRICS: Guideline = {
  id: "metrics",
  name: "METRICS",
  source: "Kocak B et al., Insights Imaging 2024;15:8, doi 10.1186/s13244-023-01572-w",
  items: ITEMS.map((item, i) => ({ ...item, weight: WEIGHTS[i] })),
};
