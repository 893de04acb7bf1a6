/**
 * Every constant of the simulated cohort with its source. "Assumption" marks a value that was chosen, not
 * read: to look right, to span what is seen in practice, or to meet the declared associations
 * (docs/phantom.md, "Calibration").
 */

export type Subtype = "HR+HER2-" | "HR+HER2+" | "HR-HER2+" | "TN";

export const SUBTYPES: readonly Subtype[] = ["HR+HER2-", "HR+HER2+", "HR-HER2+", "TN"];

export interface SubtypeParameters {
  readonly hr: "positive" | "negative";
  readonly her2: "positive" | "negative";
  /** Share of the cohort. */
  readonly share: number;
  /** Probability of grade 1, 2 and 3. */
  readonly grade: readonly [number, number, number];
  /** Probability of clinically positive nodes. */
  readonly nodePositive: number;
  /** Mean of the resistance to chemotherapy, in standard deviations; the breast is free of invasive disease below 0. */
  readonly resistance: number;
  /** Probability that a partial response breaks the tumour into fragments, not a smaller whole. */
  readonly fragmentation: number;
  /** Probability of a necrotic core in a tumour large enough. */
  readonly necrosis: number;
  /** Mean amplitude of spicules, as a share of the radius. */
  readonly spiculation: number;
  /** Mean number of satellites before chemotherapy. */
  readonly satellites: number;
  /** Extra ln Ktrans at the rim. */
  readonly rim: number;
}

/*
 * share: assumption, the mix of a neoadjuvant cohort. grade, nodePositive: assumptions.
 * resistance: assumption, so that pCR rates rise in the order and to about the size found by Cortazar 2014
 *   (Lancet 384:164): HR+HER2- lowest, HR-HER2+ highest.
 * fragmentation: assumption; that shrinkage and what MRI says of it differ by subtype: Loo 2011 (J Clin Oncol 29:660).
 * necrosis, spiculation, rim: assumptions; round masses with rim enhancement in TN: Uematsu 2009 (Radiology 250:638).
 */
export const SUBTYPE_PARAMETERS: Readonly<Record<Subtype, SubtypeParameters>> = {
  "HR+HER2-": {
    hr: "positive",
    her2: "negative",
    share: 0.42,
    grade: [0.12, 0.53, 0.35],
    nodePositive: 0.52,
    resistance: 0.72,
    fragmentation: 0.6,
    necrosis: 0.15,
    spiculation: 0.22,
    satellites: 0.5,
    rim: 0.1,
  },
  "HR+HER2+": {
    hr: "positive",
    her2: "positive",
    share: 0.15,
    grade: [0.03, 0.4, 0.57],
    nodePositive: 0.52,
    resistance: 0.2,
    fragmentation: 0.45,
    necrosis: 0.25,
    spiculation: 0.15,
    satellites: 1,
    rim: 0.2,
  },
  "HR-HER2+": {
    hr: "negative",
    her2: "positive",
    share: 0.1,
    grade: [0.02, 0.3, 0.68],
    nodePositive: 0.55,
    resistance: -0.2,
    fragmentation: 0.35,
    necrosis: 0.3,
    spiculation: 0.12,
    satellites: 1,
    rim: 0.25,
  },
  TN: {
    hr: "negative",
    her2: "negative",
    share: 0.33,
    grade: [0.01, 0.17, 0.82],
    nodePositive: 0.42,
    resistance: 0.15,
    fragmentation: 0.25,
    necrosis: 0.5,
    spiculation: 0.07,
    satellites: 0.3,
    rim: 0.5,
  },
};

/** The tumour before and after chemotherapy. */
export const BIOLOGY = {
  ageYears: { mean: 50, sd: 11, least: 24, most: 82 }, // assumption
  diameterMm: { median: 28, lnSd: 0.36, least: 15, most: 60 }, // assumption: T1c to T3
  axisRatio: { second: [0.7, 0.95], third: [0.6, 0.9] }, // assumption: ellipsoids
  gradeResistance: -0.2, // assumption: per grade above 2, high grade responds better
  lnResidual: { mean: -3.35, perResistance: 0.93, sd: 1.85 }, // calibrated: ln of visible volume after / before
  visibleMm3: 60, // assumption: below a 4.9 mm sphere nothing is outlined
  largestGrowth: 1.3, // assumption: cap of after / before
  necroticVolumeMm3: 5000, // assumption: cores in tumours above 5 ml
} as const;

/** What the pathologist finds; the index is Symmans 2007 (J Clin Oncol 25:4414), computed by the domain. */
export const PATHOLOGY = {
  lnBed: { mean: -0.38, perResistance: 0.55, perVisible: 0.6, sd: 0.4 }, // calibrated: ln of bed / diameter before; MRI under- and overestimates (Marinovich 2013, J Natl Cancer Inst 105:321)
  bedRatio: [0.5, 1], // assumption: d2 / d1
  logitCellularity: { mean: -2.1, perResistance: 1, perVisible: -0.65, sd: 2.2 }, // calibrated: residual beds are mostly of low cellularity
  inSituOnly: 0.12, // assumption: in-situ disease alone where no invasive disease is left
  inSituShare: { none: 0.5, most: 60 }, // assumption: per cent of the cancer, where there is any
  nodes: { clinicalPositive: -0.35, clinicalNegative: -2.1, perResistance: 1.3, perVisible: 1.4 }, // calibrated: logit of residual nodal disease
  moreNodes: 0.35, // assumption: probability of each further positive node
  metastasisMm: { median: 5.5, lnSd: 0.5, least: 0.3, most: 30 }, // assumption
} as const;

/** What a radiologist says; thresholds of RECIST 1.1 (Eisenhauer 2009, Eur J Cancer 45:228). */
export const READER = {
  partialDecrease: 0.3, // RECIST 1.1
  progressiveIncrease: 0.2, // RECIST 1.1
  lnDiameterSd: 0.12, // assumption
  missedBelowMm: 8, // assumption: a smaller remnant may be called complete
  missed: 0.3, // assumption
  falseRemnant: 0.12, // assumption: scar called a remnant
} as const;

/** T1 in ms at 1.5 T and 3 T, and proton density relative to water. */
export const TISSUE = {
  fat: { t1Ms: [296, 367], density: 0.9 }, // Rakow-Penner 2006, J Magn Reson Imaging 23:87; density: assumption
  gland: { t1Ms: [1266, 1445], density: 0.85 }, // Rakow-Penner 2006; density: assumption
  muscle: { t1Ms: [1008, 1412], density: 0.8 }, // Stanisz 2005, Magn Reson Med 54:507; density: assumption
  blood: { t1Ms: [1441, 1932], density: 0.9 }, // Stanisz 2005; density: assumption
  skin: { t1Ms: [900, 1100], density: 0.7 }, // assumption
  tumour: { t1Ms: [1100, 1400], density: 0.9 }, // assumption: near gland, more water
  fluid: { t1Ms: [2400, 2900], density: 1 }, // assumption: cysts and necrosis, towards free water
  lung: { t1Ms: [1200, 1300], density: 0.06 }, // assumption: mostly air
} as const;

export type Tissue = keyof typeof TISSUE;

/** Population arterial input (Parker 2006, Magn Reson Med 56:993, table 1); times in min, blood concentration in mmol/l. */
export const PARKER = {
  areas: [0.809, 0.33], // mmol·min/l
  centres: [0.17046, 0.365], // min
  widths: [0.0563, 0.132], // min
  alpha: 1.05, // mmol/l
  beta: 0.1685, // 1/min
  steepness: 38.078, // 1/min
  onset: 0.483, // min
  haematocrit: 0.42, // Parker 2006
} as const;

/** Extended Tofts parameters (Tofts 1999, J Magn Reson Imaging 10:223); Ktrans in 1/min. */
export const KINETICS = {
  tumour: { ktrans: 0.2, patientLnSd: 0.32, localLnSd: 0.42, ve: 0.42, veLnSd: 0.2, vp: 0.04 }, // assumption, of the order in Tofts 1995 (Magn Reson Med 33:564)
  remnant: { lnKtrans: -0.3, perCellularity: 0.15, perResistance: 0.08, lnSd: 0.25 }, // calibrated: after chemotherapy lower, but less so where cellularity stays
  necrosis: { lnKtrans: -3.2 }, // assumption: core against rim
  fibroadenoma: { ktrans: 0.15, ve: 0.65, vp: 0.02 }, // assumption: persistent enhancement
  node: { ktrans: 0.3, ve: 0.35, vp: 0.06 }, // assumption: fast, with wash-out
  reactive: { ktrans: 0.075, ve: 0.5, vp: 0.015 }, // assumption: healing bed, weak and persistent
  scar: { ktrans: 0.02, ve: 0.35, vp: 0.005 }, // assumption
  skin: { ktrans: 0.06, ve: 0.35, vp: 0.02 }, // assumption
  muscle: { ktrans: 0.03, ve: 0.12, vp: 0.015 }, // assumption
  fat: { ktrans: 0.004, ve: 0.05, vp: 0.003 }, // assumption
  gland: { ve: 0.35, vp: 0.01, localLnSd: 0.5 }, // assumption
  glandKtrans: { median: 0.022, lnSd: 0.6, least: 0.006, most: 0.07 }, // assumption: minimal to marked background enhancement
  glandAfter: 0.65, // assumption: chemotherapy lowers background enhancement
} as const;

/** The breast in mm. */
export const ANATOMY = {
  projection: [46, 68], // assumption: nipple to the level of the body's surface
  baseLateral: [46, 56], // assumption: half width
  baseVertical: [42, 50], // assumption: half height
  skin: [1.5, 2.4], // assumption
  subcutaneous: [10, 18], // assumption: beside the breast
  pectoral: [8, 13], // assumption
  thoraxRadius: 170, // assumption
  density: { mean: 0.75, sd: 0.45, least: -0.2, most: 1.6 }, // assumption: threshold on the gland field; low is dense
  densityAfter: 0.1, // assumption: gland recedes a little under chemotherapy
  veins: [2, 4], // assumption
  veinRadius: [0.8, 1.5], // assumption
  fibroadenoma: 0.25, // assumption: probability
  cyst: 0.2, // assumption: probability
  intramammaryNode: 0.15, // assumption: probability
  reactive: 0.3, // assumption: probability of unspecific enhancement in the bed after chemotherapy
} as const;

/** Movement between phases and visits, in mm. */
export const MOTION = {
  driftSd: 0.22, // assumption: per axis and phase
  breathSd: 0.45, // assumption: along the antero-posterior axis at the chest wall
  localSd: 0.18, // assumption: smooth deformation
  startle: { probability: 0.04, sd: 1.2 }, // assumption: a jerk that stays
  repositioning: 3.5, // assumption: largest shift per axis between visits
} as const;

/** The position at a second visit where it is simulated in full: largest values per axis, unless said otherwise. */
export const REPOSITIONING = {
  tableMm: 20, // assumption: where the patient lies in the scanner
  shiftMm: 8, // assumption: where the breast lies in the field of view
  rotationDegrees: 7, // assumption
  localSd: 2, // assumption: standard deviation of the change of shape, mm
  localSpacingMm: 45, // assumption: the breast changes shape as a whole
} as const;
